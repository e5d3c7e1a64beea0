using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// <c>infra/after-deploy.sh</c> against fakes of the commands it calls: what it says of a deployment that
/// works, and of each way not to.
/// </summary>
public sealed class AfterDeployTests : IDisposable
{
    private const string Connection =
        "AzureWebJobsStorage__accountName\thost\nAzureWebJobsStorage__credential\tmanagedidentity\n"
        + "AzureWebJobsStorage__clientId\tid\nPipelineStorage__clientId\tid\n";
    private const string Again = "provision again (with azd: azd provision --no-state)";
    private static readonly string Functions = string.Join('\n', Code.Functions.Select(function => function.Name));

    private readonly Script script = new();
    private string? expected;

    public void Dispose() => script.Dispose();

    private static string Listed => string.Join("", Code.Functions.Select(function => $"func-x/{function.Name}\n"));

    [Fact]
    public async Task A_deployment_that_works_is_told_so_and_the_key_stays_out_of_the_list_of_processes()
    {
        var (code, output, error) = await RunAsync(Connection, "", Listed, "200");
        Assert.True(code == 0, output + error);
        Assert.Equal(
            $"after-deploy: all functions are listed: "
                + $"{string.Join(' ', Code.Functions.Select(function => function.Name))}\nafter-deploy: GET "
                + "/api/health: 200\nafter-deploy: GET /api/status: 200\n",
            output
        );
        Assert.Empty(error);
        var calls = await File.ReadAllLinesAsync(Path.Combine(script.Folder, "calls"));
        Assert.Contains(calls, call =>
            call.StartsWith(
                "az rest --method post --url "
                    + "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/func-x/host/default/sync?",
                StringComparison.Ordinal
            )
        );
        Assert.Contains("curl header = \"x-functions-key: the-key\"", calls);
        Assert.DoesNotContain(calls, call =>
            call.StartsWith("curl --", StringComparison.Ordinal) && call.Contains("the-key", StringComparison.Ordinal)
        );
        Assert.EndsWith("https://func-x.azurewebsites.net/api/status", calls[^2], StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string, string, string> Broken =>
        new()
        {
            {
                Connection + "AzureWebJobsStorage\tx\n",
                "",
                "",
                "200",
                $"the app has the setting AzureWebJobsStorage, expected none of that name; {Again}, which replaces "
                    + "all settings"
            },
            {
                Connection.Replace("AzureWebJobsStorage__clientId\tid\n", "", StringComparison.Ordinal),
                "",
                "",
                "200",
                $"the app lacks the setting AzureWebJobsStorage__clientId; {Again}"
            },
            {
                "AzureWebJobs_Pull_Disabled\ttrue\n"
                    + Connection
                    + "AzureWebJobs.PlanCensusTrade.Disabled\t1\nAzureWebJobs_Normalize_Disabled\tTrue\r\n",
                "",
                Listed,
                "200",
                $"functions are switched off: AzureWebJobs_Pull_Disabled AzureWebJobs.PlanCensusTrade.Disabled "
                    + $"AzureWebJobs_Normalize_Disabled; if no restoring is under way (infra/RESTORE.md), {Again}, "
                    + "which takes these settings away"
            },
            {
                Connection,
                "Census__ApiKey\nMoex__NsdApiKey\n",
                "",
                "200",
                "Key Vault references are not resolved: Census__ApiKey Moex__NsdApiKey; put the secrets into the "
                    + "vault, or leave them out of the parameter secrets"
            },
            {
                Connection,
                "",
                Listed.Replace("func-x/Monitor\n", "", StringComparison.Ordinal),
                "200",
                "the host does not list: Monitor; is the package all of what 'dotnet publish' wrote, with its "
                    + "hidden folder .azurefunctions? see the host's log (FunctionAppLogs)"
            },
            {
                Connection,
                "",
                "func-x/WarmUp\n",
                "200",
                $"the host does not list: {Functions.Replace('\n', ' ')}; is the package all of what 'dotnet "
                    + "publish' wrote, with its hidden folder .azurefunctions? see the host's log (FunctionAppLogs)"
            },
            {
                Connection,
                "",
                Listed,
                "503",
                "GET /api/health: status 503, expected 200; the answer begins: {\"status\":\"unhealthy\"}"
            },
        };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task What_is_wrong_is_said_in_one_line(
        string settings,
        string unresolved,
        string listed,
        string status,
        string line
    )
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
        Assert.Equal(
            $"after-deploy: {variable} is not set; take it from the outputs of the deployment (azd env get-values)\n",
            error
        );
        Assert.Equal(2, code);
    }

    public static TheoryData<string, string> Calls =>
        new()
        {
            { "settings", "az functionapp config failed: ERROR: (Forbidden) settings. Try again. " },
            { "unresolved", "az rest --method failed: ERROR: (Forbidden) unresolved. Try again. " },
            { "listed", "az functionapp function failed: ERROR: (Forbidden) listed. Try again. " },
            { "key", "az rest --method failed: ERROR: (Forbidden) key. Try again. " },
        };

    [Theory]
    [InlineData("""{"status":"healthy","commit":"new"}""", null)]
    [InlineData("""{"status":"healthy","commit":"old"}""", "commit old, expected new")]
    [InlineData("""{"status":"healthy"}""", "commit none, expected new")]
    public async Task The_package_that_was_sent_is_the_one_that_answers(string health, string? reason)
    {
        expected = "new";
        await File.WriteAllTextAsync(Path.Combine(script.Folder, "health"), health);
        var (code, _, error) = await RunAsync(Connection, "", Listed, "200");
        Assert.Equal(
            reason is null
                ? (0, "")
                : (
                    1,
                    $"after-deploy: GET /api/health: {reason}; the package before it still answers: wait, or send the "
                        + "package again\n"
                ),
            (code, error)
        );
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_call_that_fails_at_first_is_repeated_and_one_that_fails_for_ever_ends_it(
        string call,
        string reason
    )
    {
        await File.WriteAllTextAsync(Path.Combine(script.Folder, $"{call}.failures"), "2");
        var (code, output, error) = await RunAsync(Connection, "", Listed, "200");
        Assert.True(code == 0, output + error);
        foreach (var attempt in (int[])[1, 2])
            Assert.Contains($"after-deploy: attempt {attempt} of 3: {reason}\n", output, StringComparison.Ordinal);
        Assert.EndsWith("after-deploy: GET /api/status: 200\n", output, StringComparison.Ordinal);

        await File.WriteAllTextAsync(Path.Combine(script.Folder, $"{call}.failures"), "99");
        (code, _, error) = await RunAsync(Connection, "", Listed, "200");
        Assert.Equal((1, $"after-deploy: {reason}\n"), (code, error));
        Assert.Equal("96", (await File.ReadAllTextAsync(Path.Combine(script.Folder, $"{call}.failures"))).Trim());
    }

    [Theory]
    [InlineData("AzureWebJobs_Pull_Disabled\tfalse\n")]
    [InlineData("AzureWebJobs_Pull_Disabled\t0\n")]
    [InlineData("AzureWebJobs_Pull_Disabled\t\n")]
    [InlineData("Note\tAzureWebJobs_Pull_Disabled\ttrue\n")]
    public async Task A_function_that_is_not_switched_off_is_no_fault(string setting)
    {
        var (code, output, error) = await RunAsync(setting + Connection, "", Listed, "200");
        Assert.True(code == 0, output + error);
    }

    [Fact]
    public async Task A_reference_that_is_resolved_late_and_a_sync_that_is_refused_are_waited_for()
    {
        await File.WriteAllTextAsync(Path.Combine(script.Folder, "late"), "Census__ApiKey\n");
        await File.WriteAllTextAsync(Path.Combine(script.Folder, "sync.failures"), "1");
        var (code, output, error) = await RunAsync(Connection, "", Listed, "200");
        Assert.True(code == 0, output + error);
        Assert.StartsWith(
            "after-deploy: attempt 1 of 3: Key Vault references are not resolved: Census__ApiKey; put the secrets "
                + "into the vault, or leave them out of the parameter secrets\nafter-deploy: the host did not take "
                + "the request to sync\nafter-deploy: all functions",
            output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_host_without_a_key_is_told()
    {
        await File.WriteAllTextAsync(Path.Combine(script.Folder, "nokey"), "");
        var (code, _, error) = await RunAsync(Connection, "", Listed, "200");
        Assert.Equal(
            "after-deploy: the host has no function key named default; see the host's log (FunctionAppLogs)\n",
            error
        );
        Assert.Equal(1, code);
    }

    private async Task<(int Code, string Out, string Error)> RunAsync(
        string settings,
        string unresolved,
        string listed,
        string status,
        string? without = null
    )
    {
        foreach (
            var (name, text) in ((string, string)[])
                [("settings", settings), ("unresolved", unresolved), ("listed", listed), ("status", status)]
        )
        {
            await File.WriteAllTextAsync(Path.Combine(script.Folder, name), text);
        }
        // Whole commands, so that a path or an argument with a slip is unknown to it.
        script.Command(
            "az",
            """
            echo "az $*" >> "$FAKE/calls"
            stumble() {
              local left
              left=$(cat "$FAKE/$1.failures" 2>/dev/null || echo 0)
              [ "$left" -gt 0 ] || return 0
              echo $((left - 1)) > "$FAKE/$1.failures"
              printf 'ERROR: (Forbidden) %s.\nTry again.\n' "$1" >&2
              exit 1
            }
            site=/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/func-x
            case "$*" in
              "functionapp config appsettings list --resource-group rg --name func-x --query [].[name, value] --output tsv") stumble settings; cat "$FAKE/settings" ;;
              "rest --method get --url $site/config/configreferences/appsettings?api-version=2025-03-01 --query value[?properties.status!='Resolved'].name --output tsv")
                stumble unresolved
                cat "$FAKE/unresolved"
                if [ -f "$FAKE/late" ]; then cat "$FAKE/late"; rm "$FAKE/late"; fi ;;
              "rest --method post --url $site/host/default/sync?api-version=2025-03-01 --output none") stumble sync ;;
              "functionapp function list --resource-group rg --name func-x --query [].name --output tsv") stumble listed; cat "$FAKE/listed" ;;
              "rest --method post --url $site/host/default/listkeys?api-version=2025-03-01 --query functionKeys.default --output tsv") stumble key; [ -f "$FAKE/nokey" ] || echo the-key ;;
              *) echo "unexpected: $*" >&2; exit 3 ;;
            esac
            """
        );
        script.Command(
            "curl",
            """
            echo "curl $*" >> "$FAKE/calls"
            sed 's/^/curl /' >> "$FAKE/calls"
            while [ "$1" != --output ]; do shift; done
            if [ -f "$FAKE/health" ]; then cat "$FAKE/health" > "$2"; else echo '{"status":"unhealthy"}' > "$2"; fi
            cat "$FAKE/status"
            """
        );
        var variables = new Dictionary<string, string?>
        {
            ["AZURE_SUBSCRIPTION_ID"] = "sub",
            ["AZURE_RESOURCE_GROUP"] = "rg",
            ["AZURE_FUNCTION_NAME"] = "func-x",
            ["AZURE_FUNCTION_HOST"] = "func-x.azurewebsites.net",
            ["ATTEMPTS"] = "3",
            ["PAUSE"] = "0",
            ["EXPECTED_COMMIT"] = expected,
        };
        if (without is not null)
            variables[without] = null;
        return await script.RunAsync("after-deploy.sh", [], variables);
    }
}
