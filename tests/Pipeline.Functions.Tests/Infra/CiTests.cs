using System.Text.RegularExpressions;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// How <c>.ci/run</c> gets the programs that a machine lacks: as root, or by way of sudo, as on the machines
/// of the workflow.
/// </summary>
public sealed class CiTests : IDisposable
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, ".ci", "run"));
    private readonly Script script = new();

    public CiTests() => script.Borrow("sed");

    public void Dispose() => script.Dispose();

    [Theory]
    [InlineData("0", "")]
    [InlineData("1001", "sudo ")]
    public async Task What_is_missing_is_installed_by_whoever_runs_it(string user, string by)
    {
        var (code, output, error) = await RunAsync(user, "p7zip-full jq");
        Assert.True(code == 0, output + error);
        Assert.Equal(
            ((string[])["p7zip-full", "jq"]).SelectMany(package =>
                (string[])[$"{by}apt-get update -qq", $"{by}apt-get install -y -qq {package}"]
            ),
            output.TrimEnd('\n').Split('\n')
        );
    }

    [Fact]
    public async Task A_machine_that_has_everything_is_left_alone() =>
        Assert.Equal((0, "", ""), await RunAsync("1001", ""));

    [Fact]
    public async Task Without_the_SDK_it_says_so()
    {
        var (code, output, _) = await RunAsync("0", "dotnet");
        Assert.Equal((1, "the .NET 10 SDK is needed: no dotnet on the PATH\n"), (code, output));
    }

    private async Task<(int Code, string Out, string Error)> RunAsync(string user, string missing)
    {
        var tools = Regex.Match(Text, @"(?ms)^tools\(\) \{\n.*?^\}\n");
        Assert.True(tools.Success, ".ci/run has no function tools");
        var path = Path.Combine(script.Folder, "tools.sh");
        await File.WriteAllTextAsync(path, $"set -uo pipefail\n{tools.Value}tools\n");
        script.Command("id", $"echo {user}");
        script.Command("node", "echo v22.1.0");
        script.Command("apt-get", "echo \"apt-get $*\"");
        script.Command("sudo", "echo \"sudo $*\"");
        foreach (
            var (command, package) in ((string, string)[])
                [
                    ("dotnet", "dotnet"),
                    ("google-chrome", "chromium"),
                    ("7z", "p7zip-full"),
                    ("jq", "jq"),
                    ("shellcheck", "shellcheck"),
                ]
        )
        {
            if (!missing.Split(' ').Contains(package))
                script.Command(command, ":");
        }

        return await script.RunAsync(path, [], new Dictionary<string, string?>(), alone: true);
    }
}
