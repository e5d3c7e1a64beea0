using System.Net;
using Pipeline.Sources;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The app staying up.</summary>
public sealed class ServingTests(Azurite azurite)
{
    private static string Sources => string.Join(", ", SourceServices.Settings.Select(source => source.Source));

    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(5) };

    [Fact]
    public async Task It_lists_its_functions_answers_health_works_by_schedule_and_stops_on_SIGTERM()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        var port = Loopback.FreePort();
        await using var app = App.Start(App.Small(connection, ("CENSUS_SCHEDULE", "* * * * * *")), "--port", $"{port}");
        await app.UntilSaysAsync($"ready: http://localhost:{port}/ leads to the report");
        Assert.Contains(
            $"  Health: [GET,HEAD] http://localhost:{port}/api/health\n",
            app.Out,
            StringComparison.Ordinal
        );
        Assert.Contains("  PlanCensusTrade: timer * * * * * *\n", app.Out, StringComparison.Ordinal);
        foreach (
            var (function, queue) in (ReadOnlySpan<(string, string)>)
                [("Pull", "pull"), ("Normalize", "normalize"), ("Publish", "publish")]
        )
        {
            Assert.Contains($"  {function}: queue {queue} (PipelineStorage)\n", app.Out, StringComparison.Ordinal);
        }

        Assert.Matches(
            """^\{"status":"healthy","commit":"([0-9a-f]{40}|unknown)"\}$""",
            await Http.GetStringAsync($"http://localhost:{port}/api/health")
        );
        await app.UntilAsync(
            "six slices done by the schedule",
            async () => (await account.RowsAsync("slices", "State eq 'Published'")).Count == 6,
            200
        );
        Assert.Equal((await account.RowsAsync("trademonthly")).Count, await account.AddedAsync());

        await app.TerminateAsync();

        var ended = await app.EndAsync();
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains("\nstopping …\n", ended.Out, StringComparison.Ordinal);
        Assert.EndsWith("\nstopped\n", ended.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_is_503_when_the_storage_does_not_answer_any_more_and_the_reason_stays_in_the_log()
    {
        await using var own = new Azurite();
        await own.InitializeAsync();
        var port = Loopback.FreePort();
        await using var app = App.Start(App.Settings(own.NewAccount()), "--port", $"{port}");
        await app.UntilSaysAsync("ready: ");
        await own.DisposeAsync();
        using var answer = await Http.GetAsync($"http://localhost:{port}/api/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.StartsWith(
            """{"status":"unhealthy","reason":"the data account does not answer","down":["queues","blobs","tables"],"commit":""",
            await answer.Content.ReadAsStringAsync(),
            StringComparison.Ordinal
        );
        await app.UntilAsync("the log says so", () =>
            Task.FromResult(
                app.Error.Contains(
                    "health: the queues of the data account named by PipelineStorage do not answer",
                    StringComparison.Ordinal
                )
            )
        );
    }

    [Fact]
    public async Task Messages_that_are_no_pull_are_kept_in_rejects_and_the_run_ends_with_2()
    {
        (string Body, string Seen)[] messages =
        [
            ("not JSON", "queue pull: seen \"not JSON\", expected a JSON object whose Kind is Pull"),
            ("""{"planned":"now"}""", "queue pull: seen "),
            ("""{"Kind":"Pull"}""", "queue pull, property Slice: seen nothing, expected source/dataset/key"),
            (
                """{"Kind":"Pull","Slice":"../../etc/passwd","PlannedAt":"2026-01-01T00:00:00Z"}""",
                "queue pull, property Slice: seen \"../../etc/passwd\", expected source/dataset/key"
            ),
        ];
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        foreach (var (body, _) in messages)
            await account.SendAsync("pull", body);
        var settings = App.Small(connection, AtOnce);
        var ended = await App.RunAsync(settings, "--once");
        Assert.True(ended.ExitCode == 2, ended.ToString());
        var rejects = await account.RowsAsync("rejects");
        Assert.Equal(messages.Length, rejects.Count);
        foreach (var (body, seen) in messages)
        {
            Assert.Contains($"dead letter: unknown message pull: seen {seen}", ended.Out, StringComparison.Ordinal);
            var kept = Assert.Single(rejects, row => Equals(row["Message"], body));
            Assert.Equal(("open", "Pull", ""), (kept["State"], kept["Step"], kept["Slice"]));
            Assert.StartsWith(seen, kept.GetString("Seen"), StringComparison.Ordinal);
        }
        Assert.Equal(0, await account.VisibleAsync("pull-poison"));
        Assert.Equal(await account.FactsAsync(), await account.AddedAsync());
        Assert.Equal("6", OnceTests.Summary(ended)["slices"]);
        ended = await App.RunAsync(settings, "--once");
        Assert.True(ended.ExitCode == 2, ended.ToString());
    }

    [Fact]
    public async Task A_failed_message_that_another_host_has_dealt_with_is_not_waited_for()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        await account.SendAsync("pull", "not JSON");
        await using var app = App.Start(App.Small(connection), "--once");
        await app.UntilAsync("the first attempt has failed", () =>
            Task.FromResult(app.Error.Contains("FormatException", StringComparison.Ordinal))
        );
        foreach (var queue in (string[])["pull", "pull-poison"])
            await account.Queues.GetQueueClient(queue).ClearMessagesAsync();
        var ended = await app.EndAsync();
        Assert.True(ended.ExitCode is 0 or 2, ended.ToString());
    }

    [Fact]
    public async Task A_step_that_fails_for_good_is_kept_with_its_error_and_its_body_and_a_replay_mends_it()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        var settings = App.Small(connection, AtOnce);
        Assert.Equal(0, (await App.RunAsync(settings, "--once")).ExitCode);
        var facts = await account.ContentAsync("trademonthly");
        var slice = (await account.RowsAsync("slices", "RowKey eq 'imports-total|2023'")).Single();
        var run = (await account.RowsAsync("runs", "Slice eq 'census-trade/imports-total/2023'")).Single();
        var blobs = account.Blobs.GetBlobContainerClient("raw");
        var blob = (
            await blobs
                .GetBlobsAsync(
                    new Azure.Storage.Blobs.Models.GetBlobsOptions { Prefix = "census-trade/imports-total/2023/" }
                )
                .ToListAsync()
        )
            .Single()
            .Name;
        var body = (await blobs.GetBlobClient(blob).DownloadContentAsync()).Value;
        await blobs.DeleteBlobAsync(blob);

        var replayed = await App.RunAsync(settings, "--replay", "census-trade/imports-total/2023", "--from", "source");
        Assert.True(replayed.ExitCode == 0, replayed.ToString());
        await account.SendAsync(
            "normalize",
            $$"""{"Kind":"Normalize","Slice":"census-trade/imports-total/2023","RawBlob":"{{blob}}","Replay":true}"""
        );
        // Another source is planned: a pull of the slice would store its body once more.
        var ended = await App.RunAsync(settings, "--once", "PlanUnctadFdi");
        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains(
            "dead letter: census-trade/imports-total/2023 message normalize: seen RequestFailedException: The "
                + "specified blob does not exist., expected processing to succeed within 5 attempts; "
                + "correct the cause, then replay the slice: POST /api/replay/census-trade/imports-total/2023, or "
                + "--replay census-trade/imports-total/2023",
            ended.Out,
            StringComparison.Ordinal
        );
        var kept = Assert.Single(await account.RowsAsync("rejects"));
        Assert.Equal(
            (blob, "Normalize", "census-trade/imports-total/2023", "open"),
            (kept["RawBlob"], kept["Step"], kept["Slice"], kept["State"])
        );

        await blobs
            .GetBlobClient(blob)
            .UploadAsync(
                body.Content,
                new Azure.Storage.Blobs.Models.BlobUploadOptions { Metadata = body.Details.Metadata }
            );
        ended = await App.RunAsync(settings, "--replay", "census-trade/imports-total/2023");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Equal("replayed", Assert.Single(await account.RowsAsync("rejects"))["State"]);
        Assert.Equal(facts, await account.ContentAsync("trademonthly"));
        Assert.Equal(run["Added"], (await account.RowsAsync("runs", $"RowKey eq '{run.RowKey}'")).Single()["Added"]);
        Assert.Equal(
            slice["Sha256"],
            (await account.RowsAsync("slices", "RowKey eq 'imports-total|2023'")).Single()["Sha256"]
        );
        Assert.Equal(0, (await App.RunAsync(settings, "--once")).ExitCode);
    }

    [Fact]
    public async Task A_replay_over_HTTP_says_what_it_set_going_and_changes_no_fact()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        var settings = App.Small(connection, AtOnce);
        Assert.Equal(0, (await App.RunAsync(settings, "--once")).ExitCode);
        var versions = await account.VersionsAsync("trademonthly");
        var run = (await account.RowsAsync("runs", "Slice eq 'census-trade/imports-total/2023'")).Single();
        var port = Loopback.FreePort();
        await using var app = App.Start(settings, "--port", $"{port}");
        await app.UntilSaysAsync("ready: ");
        async Task<(HttpStatusCode, string)> PostAsync(string path)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://localhost:{port}/api/replay/{path}");
            using var answer = await Http.SendAsync(request);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        var (status, said) = await PostAsync("census-trade/imports-total/2023");
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Matches(
            """^\{"slice":"census-trade/imports-total/2023","from":"raw","rawBlob":"census-trade/imports-total/2023/[0-9TZ]{16}-[0-9a-f]{12}\.json"\}$""",
            said
        );
        await app.UntilAsync(
            "the run ended once more",
            async () =>
                (await account.RowsAsync("runs", $"RowKey eq '{run.RowKey}' and State eq 'Done'")).Any(row =>
                    !Equals(row["EndedAt"], run["EndedAt"])
                ),
            200
        );
        Assert.Equal(versions, await account.VersionsAsync("trademonthly"));
        Assert.Equal(
            (
                HttpStatusCode.BadRequest,
                """{"error":"replay: seen \"census-trade/imports-total/2O23\", expected source/dataset/key, for example census-trade/exports-total/2019; see the table slices"}"""
            ),
            await PostAsync("census-trade/imports-total/2O23")
        );
        Assert.Equal(
            (
                HttpStatusCode.BadRequest,
                """{"error":"replay, accept: seen \"yes\", expected true or false; or leave it out"}"""
            ),
            await PostAsync("census-trade/imports-total/2023?accept=yes")
        );
    }

    [Fact]
    public async Task Tables_that_were_deleted_come_back_over_HTTP_in_an_app_that_is_running()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        var settings = App.Small(connection);
        // The slices of another source would not come back with those of this one.
        Assert.Equal(0, (await App.RunAsync(settings, "--once", "PlanCensusTrade")).ExitCode);
        var before = await account.OutcomeAsync();
        var bodies = (await account.RowsAsync("slices", "PartitionKey eq 'census-trade'")).Count(row =>
            row["Sha256"] is string { Length: > 0 }
        );
        var port = Loopback.FreePort();
        await using var app = App.Start(settings, "--port", $"{port}");
        await app.UntilSaysAsync("ready: ");
        async Task<(HttpStatusCode, string)> PostAsync(string source)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post,
                $"http://localhost:{port}/api/restore/{source}"
            );
            using var answer = await Http.SendAsync(request);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        Assert.Equal(
            (HttpStatusCode.OK, $$"""{"source":"census-trade","slices":{{bodies}},"loaded":0,"left":{{bodies}}}"""),
            await PostAsync("census-trade")
        );
        foreach (var table in (string[])["trademonthly", "slices", "history", "gaps"])
        {
            if ((await account.RowsAsync(table)).Count > 0)
                await account.Tables.DeleteTableAsync(table);
        }

        Assert.Equal(
            (
                HttpStatusCode.BadRequest,
                $$"""{"error":"restore: seen \"census\", expected a source: {{Sources}}; correct the address"}"""
            ),
            await PostAsync("census")
        );
        Assert.Empty(await account.RowsAsync("trademonthly"));
        Assert.Equal(
            (HttpStatusCode.OK, $$"""{"source":"census-trade","slices":{{bodies}},"loaded":{{bodies}},"left":0}"""),
            await PostAsync("census-trade")
        );
        // Indicators follow by a message of their own.
        await app.UntilAsync(
            "everything is as it was",
            async () => before.SequenceEqual(await account.OutcomeAsync()),
            200
        );
    }

    /// <summary>A failed message comes back at once instead of after ten seconds.</summary>
    private static readonly (string, string) AtOnce = (
        "AzureFunctionsJobHost__extensions__queues__visibilityTimeout",
        "00:00:00"
    );
}
