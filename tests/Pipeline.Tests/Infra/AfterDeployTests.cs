using System.Diagnostics;
using Xunit;

namespace Pipeline.Tests.Infra;

/// <summary><c>infra/after-deploy.sh</c> against stand-ins of the commands it calls: what it says of a deployment that works, and of each way not to.</summary>
public sealed class AfterDeployTests : IDisposable
{
    private const string Connection = "AzureWebJobsStorage__accountName\nAzureWebJobsStorage__credential\nAzureWebJobsStorage__clientId\nPipelineStorage__clientId\n";
    private static readonly string Functions = string.Join('\n', Code.Functions.Select(function => function.Name));

    private readonly string folder = Directory.CreateTempSubdirectory("after-deploy-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Listed => string.Join("", Code.Functions.Select(function => $"func-x/{function.Name}\n"));

    [Fact]
    public async Task A_deployment_that_works_is_told_so_and_the_key_stays_out_of_the_list_of_processes()
    {
        var (code, output, error) = await RunAsync(Connection, "", Listed, "200");
        Assert.True(code == 0, output + error);
        Assert.Equal($"after-deploy: all functions are listed: {string.Join(' ', Code.Functions.Select(function => function.Name))}\nafter-deploy: GET /api/health: 200\nafter-deploy: GET /api/status: 200\n", output);
        Assert.Empty(error);
        var calls = await File.ReadAllLinesAsync(Path.Combine(folder, "calls"));
        Assert.Contains(calls, call => call.StartsWith("az rest --method post --url /subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/func-x/host/default/sync?", StringComparison.Ordinal));
        Assert.Contains("curl header = \"x-functions-key: the-key\"", calls);
        Assert.DoesNotContain(calls, call => call.StartsWith("curl --", StringComparison.Ordinal) && call.Contains("the-key", StringComparison.Ordinal));
        Assert.EndsWith("https://func-x.azurewebsites.net/api/status", calls[^2], StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string, string, string> Broken => new()
    {
        { Connection + "AzureWebJobsStorage\n", "", "", "200", "the app has the setting AzureWebJobsStorage, expected none of that name; provision again, which replaces all settings" },
        { Connection.Replace("AzureWebJobsStorage__clientId\n", "", StringComparison.Ordinal), "", "", "200", "the app lacks the setting AzureWebJobsStorage__clientId; provision again" },
        { Connection, "Census__ApiKey\nMoex__NsdApiKey\n", "", "200", "Key Vault references are not resolved: Census__ApiKey Moex__NsdApiKey; put the secrets into the vault, or leave them out of the parameter secrets" },
        { Connection, "", Listed.Replace("func-x/Monitor\n", "", StringComparison.Ordinal), "200", "the host does not list: Monitor; was the package built with AzurePackages=true? see the host's log (FunctionAppLogs)" },
        { Connection, "", "func-x/WarmUp\n", "200", $"the host does not list: {Functions.Replace('\n', ' ')}; was the package built with AzurePackages=true? see the host's log (FunctionAppLogs)" },
        { Connection, "", Listed, "503", "GET /api/health: status 503, expected 200; the answer begins: {\"status\":\"unhealthy\"}" }
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task What_is_wrong_is_said_in_one_line(string settings, string unresolved, string listed, string status, string line)
    {
        var (code, _, error) = await RunAsync(settings, unresolved, listed, status);
        Assert.Equal($"after-deploy: {line}\n", error);
        Assert.Equal(1, code);
    }

    [Theory]
    [InlineData("AZURE_FUNCTION_HOST")]
    [InlineData("AZURE_RESOURCE_GROUP")]
    public async Task What_is_lacking_to_find_out_is_said_and_is_no_verdict(string variable)
    {
        var (code, _, error) = await RunAsync(Connection, "", Listed, "200", without: variable);
        Assert.Equal($"after-deploy: {variable} is not set; take it from the outputs of the deployment (azd env get-values)\n", error);
        Assert.Equal(2, code);
    }

    private async Task<(int Code, string Out, string Error)> RunAsync(string settings, string unresolved, string listed, string status, string? without = null)
    {
        foreach (var (name, text) in ((string, string)[])[("settings", settings), ("unresolved", unresolved), ("listed", listed), ("status", status)]) await File.WriteAllTextAsync(Path.Combine(folder, name), text);
        Script("az", """
            #!/usr/bin/env bash
            echo "az $*" >> "$FAKE/calls"
            case "$*" in
              "functionapp config appsettings list "*) cat "$FAKE/settings" ;;
              *configreferences*) cat "$FAKE/unresolved" ;;
              "functionapp function list "*) cat "$FAKE/listed" ;;
              *listkeys*) echo the-key ;;
              *host/default/sync*) ;;
              *) echo "unexpected: $*" >&2; exit 3 ;;
            esac
            """);
        Script("curl", """
            #!/usr/bin/env bash
            echo "curl $*" >> "$FAKE/calls"
            sed 's/^/curl /' >> "$FAKE/calls"
            while [ "$1" != --output ]; do shift; done
            echo '{"status":"unhealthy"}' > "$2"
            cat "$FAKE/status"
            """);
        var start = new ProcessStartInfo("bash", Path.Combine(BicepFile.Folder, "after-deploy.sh")) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{folder}:{start.Environment["PATH"]}";
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("FAKE", folder), ("AZURE_SUBSCRIPTION_ID", "sub"), ("AZURE_RESOURCE_GROUP", "rg"), ("AZURE_FUNCTION_NAME", "func-x"),
                     ("AZURE_FUNCTION_HOST", "func-x.azurewebsites.net"), ("ATTEMPTS", "2"), ("PAUSE", "0")]) start.Environment[name] = value;
        if (without is not null) start.Environment.Remove(without);
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    private void Script(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
