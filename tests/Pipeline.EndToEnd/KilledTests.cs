using System.Diagnostics;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>
/// <c>kill -9</c> of the local host or of its worker in the middle of <c>--once</c>, and then a run that is
/// not disturbed.
/// </summary>
public sealed class KilledTests(Azurite azurite)
{
    private const string FirstFacts = "the first facts are written";

    [Theory]
    [InlineData("the first body is stored")]
    [InlineData(FirstFacts)]
    [InlineData("the first slice is published")]
    public async Task A_run_after_one_that_was_killed_leaves_what_a_quiet_run_leaves(string moment)
    {
        SkipUnlessTried(moment);
        var quiet = await QuietRun.GetToDisturbAsync(azurite);
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        await using (var app = App.Start(QuietRun.ToDisturb(connection), "--once"))
        {
            await UntilAsync(app, account, moment);
            var worker = app.WorkerId();
            await app.KillAsync();
            if (OperatingSystem.IsLinux())
                await UntilEndedAsync(worker);
        }

        await AssertCompletedAsync(quiet, connection);
    }

    [Theory]
    [InlineData("the first body is stored")]
    [InlineData(FirstFacts)]
    [InlineData("the first slice is published")]
    public async Task A_worker_that_dies_ends_the_run_in_one_line_and_the_next_run_leaves_what_a_quiet_run_leaves(
        string moment
    )
    {
        SkipUnlessTried(moment);
        var quiet = await QuietRun.GetToDisturbAsync(azurite);
        var connection = azurite.NewAccount();
        await using (var app = App.Start(QuietRun.ToDisturb(connection), "--once"))
        {
            await UntilAsync(app, new Account(connection), moment);
            using (var worker = Process.GetProcessById(app.WorkerId()))
                worker.Kill();
            var ended = await app.EndAsync();
            Assert.Equal(1, ended.ExitCode);
            Assert.Equal(
                "worker: ended with exit code 137; run the command again: what was stored is kept, and the work "
                    + "goes on where it ended",
                ended.ErrorLines[^1]
            );
        }

        await AssertCompletedAsync(quiet, connection);
    }

    [Fact]
    public async Task A_host_that_is_killed_does_no_harm_to_another_one_on_the_same_storage()
    {
        var quiet = await QuietRun.GetToDisturbAsync(azurite);
        var connection = azurite.NewAccount();
        var (other, address) = await ReportSite.ServeAsync(connection);
        await using var running = other;
        await using (var app = App.Start(QuietRun.ToDisturb(connection), "--once"))
        {
            await UntilAsync(app, new Account(connection), FirstFacts);
            await app.KillAsync();
        }

        await AssertCompletedAsync(quiet, connection);
        using var http = new HttpClient();
        Assert.Matches(
            """^\{"status":"healthy","commit":"([0-9a-f]{40}|unknown)"\}$""",
            await http.GetStringAsync($"{address}api/health")
        );
        Assert.False(other.HasExited);
    }

    private static void SkipUnlessTried(string moment) =>
        Assert.SkipUnless(
            Share.Current.IsFull || moment == FirstFacts,
            $"at a tenth of the length one moment is tried; {Share.Variable}={Share.Full} tries all"
        );

    private static Task UntilAsync(App app, Account account, string moment) =>
        app.UntilAsync(moment, async () => moment switch
            {
                "the first body is stored" => (await account.RowsAsync("slices", "State ne ''")).Count > 0,
                FirstFacts => (await account.RowsAsync("trademonthly", "PartitionKey eq '4621|imports|total'")).Count
                    > 0,
                _ => (await account.RowsAsync("slices", "State eq 'Published'")).Count > 0,
            });

    /// <summary>On Linux a worker does not outlive its host.</summary>
    private static async Task UntilEndedAsync(int process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (Directory.Exists($"/proc/{process}"))
            await Task.Delay(50, limit.Token);
    }

    [Fact]
    public async Task Runs_that_are_killed_again_and_again_lose_nothing_and_write_nothing_twice()
    {
        var quiet = await QuietRun.GetToDisturbAsync(azurite);
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        var count = (await new Account(quiet.ConnectionString).RowsAsync("slices", "State eq 'Published'")).Count;
        foreach (var done in (int[])[1, count / 3, count - 1])
        {
            await using var app = App.Start(QuietRun.ToDisturb(connection), "--once");
            await app.UntilAsync($"{done} slices are done", async () =>
                (await account.RowsAsync("slices", "State eq 'Published'")).Count >= done
            );
            await app.KillAsync();
        }

        await AssertCompletedAsync(quiet, connection);
    }

    private static async Task AssertCompletedAsync(QuietRun quiet, string connection)
    {
        var ended = await App.RunAsync(QuietRun.ToDisturb(connection), "--once");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        await quiet.AssertSameAsync(connection);
    }
}
