using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Ingestion;
using Pipeline.Sources;
using Pipeline.Storage;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>The shell functions of the runbook, run as they stand there with fakes of the commands they call.</summary>
public sealed class RunbookCommandTests
{
    [Fact]
    public async Task The_loop_of_restoring_goes_on_until_nothing_is_loaded_and_stops_where_asking_again_is_no_use()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/jq"), "no /usr/bin/jq: install jq");
        var none = JsonSerializer.Serialize(new Restored("census-trade", 2, 0, 4), JsonSerializerOptions.Web);
        var some = JsonSerializer.Serialize(new Restored("census-trade", 2, 3, 1), JsonSerializerOptions.Web);
        // A host that starts, a name that is being deleted, a front end that gave up, a broken line, a part, the rest,
        // and then nothing.
        var (code, output) = await RestoreAsync(
            "404 ",
            "500 ",
            "504 <html>\ngave up",
            "000 ",
            $"200 {some}",
            $"200 {some}",
            $"200 {none}",
            "200 not asked"
        );
        Assert.Equal(0, code);
        Assert.Equal(
            $"census-trade: 404 \ncensus-trade: 500 \ncensus-trade: 504 <html>\ngave up\ncensus-trade: 000 "
                + $"\ncensus-trade: 200 {some}\ncensus-trade: 200 {some}\ncensus-trade: 200 {none}\n",
            output
        );
        foreach (var status in (string[])["400", "401", "403"])
            Assert.Equal((1, $"census-trade: {status} no\n"), await RestoreAsync($"{status} no", "200 not asked"));
    }

    /// <summary>How many functions are switched off.</summary>
    private static readonly int Off = SourceServices.Settings.Count + 2;

    /// <summary>What the settings say, what is printed, and the calls.</summary>
    public static TheoryData<string?, string, string> Switches =>
        new()
        {
            {
                string.Join(' ', Enumerable.Repeat("true", Off)),
                "",
                string.Concat(SourceServices.Settings.Select(source => $"held restore {source.Source} ")) + "held"
            },
            {
                string.Join(' ', Enumerable.Repeat("true", Off - 1).Append("false")),
                $"functions that are switched off: {Off - 1}, expected {Off}; begin again, see 4\n",
                "held held"
            },
            { "", $"functions that are switched off: 0, expected {Off}; begin again, see 4\n", "held held" },
            { null, $"functions that are switched off: unknown, expected {Off}; begin again, see 4\n", "held held" },
        };

    [Theory]
    [MemberData(nameof(Switches))]
    public async Task Nothing_is_restored_while_something_else_may_load_bodies(
        string? values,
        string said,
        string calls
    )
    {
        Assert.SkipUnless(File.Exists("/usr/bin/jq"), "no /usr/bin/jq: install jq");
        using var script = new Script();
        var path = Path.Combine(script.Folder, "held.sh");
        await File.WriteAllTextAsync(
            path,
            $"AZURE_RESOURCE_GROUP=rg AZURE_FUNCTION_NAME=func-x\nrestore() {{ echo \"restore $1\" >> "
                + $"\"$FAKE/calls\"; }}\n{Runbook.Part(@"(?ms)^held\(\) \{.*?^\}\nfor source in .*?\nheld\n")}"
        );
        var settings = values
            ?.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select((value, index) => new { name = $"AzureWebJobs_F{index}_Disabled", value })
            .Append(new { name = "AzureWebJobsStorage__accountName", value = "true" });
        await File.WriteAllTextAsync(
            Path.Combine(script.Folder, "settings"),
            settings is null ? "" : JsonSerializer.Serialize(settings)
        );
        script.Command(
            "az",
            """
            [ "$*" = "functionapp config appsettings list --resource-group rg --name func-x --output json" ] || { echo "unexpected: $*"; exit 3; }
            echo held >> "$FAKE/calls"
            cat "$FAKE/settings"
            """
        );
        var (code, output, error) = await script.RunAsync(path, [], new Dictionary<string, string?>());
        // before the first, and once more at the end
        Assert.Equal((said.Length > 0 ? 1 : 0, said + said, ""), (code, output, error));
        Assert.Equal(calls, string.Join(' ', await File.ReadAllLinesAsync(Path.Combine(script.Folder, "calls"))));
    }

    [Fact]
    public async Task Messages_are_sent_as_the_host_reads_them()
    {
        using var script = new Script();
        var path = Path.Combine(script.Folder, "send.sh");
        var lines = Regex
            .Matches(Runbook.Text, @"(?m)^(?:send\(\) \{.*|printf '.* \| send \w+)$")
            .Select(match => match.Value)
            .ToList();
        Assert.Equal(3, lines.Count);
        await File.WriteAllTextAsync(path, $"DATA_STORAGE_NAME=data\n{string.Join('\n', lines)}\n");
        script.Command("az", """printf '%s\n' "$*" """);
        var (code, output, error) = await script.RunAsync(path, [], new Dictionary<string, string?>());
        Assert.Equal((0, ""), (code, error));
        var sent = Regex
            .Matches(
                output,
                @"(?m)^storage message put --account-name data --auth-mode login --queue-name (\w+) --content (\S+) --output none$"
            )
            .ToDictionary(
                match => match.Groups[1].Value,
                match => Encoding.UTF8.GetString(Convert.FromBase64String(match.Groups[2].Value)),
                StringComparer.Ordinal
            );
        Assert.Equal([Names.PullQueue, Names.NormalizeQueue], sent.Keys);
        // Without a plan, and as a replay: worked on although the slice is not due, and the body was read before.
        Assert.Equal(
            new PullMessage("census-trade/exports-total/2019"),
            StepMessage.Read(Names.PullQueue, sent[Names.PullQueue])
        );
        var normalize = Assert.IsType<NormalizeMessage>(
            StepMessage.Read(Names.NormalizeQueue, sent[Names.NormalizeQueue])
        );
        Assert.True(normalize.Replay);
        Assert.StartsWith($"{normalize.Slice}/", normalize.RawBlob, StringComparison.Ordinal);
    }

    /// <summary>The shell function of the runbook, with answers of the app: a status and a body each.</summary>
    private static async Task<(int Code, string Out)> RestoreAsync(params string[] answers)
    {
        using var script = new Script();
        var function = Runbook.Part(@"(?ms)^restore\(\) \{.*?^\}\n");
        for (var answer = 0; answer < answers.Length; answer++)
            await File.WriteAllTextAsync(Path.Combine(script.Folder, $"answer{answer}"), answers[answer]);
        var path = Path.Combine(script.Folder, "restore.sh");
        await File.WriteAllTextAsync(
            path,
            $"AZURE_FUNCTION_HOST=app.example key=the-key\n{function}restore census-trade\n"
        );
        script.Command("sleep", ":");
        script.Command(
            "curl",
            """
            case "$*" in *"-X POST "*" https://app.example/api/restore/census-trade") ;; *) echo "unexpected: $*"; exit 3 ;; esac
            # As curl does. The header comes through a pipe, and writing into one that is not read fails.
            for word in "$@"; do case $word in @*) cat "${word#@}" > "$FAKE/header" ;; esac; done
            n=$(cat "$FAKE/n" 2>/dev/null || echo 0)
            echo $((n + 1)) > "$FAKE/n"
            answer=$(cat "$FAKE/answer$n")
            printf '%s\n%s' "${answer#* }" "${answer%% *}"
            """
        );
        var (code, output, error) = await script.RunAsync(path, [], new Dictionary<string, string?>());
        Assert.Empty(error);
        Assert.Equal("x-functions-key: the-key", await File.ReadAllTextAsync(Path.Combine(script.Folder, "header")));
        return (code, output);
    }
}
