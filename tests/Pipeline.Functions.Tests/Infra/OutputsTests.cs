using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// How the workflow and the runbook take names from a deployment. Azure gives the names of outputs back in a case of
/// its own: the capitals that a name begins with are small, but for the last before something else
/// (<c>azurE_RESOURCE_GROUP</c>).
/// </summary>
public sealed class OutputsTests
{
    private static readonly string[] Outputs =
    [
        .. Regex
            .Matches(BicepFile.Read("main.bicep").Text, @"^output (\w+) string", RegexOptions.Multiline)
            .Select(match => match.Groups[1].Value),
    ];

    /// <summary>
    /// Every filter of jq that reads outputs: where it is, its text, what it says of outputs that are
    /// there.
    /// </summary>
    private static IReadOnlyList<(string File, string Filter)> Filters { get; } =
    [
        .. ((string[])[".github/workflows/deploy.yml", "infra/DEPLOY.md"]).SelectMany(file =>
            Regex
                .Matches(
                    File.ReadAllText(Path.Combine(Repository.Root, file)),
                    "jq -r '([^']*(?:to_entries|with_entries)[^']*)'"
                )
                .Select(match => (file, match.Groups[1].Value))
        ),
    ];

    [Fact]
    public void There_is_one_in_the_workflow_and_the_runbook_has_the_same_wherever_it_needs_it()
    {
        Assert.Single(Filters, filter => filter.File.EndsWith("deploy.yml", StringComparison.Ordinal));
        Assert.Single(
            Filters
                .Where(filter => filter.File.EndsWith("DEPLOY.md", StringComparison.Ordinal))
                .Select(filter => filter.Filter)
                .Distinct()
        );
        Assert.All(Filters, filter => Assert.Contains("ascii_upcase", filter.Filter, StringComparison.Ordinal));
        // Nothing else reads them, by another way or under the names of the template.
        foreach (var file in (string[])[".github/workflows/deploy.yml", "infra/DEPLOY.md"])
        {
            Assert.Equal(
                Filters.Count(filter => filter.File == file),
                Regex.Count(File.ReadAllText(Path.Combine(Repository.Root, file)), @"properties\.outputs")
            );
        }
    }

    [Fact]
    public async Task Names_come_out_as_main_has_them()
    {
        var answer = JsonSerializer.Serialize(
            Outputs.ToDictionary(Camel, name => new { type = "String", value = $"the {name}" })
        );
        Assert.Contains("azurE_RESOURCE_GROUP", answer, StringComparison.Ordinal);
        foreach (var (file, filter) in Filters)
        {
            var (code, said, error) = await JqAsync(filter, answer);
            Assert.True(code == 0, error);
            Assert.Equal(
                file.EndsWith("deploy.yml", StringComparison.Ordinal)
                    ? ((string[])["AZURE_RESOURCE_GROUP", "AZURE_FUNCTION_NAME", "AZURE_FUNCTION_HOST"]).Select(name =>
                        $"{name}=the {name}"
                    )
                    : Outputs.Select(name => $"export {name}='the {name}'"),
                said.TrimEnd('\n').Split('\n')
            );
        }
    }

    [Theory]
    [InlineData("null")] // no deployment of that name has ended
    [InlineData("""{"azurE_RESOURCE_GROUP":{"type":"String","value":null}}""")]
    [InlineData("""{"azurE_RESOURCE_GROUP":{"type":"String"}}""")]
    public async Task What_is_not_there_is_an_error_and_no_variable(string answer)
    {
        foreach (var (_, filter) in Filters)
        {
            var (code, said, error) = await JqAsync(filter, answer);
            Assert.Equal(("", 5), (said, code));
            if (answer != "null")
            {
                Assert.Matches(
                    "the deployment has no (output AZURE_RESOURCE_GROUP|value of azurE_RESOURCE_GROUP)",
                    error
                );
            }
        }
    }

    private static string Camel(string name)
    {
        var capitals = Regex.Match(name, "^[A-Z]+").Length;
        return name[..(capitals - 1)].ToLowerInvariant() + name[(capitals - 1)..];
    }

    private static async Task<(int Code, string Out, string Error)> JqAsync(string filter, string input)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/jq"), "no /usr/bin/jq: install jq");
        using var process = Process.Start(
            new ProcessStartInfo("/usr/bin/jq", ["-r", filter])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (said, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await said, await error);
    }
}
