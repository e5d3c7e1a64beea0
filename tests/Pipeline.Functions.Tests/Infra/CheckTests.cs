using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary><c>infra/check.sh</c>: what it says, and when that is a failure, on machines that have little.</summary>
public sealed class CheckTests : IDisposable
{
    private const string Cannot =
        "FAILED: the Bicep CLI 0.49.2 cannot be had from NuGet (above); install it, or name one in BICEP\n";
    private readonly Script script = new();

    public CheckTests() => script.Borrow("bash", "dirname", "mkdir", "cat", "chmod", "awk");

    public void Dispose() => script.Dispose();

    [Fact]
    public async Task Without_a_compiler_the_rest_is_checked_and_what_was_not_is_said()
    {
        var (code, output, error) = await RunAsync();
        Assert.Equal(
            (
                "ok: bash -n infra/after-deploy.sh\nok: bash -n infra/budget.sh\nok: bash -n infra/check.sh\nnot checked, Bicep: no CLI (bicep "
                    + "or az bicep; or run infra/check.sh --fetch)\nnot checked, shell scripts: no shellcheck\n"
                    + "not checked, queries: no Node.js, or no @kusto/language-service-next in node_modules (npm ci)\n",
                ""
            ),
            (output, error)
        );
        Assert.Equal(0, code);
    }

    [Theory]
    [InlineData(null)] // no SDK
    [InlineData("echo 'error NU1301: no route' ; exit 1")]
    [InlineData("exit 0")] // a restore that brings nothing
    public async Task A_compiler_that_was_asked_for_and_cannot_be_had_is_a_failure(string? dotnet)
    {
        if (dotnet is not null)
            script.Command("dotnet", dotnet);
        var (code, output, error) = await RunAsync("--fetch");
        Assert.StartsWith(Cannot + "ok: bash -n ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("not checked, Bicep", output, StringComparison.Ordinal);
        Assert.NotEmpty(error); // the reason
        Assert.Equal(1, code);
    }

    [Theory]
    [InlineData("exit 0", 0, "ok: bicep build infra/main.bicep\n")]
    [InlineData(
        "echo 'main.bicep(1,1) : Warning no-unused-vars' >&2",
        1,
        "FAILED: bicep build infra/main.bicep\nmain.bicep(1,1) : Warning no-unused-vars\n"
    )]
    [InlineData("exit 1", 1, "FAILED: bicep build infra/main.bicep\n")]
    public async Task A_compiler_that_was_fetched_is_used_and_its_warnings_count(
        string bicep,
        int expected,
        string line
    )
    {
        await File.WriteAllTextAsync(Path.Combine(script.Folder, "bicep-of-the-package"), $"#!/bin/bash\n{bicep}\n");
        script.Command(
            "dotnet",
            """
            tools=${2%/fetch.csproj}/packages/azure.bicep.commandline.linux-x64/0.49.2/tools
            mkdir -p "$tools" && cat "$FAKE/bicep-of-the-package" > "$tools/bicep"
            """
        );
        script.Command("bicep", "echo 'of another version' >&2"); // what a machine has is not what was asked for
        var (code, output, error) = await RunAsync("--fetch");
        Assert.Contains(line, output, StringComparison.Ordinal);
        Assert.Empty(error);
        Assert.Equal(expected, code);
    }

    [Fact]
    public async Task What_differs_from_a_snapshot_is_shown_without_colours()
    {
        script.Command(
            "bicep",
            """
            [ "$1" != snapshot ] || [ "${2##*/}" != prod.bicepparam ] || {
              printf 'Snapshot validation failed.\n'
              printf '\033[38;5;141m~\033[0m days: 30 for %s %s\n' "$ALERT_EMAIL" "$4"
              exit 1
            }
            """
        );
        var (code, output, error) = await RunAsync();
        Assert.Contains(
            "FAILED: bicep snapshot infra/environments/prod.bicepparam (validate)\nSnapshot validation failed.\n"
                + "~ days: 30 for operators@example.com validate\n",
            output,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "ok: bicep snapshot infra/environments/dev.bicepparam (validate)\n",
            output,
            StringComparison.Ordinal
        );
        Assert.Equal((1, ""), (code, error));
    }

    [Fact]
    public async Task An_option_that_is_not_known_is_refused() =>
        Assert.Equal(
            (2, "", "infra/check.sh: the option --fix, expected --fetch or --snapshots; leave it out\n"),
            await RunAsync("--fix")
        );

    private Task<(int Code, string Out, string Error)> RunAsync(params string[] arguments) =>
        script.RunAsync(
            "check.sh",
            arguments,
            new Dictionary<string, string?>
            {
                ["XDG_CACHE_HOME"] = Path.Combine(script.Folder, "cache"),
                ["BICEP"] = null,
            },
            alone: true
        );
}
