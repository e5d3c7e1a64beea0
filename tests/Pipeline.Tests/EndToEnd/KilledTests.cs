using System.Diagnostics;
using Xunit;

namespace Pipeline.Tests.EndToEnd;

/// <summary><c>kill -9</c> in the middle of <c>--once</c>, and then once more, undisturbed.</summary>
public sealed class KilledTests(Azurite azurite)
{
    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("the first body is stored")]
    [InlineData("the first facts are written")]
    [InlineData("the first slice is published")]
    public async Task A_run_after_one_that_was_killed_leaves_what_a_quiet_run_leaves_within_a_minute(string moment)
    {
        var quiet = await QuietRun.GetAsync(azurite);
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        await using (var app = App.Start(App.Settings(connection), "--once"))
        {
            await app.UntilAsync(moment, async () => moment switch
            {
                "the first body is stored" => (await account.RowsAsync("slices")).Count > 0,
                "the first facts are written" => (await account.RowsAsync("trademonthly", "PartitionKey eq '4621|imports|total'")).Count > 0,
                _ => (await account.RowsAsync("slices", "State eq 'done'")).Count > 0
            });
            await app.KillAsync();
        }

        await AssertCompletedAsync(quiet, connection);
    }

    [Fact]
    public async Task Runs_that_are_killed_again_and_again_lose_nothing_and_write_nothing_twice()
    {
        var quiet = await QuietRun.GetAsync(azurite);
        var connection = azurite.NewAccount();
        foreach (var milliseconds in (int[])[900, 1300, 2000, 3000])
        {
            await using var app = App.Start(App.Settings(connection), "--once");
            await Task.Delay(milliseconds);
            await app.KillAsync();
        }

        await AssertCompletedAsync(quiet, connection);
    }

    private static async Task AssertCompletedAsync(QuietRun quiet, string connection)
    {
        var started = Stopwatch.StartNew();
        var ended = await App.RunAsync(App.Settings(connection), "--once");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.True(started.Elapsed < AtMost, $"took {started.Elapsed:c}");
        await quiet.AssertSameAsync(connection);
    }
}
