using System.Net;
using Xunit;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The app staying up.</summary>
public sealed class ServingTests(Azurite azurite)
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(40) };

    [Fact]
    public async Task It_lists_its_functions_answers_health_works_by_schedule_and_stops_on_SIGTERM()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        var port = Azurite.FreePort();
        await using var app = App.Start(App.Small(connection, ("CENSUS_SCHEDULE", "* * * * * *")), "--port", $"{port}");
        await app.UntilSaysAsync($"Listening on http://localhost:{port}");
        Assert.Contains($"  Health: [GET] http://localhost:{port}/api/health\n", app.Out, StringComparison.Ordinal);
        Assert.Contains("  PlanCensusTrade: timer * * * * * *, next ", app.Out, StringComparison.Ordinal);
        foreach (var (function, queue) in (ReadOnlySpan<(string, string)>)[("Pull", "pull"), ("Normalize", "normalize"), ("Publish", "publish")])
            Assert.Contains($"  {function}: queue {queue} (PipelineStorage)\n", app.Out, StringComparison.Ordinal);
        Assert.Equal("""{"status":"healthy"}""", await Http.GetStringAsync($"http://localhost:{port}/api/health"));
        await app.UntilAsync("six slices done by the schedule", async () => (await account.RowsAsync("slices", "State eq 'done'")).Count == 6, 200);
        Assert.Equal((await account.RowsAsync("trademonthly")).Count, await account.AddedAsync());

        await app.TerminateAsync();

        var ended = await app.EndAsync(TimeSpan.FromSeconds(10));
        Assert.True(ended.ExitCode == 0, ended.ToString());
        // Runs under way are cancelled by the stop, and said to be; their messages come back.
        Assert.All(ended.ErrorLines, line => Assert.Matches("Executed \\(Cancelled|CanceledException", line));
    }

    [Fact]
    public async Task Health_is_503_while_the_storage_does_not_answer_and_the_reason_stays_in_the_log()
    {
        var away = Azurite.FreePort();
        var account = $"DefaultEndpointsProtocol=http;AccountName=away;AccountKey={Convert.ToBase64String(new byte[64])};" +
                      $"BlobEndpoint=http://127.0.0.1:{away}/away;QueueEndpoint=http://127.0.0.1:{away}/away;TableEndpoint=http://127.0.0.1:{away}/away;";
        var port = Azurite.FreePort();
        await using var app = App.Start(App.Settings(account), "--port", $"{port}");
        await app.UntilSaysAsync("Listening on");
        using var answer = await Http.GetAsync($"http://localhost:{port}/api/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("""{"status":"unhealthy","reason":"the data account does not answer"}""", await answer.Content.ReadAsStringAsync());
        Assert.Contains("health: the data account named by PipelineStorage does not answer", app.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("""{"planned":"now"}""")]
    [InlineData("""{"Slice":"../../etc/passwd","PlannedAt":"2026-01-01T00:00:00Z"}""")]
    public async Task A_message_that_is_no_pull_ends_in_the_poison_queue_and_the_run_ends_with_2(string body)
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        await account.SendAsync("pull", body);
        var ended = await App.RunAsync(App.Small(connection), "--once");
        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Equal("dead letters: queue 'pull-poison' holds 1 message; see the errors above, correct the cause and replay them", ended.ErrorLines[^1]);
        Assert.Equal(body, Assert.Single((await account.Queues.GetQueueClient("pull-poison").PeekMessagesAsync(32)).Value).Body.ToString());
        Assert.Equal((await account.RowsAsync("trademonthly")).Count, await account.AddedAsync());
        Assert.Equal("6", OnceTests.Summary(ended)["slices"]);
    }
}
