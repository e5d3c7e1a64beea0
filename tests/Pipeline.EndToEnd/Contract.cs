using System.Diagnostics;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>
/// Runs <c>contract.mjs</c>, which looks at the tables with the npm client, not with the code that wrote
/// them.
/// </summary>
internal static class Contract
{
    /// <summary>Asserts that the tables of an account are as the contract says.</summary>
    /// <param name="connectionString">The data account.</param>
    /// <param name="tables">The tables that must have rows.</param>
    /// <param name="figures">Whether all samples are loaded, so that the published figures can be asked for.</param>
    public static async Task AssertHoldsAsync(string connectionString, string tables, bool figures = false)
    {
        var (exitCode, output, error) = await RunAsync(connectionString, tables, figures);
        Assert.True(exitCode == 0, $"contract.mjs: exit code {exitCode}\n{output}\n{error}");
    }

    /// <summary>Checks the tables of an account: exit code 1 and a line for each complaint if they differ.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string connectionString,
        string tables,
        bool figures = false
    )
    {
        var start = new ProcessStartInfo(
            "node",
            [Path.Combine(Repository.Root, "tests", "Pipeline.EndToEnd", "contract.mjs")]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["CONTRACT_CONNECTION"] = connectionString;
        start.Environment["CONTRACT_TABLES"] = tables;
        if (figures)
            start.Environment["CONTRACT_FIGURES"] = "1";
        using var node = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        try
        {
            var (output, error) = (
                node.StandardOutput.ReadToEndAsync(limit.Token),
                node.StandardError.ReadToEndAsync(limit.Token)
            );
            await node.WaitForExitAsync(limit.Token);
            return (node.ExitCode, await output, await error);
        }
        finally
        {
            if (!node.HasExited)
                node.Kill();
        }
    }
}
