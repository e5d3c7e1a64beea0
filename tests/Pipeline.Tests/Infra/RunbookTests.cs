using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Settings;
using Pipeline.Steps;
using Pipeline.Storage;
using Xunit;

namespace Pipeline.Tests.Infra;

/// <summary>What the runbook tells people to do does what it says.</summary>
public sealed class RunbookTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(BicepFile.Folder, "README.md"));

    [Fact]
    public void The_messages_it_sends_are_those_the_steps_read()
    {
        var sent = Regex.Matches(Text, """printf '(\{[^']+\})' .*?\| send (\w+)""").Select(match => (Body: match.Groups[1].Value, Queue: match.Groups[2].Value)).ToList();
        Assert.Equal([Names.PullQueue, Names.NormalizeQueue], sent.Select(message => message.Queue));
        foreach (var (body, queue) in sent)
        {
            var properties = JsonDocument.Parse(body).RootElement.EnumerateObject().Select(property => property.Name);
            Assert.Equal((queue == Names.PullQueue ? typeof(PullMessage) : typeof(NormalizeMessage)).GetConstructors()[0].GetParameters().Where(parameter => !parameter.HasDefaultValue).Select(parameter => parameter.Name!), properties);
        }
    }

    [Fact]
    public void The_secrets_it_names_are_those_of_the_deployment()
    {
        var rows = Regex.Matches(Text, @"^\| `(\w+__\w+)` \| `([a-z-]+)` \|$", RegexOptions.Multiline).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value, StringComparer.Ordinal);
        Assert.Equal(BicepFile.Read("settings.bicep").Object("var secretNames ="), rows);
    }

    [Fact]
    public void The_settings_and_outputs_it_names_are_there()
    {
        var outputs = BicepFile.Read("main.bicep").Text;
        Assert.All(Regex.Matches(Text, @"\$(AZURE_[A-Z_]+|DATA_[A-Z_]+)").Select(match => match.Groups[1].Value).Distinct(), name => Assert.Contains($"output {name} string", outputs, StringComparison.Ordinal));
        Assert.All(Regex.Matches(Text, @"\b(?:Census|Unctad|Moex|Sources)__\w+").Select(match => match.Value).Distinct(), name => Assert.Contains(name, SettingNames.All.Select(setting => setting.Name)));
        Assert.All(Regex.Matches(Text, @"`(\w+) = (?:true|'|\{)").Select(match => match.Groups[1].Value), name => Assert.Contains($"param {name} ", outputs, StringComparison.Ordinal));
    }

    [Fact]
    public void The_addresses_it_calls_are_those_of_the_functions_and_take_the_method()
    {
        var routes = Code.Functions.Where(function => function.Trigger is HttpTriggerAttribute).Select(function => ((HttpTriggerAttribute)function.Trigger, function.Name))
            .Select(found => (Pattern: $"^{Regex.Replace(Regex.Escape(found.Item1.Route ?? found.Name), @"\\\{\\\*\w+\}|\\\{\w+\}", match => match.Value.Contains('*', StringComparison.Ordinal) ? ".+" : "[^/]+")}$", found.Item1.Methods)).ToList();
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        var called = Regex.Matches(Text + readme, @"^.*(?:\$AZURE_FUNCTION_HOST|azurewebsites\.net)/api/([^\s?""`]+).*$", RegexOptions.Multiline).Select(match => (Path: match.Groups[1].Value, Method: match.Value.Contains("-X POST", StringComparison.Ordinal) ? "post" : "get")).ToList();
        Assert.True(called.Count >= 3, $"{called.Count} calls found");
        Assert.All(called, call => Assert.Contains(routes, route => Regex.IsMatch(call.Path, route.Pattern) && route.Methods!.Contains(call.Method)));
    }

    [Fact]
    public void The_functions_it_names_are_those_of_the_code()
    {
        var known = Code.Functions.Select(function => function.Name).ToHashSet(StringComparer.Ordinal);
        string[] plans = [.. Code.Timers.Select(timer => timer.Name).Where(name => name.StartsWith(nameof(Plan), StringComparison.Ordinal))];
        Assert.Equal(["admin/functions/$plan"], Regex.Matches(Text, @"admin/functions/[^""]+").Select(match => match.Value).Distinct());
        Assert.Equal(plans, Loop("plan").Order(StringComparer.Ordinal));
        var disabled = Regex.Matches(Text, @"AzureWebJobs_(\w+?)_Disabled=true").Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(Regex.Count(Text, "AzureWebJobs[_.]"), disabled.Count);
        // While tables are restored: whatever plans, pulls and reads.
        Assert.Equal(plans.Concat([nameof(Pull), nameof(Normalize)]).Order(StringComparer.Ordinal), disabled.Order(StringComparer.Ordinal));
        Assert.All(disabled, name => Assert.Contains(name, known));
        // Keys of functions: to readers those that only read; all that ask for one are renewed.
        Assert.Equal(2, Regex.Count(Text, @"--function-name \$function "));
        var keyed = Code.Functions.Where(function => function.Trigger is HttpTriggerAttribute { AuthLevel: AuthorizationLevel.Function }).ToList();
        var loops = Regex.Matches(Text, @"for function in ([\w ]+);").Select(match => match.Groups[1].Value.Split(' ').Order(StringComparer.Ordinal).ToArray()).ToList();
        Assert.Equal(2, loops.Count);
        Assert.Equal(keyed.Where(function => ((HttpTriggerAttribute)function.Trigger).Methods!.Contains("get")).Select(function => function.Name), loops[0]);
        Assert.Equal(keyed.Select(function => function.Name), loops[1]);
    }

    [Fact]
    public async Task Restoring_deletes_what_is_derived_and_restores_every_source()
    {
        var datasets = await Code.DatasetsAsync();
        Assert.Equal(datasets.Select(found => found.Dataset.Table.Name).Distinct().Concat([Names.History, Names.Gaps, Names.Slices]).Order(StringComparer.Ordinal), Loop("table").Order(StringComparer.Ordinal));
        Assert.Equal(datasets.Select(found => found.Source).Distinct().Order(StringComparer.Ordinal), Loop("source").Order(StringComparer.Ordinal));
        // Off before anything is deleted, restarted after, asked last.
        string[] order = ["AzureWebJobs_Normalize_Disabled=true", "az storage table delete ", "sleep 90\n", "az functionapp restart ", "for source in "];
        var section = Text[Text.IndexOf("## Restoring from raw", StringComparison.Ordinal)..];
        Assert.Equal(order, order.OrderBy(step => section.IndexOf(step, StringComparison.Ordinal)));
        Assert.All(order, step => Assert.Contains(step, section, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_loop_of_restoring_goes_on_until_nothing_is_loaded_and_stops_where_asking_again_is_no_use()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/jq"), "no /usr/bin/jq: install jq");
        var none = JsonSerializer.Serialize(new Restored("census-trade", 2, 0, 4), JsonSerializerOptions.Web);
        var some = JsonSerializer.Serialize(new Restored("census-trade", 2, 3, 1), JsonSerializerOptions.Web);
        // A host that starts, a name that is being deleted, a front end that gave up, a broken line, a part, the rest, and then nothing.
        var (code, output) = await RestoreAsync("404 ", "500 ", "504 <html>\ngave up", "000 ", $"200 {some}", $"200 {some}", $"200 {none}", "200 not asked");
        Assert.Equal(0, code);
        Assert.Equal($"census-trade: 404 \ncensus-trade: 500 \ncensus-trade: 504 <html>\ngave up\ncensus-trade: 000 \ncensus-trade: 200 {some}\ncensus-trade: 200 {some}\ncensus-trade: 200 {none}\n", output);
        foreach (var status in (string[])["400", "401"]) Assert.Equal((1, $"census-trade: {status} no\n"), await RestoreAsync($"{status} no", "200 not asked"));
    }

    /// <summary>The shell function of the runbook, with answers of the app: a status and a body each.</summary>
    private static async Task<(int Code, string Out)> RestoreAsync(params string[] answers)
    {
        using var script = new Script();
        var function = Regex.Match(Text, @"(?ms)^restore\(\) \{.*?^\}\n");
        Assert.True(function.Success, "infra/README.md has no function restore");
        for (var answer = 0; answer < answers.Length; answer++) await File.WriteAllTextAsync(Path.Combine(script.Folder, $"answer{answer}"), answers[answer]);
        var path = Path.Combine(script.Folder, "restore.sh");
        await File.WriteAllTextAsync(path, $"AZURE_FUNCTION_HOST=app.example key=the-key\n{function.Value}restore census-trade\n");
        script.Command("sleep", ":");
        script.Command("curl", """
            case "$*" in *"-X POST "*" https://app.example/api/restore/census-trade") ;; *) echo "unexpected: $*"; exit 3 ;; esac
            n=$(cat "$FAKE/n" 2>/dev/null || echo 0)
            echo $((n + 1)) > "$FAKE/n"
            answer=$(cat "$FAKE/answer$n")
            printf '%s\n%s' "${answer#* }" "${answer%% *}"
            """);
        var (code, output, error) = await script.RunAsync(path, [], new Dictionary<string, string?>());
        Assert.Empty(error);
        return (code, output);
    }

    /// <summary>What the loops over a variable go through.</summary>
    private static string[] Loop(string variable)
    {
        var loop = Assert.Single(Regex.Matches(Text, $@"for {variable} in ([\w -]+);").Select(match => match.Groups[1].Value).Distinct());
        return loop.Split(' ');
    }
}
