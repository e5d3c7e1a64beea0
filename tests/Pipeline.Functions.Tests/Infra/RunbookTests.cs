using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Ingestion;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>What the runbook tells people to do does what it says.</summary>
public sealed class RunbookTests
{
    private static string Text => Runbook.Text;

    [Fact]
    public void The_messages_it_sends_are_those_the_steps_read()
    {
        var sent = Regex
            .Matches(Text, """printf '(\{[^']+\})' .*?\| send (\w+)""")
            .Select(match => (Body: match.Groups[1].Value, Queue: match.Groups[2].Value))
            .ToList();
        Assert.Equal([Names.PullQueue, Names.NormalizeQueue], sent.Select(message => message.Queue));
        foreach (var (body, queue) in sent)
        {
            var properties = JsonDocument.Parse(body).RootElement.EnumerateObject().Select(property => property.Name);
            Assert.Equal(
                [
                    "Kind",
                    .. (queue == Names.PullQueue ? typeof(PullMessage) : typeof(NormalizeMessage))
                        .GetConstructors()[0]
                        .GetParameters()
                        .Where(parameter => !parameter.HasDefaultValue || parameter.Name == "Replay")
                        .Select(parameter => parameter.Name!),
                ],
                properties
            );
        }
    }

    [Fact]
    public void The_settings_and_outputs_it_names_are_there()
    {
        var outputs = BicepFile.Read("main.bicep").Text;
        Assert.All(
            Regex.Matches(Text, @"\$(AZURE_[A-Z_]+|DATA_[A-Z_]+)").Select(match => match.Groups[1].Value).Distinct(),
            name => Assert.Contains($"output {name} string", outputs, StringComparison.Ordinal)
        );
        Assert.All(Regex.Matches(Text, @"\b[A-Z][a-z]+__[A-Z]\w+").Select(match => match.Value).Distinct(), name =>
            Assert.Contains(name, AllSettings.List.Select(setting => setting.Name))
        );
        Assert.All(Regex.Matches(Text, @"`(\w+) = (?:true|'|\{)").Select(match => match.Groups[1].Value), name =>
            Assert.Contains($"param {name} ", outputs, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void The_addresses_it_calls_are_those_of_the_functions_and_take_the_method()
    {
        var routes = Code
            .Functions.Where(function => function.Trigger is HttpTriggerAttribute)
            .Select(function => ((HttpTriggerAttribute)function.Trigger, function.Name))
            .Select(found =>
                (
                    Pattern: $"^{Regex.Replace(Regex.Escape(found.Item1.Route ?? found.Name), @"\\\{\\\*\w+\}|\\\{\w+\}", match => match.Value.Contains('*', StringComparison.Ordinal) ? ".+" : "[^/]+")}$",
                    found.Item1.Methods
                )
            )
            .ToList();
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        var called = Regex
            .Matches(
                Text + readme,
                @"^.*(?:\$AZURE_FUNCTION_HOST|azurewebsites\.net)/api/([^\s?""`]+).*$",
                RegexOptions.Multiline
            )
            .Select(match =>
                (
                    Path: match.Groups[1].Value,
                    Method: match.Value.Contains("-X POST", StringComparison.Ordinal) ? "post" : "get"
                )
            )
            .Concat(
                Regex
                    .Matches(Text, @"\bapi (GET|POST) '?/api/([^\s?`']+)")
                    .Select(match => (Path: match.Groups[2].Value, Method: match.Groups[1].Value.ToLowerInvariant()))
            )
            .ToList();
        Assert.True(called.Count >= 12, $"{called.Count} calls found");
        Assert.All(called, call =>
            Assert.Contains(routes, route =>
                Regex.IsMatch(call.Path, route.Pattern) && route.Methods!.Contains(call.Method)
            )
        );
    }

    [Fact]
    public void The_functions_it_names_are_those_of_the_code()
    {
        var known = Code.Functions.Select(function => function.Name).ToHashSet(StringComparer.Ordinal);
        string[] plans =
        [
            .. Code
                .Timers.Select(timer => timer.Name)
                .Where(name => name.StartsWith(nameof(Plan), StringComparison.Ordinal)),
        ];
        Assert.Equal(
            ["admin/functions/$plan", "admin/functions/$1"],
            Regex.Matches(Text, @"admin/functions/[^""]+").Select(match => match.Value).Distinct()
        );
        Assert.Equal(plans, Loop("plan").Order(StringComparer.Ordinal));
        var disabled = Regex
            .Matches(Text, @"AzureWebJobs_(\w+?)_Disabled=true")
            .Select(match => match.Groups[1].Value)
            .ToList();
        Assert.Equal(Regex.Count(Text, @"AzureWebJobs[_.]\w"), disabled.Count);
        // While tables are restored: whatever plans, pulls and reads.
        Assert.Equal(
            plans.Concat([nameof(Pull), nameof(Normalize)]).Order(StringComparer.Ordinal),
            disabled.Order(StringComparer.Ordinal)
        );
        Assert.All(disabled, name => Assert.Contains(name, known));
        // Keys of functions: to readers those that only read; all that ask for one are renewed.
        Assert.Equal(2, Regex.Count(Text, @"--function-name \$function "));
        var keyed = Code
            .Functions.Where(function =>
                function.Trigger is HttpTriggerAttribute { AuthLevel: AuthorizationLevel.Function }
            )
            .ToList();
        var loops = Regex
            .Matches(Text, @"for function in ([\w ]+);")
            .Select(match => match.Groups[1].Value.Split(' ').Order(StringComparer.Ordinal).ToArray())
            .ToList();
        Assert.Equal(2, loops.Count);
        Assert.Equal(
            keyed
                .Where(function => ((HttpTriggerAttribute)function.Trigger).Methods!.Contains("get"))
                .Select(function => function.Name),
            loops[0]
        );
        Assert.Equal(keyed.Select(function => function.Name), loops[1]);
    }

    [Fact]
    public void Restoring_deletes_what_is_derived_and_restores_every_source()
    {
        Assert.Equal(
            Code.Datasets.Select(dataset => dataset.Table.Name)
                .Distinct()
                .Concat([Names.History, Names.Gaps, Names.Slices])
                .Order(StringComparer.Ordinal),
            Loop("table").Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            Code.Datasets.Select(dataset => dataset.Source).Distinct().Order(StringComparer.Ordinal),
            Loop("source").Order(StringComparer.Ordinal)
        );
        // Off before anything is deleted, restarted after, asked last.
        string[] order =
        [
            "gh workflow disable pipeline.yml ",
            "AzureWebJobs_Normalize_Disabled=true",
            "az storage table delete ",
            "sleep 90\n",
            "az functionapp restart ",
            "for source in ",
            "az deployment group create ",
            "gh workflow enable pipeline.yml ",
        ];
        var section = Runbook.Section("Restoring from raw");
        Assert.Equal(order, order.OrderBy(step => section.IndexOf(step, StringComparison.Ordinal)));
        Assert.All(order, step => Assert.Contains(step, section, StringComparison.Ordinal));
    }

    [Fact]
    public void Alerts_are_off_until_the_Plan_functions_have_run_and_on_after()
    {
        const string Create =
            "az deployment group create --resource-group rg-tradepipe-$environment --name pipeline --parameters "
            + "infra/environments/$environment.bicepparam";
        string[] order =
        [
            $"\nALERTS_ENABLED=false {Create}\n",
            "for plan in ",
            $"\nALERTS_ENABLED=true {Create}\n",
            "\nalerts=true ",
            "ALERTS_ENABLED=$alerts ",
            "gh variable set ALERTS_ENABLED --env \"$name\" --repo \"$repository\" --body true",
        ];
        var section = Runbook.Section("First deployment");
        var places = order.Select(step => section.IndexOf(step, StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
        Assert.Equal(2, Regex.Count(section, "az deployment group create "));
        Assert.Single(Regex.Matches(Text, "ALERTS_ENABLED=false"));
        Assert.Contains("azd env set ALERTS_ENABLED true && azd provision ", section, StringComparison.Ordinal);
    }

    [Fact]
    public void The_account_key_that_is_handed_out_is_the_one_that_is_renewed()
    {
        var handed = Runbook.Part(
            @"(?<=az storage account keys list [^\n]*--query ""\[\?keyName==')\w+(?='\]\.value"")"
        );
        Assert.Equal(handed, Runbook.Part(@"(?<=az storage account keys renew [^\n]*--key )\w+"));
        Assert.Equal("key2", handed); // as the text says: the second
    }

    [Fact]
    public void Whoever_provisions_again_by_azd_is_told_how_it_skips_nothing()
    {
        foreach (
            var text in (string[])
                [Text[..Text.IndexOf("## First", StringComparison.Ordinal)], Runbook.Section("Restoring from raw")]
        )
        {
            Assert.Contains("`azd provision --no-state`", text, StringComparison.Ordinal);
        }
        // Elsewhere a parameter is changed in the same line, which azd sees.
        Assert.All(Regex.Matches(Text, @"(?m)^.*azd provision(?! --no-state).*$").Select(match => match.Value), line =>
            Assert.Contains("azd env set ", line, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Every_section_with_commands_says_which_roles_they_take()
    {
        // Of the runbook itself, replaying is what takes more than the first five minutes do.
        var sections = Regex
            .Matches(Runbook.Read("DEPLOY.md") + Runbook.Read("RESTORE.md"), @"(?m)^##+ (.+)$")
            .Select(match => match.Groups[1].Value)
            .Append("Replaying");
        var rows = Regex
            .Matches(Runbook.Section("Who may do what"), @"(?m)^\| \[([^\]]+)\]\((?:\w+\.md)?#([\w-]+)\) \| .*\*.*\|$")
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value, StringComparer.Ordinal);
        Assert.All(rows.Skip(1), row => Assert.Equal(row.Value, row.Key.ToLowerInvariant().Replace(' ', '-')));
        Assert.Equal(
            sections
                .Except(["Who may do what", "What can be lost", "Not tried yet"])
                .Append("Alerts")
                .Order(StringComparer.Ordinal),
            rows.Keys.Skip(1).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void The_runbook_is_short_and_its_links_lead_somewhere()
    {
        Assert.InRange(Runbook.Read("RUNBOOK.md").Split('\n').Length, 100, 250);
        foreach (var file in Runbook.Files)
        {
            var text = Runbook.Read(file);
            Assert.All(Regex.Matches(text, @"\]\(([\w.-]+\.md)?(?:#([\w-]+))?\)"), link =>
            {
                var target = link.Groups[1].Success ? link.Groups[1].Value : file;
                Assert.Contains(target, Runbook.Files);
                if (link.Groups[2].Success)
                    Assert.Contains(link.Groups[2].Value, Runbook.Anchors(Runbook.Read(target)));
            });
        }
    }

    /// <summary>What the loops over a variable go through.</summary>
    private static string[] Loop(string variable)
    {
        var loop = Assert.Single(
            Regex.Matches(Text, $@"for {variable} in ([\w -]+);").Select(match => match.Groups[1].Value).Distinct()
        );
        return loop.Split(' ');
    }
}
