using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary><c>infra/queries.cjs</c>: Kusto's language service finds nothing wrong with alerts and runbook.</summary>
public sealed class QueryTests
{
    [Fact]
    public async Task Queries_of_alerts_and_runbook_are_clean()
    {
        var (code, output) = await RunAsync();
        Assert.Matches(@"^\d+ queries are clean$", output);
        Assert.Equal(0, code);
        // Those of dev and prod, and one of each place in the runbook.
        var places = Regex.Count(Runbook.Read("RUNBOOK.md"), @"(?m)^\* Query: `");
        Assert.StartsWith($"{(2 * AlertRule.All.Count) + places} ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "AppMetrics | where Nam == 'x'",
        "AppMetrics | where Nam == 'x': The name 'Nam' does not refer to any known column, table, variable or function."
    )]
    public async Task A_query_that_names_what_there_is_not_is_found(string query, string found)
    {
        var (code, output) = await RunAsync(query);
        Assert.Equal((1, found), (code, output));
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] queries)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(BicepFile.Folder, "queries.cjs"), .. queries])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var error = node.StandardError.ReadToEndAsync(limit.Token);
        var output = await node.StandardOutput.ReadToEndAsync(limit.Token);
        await node.WaitForExitAsync(limit.Token);
        Assert.SkipWhen(node.ExitCode == 2, (await error).Trim());
        return (node.ExitCode, output.Trim() + await error);
    }
}
