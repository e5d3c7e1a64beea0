using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Ingestion;
using Pipeline.Report.Monitoring;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>The alerts ask for what the code emits, by its names.</summary>
public sealed class AlertTests(Azurite azurite)
{
    /// <summary>
    /// The tables that queries look at, and the columns of each that they may name (Azure Monitor's reference
    /// of tables).
    /// </summary>
    private static readonly IReadOnlyDictionary<string, string[]> Schema = new Dictionary<string, string[]>
    {
        ["AppMetrics"] = ["TimeGenerated", "Name", "Sum", "ItemCount", "Properties"],
        ["AzureDiagnostics"] = ["ResourceProvider", "OperationName"],
        ["_LogOperation"] = ["TimeGenerated", "Category", "Detail"],
    };

    /// <summary>Words of the query language that the queries use.</summary>
    private static readonly string[] Language =
    [
        "sum",
        "column_ifexists",
        "union",
        "isfuzzy",
        "true",
        "false",
        "where",
        "project",
        "extend",
        "summarize",
        "by",
        "and",
        "or",
        "parse",
        "with",
        "startswith",
        "contains",
        "endswith",
        "between",
        "in",
        "coalesce",
        "tostring",
        "toint",
        "todouble",
        "dynamic",
        "count",
        "max",
        "arg_max",
        "string",
        "real",
    ];

    /// <summary>The alerts that do not depend on the sources.</summary>
    private static readonly string[] Fixed =
    [
        "data-overdue",
        "data-stale",
        "ledger-gap",
        "open-rejects",
        "plan-failed",
        "poison-backlog",
        "poison-expiring",
        "poison-message",
        "quarantined-slice",
        "queue-stuck",
        "revision-out-of-policy",
        "secret-expiry",
        "telemetry-cap",
        "work-failing",
    ];

    public static TheoryData<string> Names => [.. AlertRule.All.Select(rule => rule.Name)];

    [Fact]
    public void What_must_be_told_has_an_alert() =>
        Assert.Equal(
            Fixed
                .Concat(Code.Timers.Select(timer => $"missed-{timer.Name.ToLowerInvariant()}"))
                .Order(StringComparer.Ordinal),
            AlertRule.All.Select(rule => rule.Name).Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Every_file_of_a_query_is_used_and_every_use_has_its_file() =>
        Assert.Equal(
            Directory
                .EnumerateFiles(Path.Combine(BicepFile.Folder, "alerts"))
                .Select(Path.GetFileName)
                .Order(StringComparer.Ordinal),
            AlertRule.All.Select(rule => rule.File).Distinct().Order(StringComparer.Ordinal)
        );

    [Theory]
    [MemberData(nameof(Names))]
    public void A_query_names_only_tables_and_columns_that_there_are(string name)
    {
        var query = Assert.Single(AlertRule.All, rule => rule.Name == name).Query;
        Assert.DoesNotMatch(@"\{[a-z]+\}", query); // every placeholder is filled in
        var text = Regex.Replace(Regex.Replace(query, @"^\s*//.*$", "", RegexOptions.Multiline), "\"[^\"]*\"", "\"\"");
        var tables = Regex
            .Matches(text, @"(?:^|\()\s*(\w+)(?=\s*(?:\||$))", RegexOptions.Multiline)
            .Select(match => match.Groups[1].Value)
            .Where(word => !Language.Contains(word))
            .ToList();
        Assert.NotEmpty(tables);
        Assert.All(tables, table => Assert.Contains(table, Schema.Keys));
        var made = Regex
            .Matches(text, @"\b([A-Za-z]\w*)\s*(?:=(?!=)|:(?:string|real))")
            .Select(match => match.Groups[1].Value);
        var known = tables
            .Concat(tables.SelectMany(table => Schema[table]))
            .Concat(made)
            .Concat(Language)
            .ToHashSet(StringComparer.Ordinal);
        Assert.Empty(
            Regex
                .Matches(text, @"(?<![\w.])[A-Za-z_]\w*")
                .Select(match => match.Value)
                .Where(word => !known.Contains(word))
                .Distinct()
        );
        foreach (var (open, close) in (ReadOnlySpan<(char, char)>)[('(', ')'), ('{', '}'), ('[', ']')])
            Assert.Equal(text.Count(c => c == open), text.Count(c => c == close));
    }

    [Fact]
    public async Task A_gauge_that_is_asked_for_is_read_of_what_the_code_reads_it_of()
    {
        using var source = new FakeSource { Body = "a=1" };
        await using var pipeline = new TestPipeline(
            azurite.NewAccount(),
            source,
            new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero))
        );
        await pipeline.RunAsync();
        var emitted = (await pipeline.Get<PipelineMonitor>().ReadAsync(CancellationToken.None))
            .Select(gauge => (gauge.Name, gauge.Property))
            .ToHashSet();
        Assert.All(AlertRule.All.Where(rule => rule.Gauge is not null), rule =>
            Assert.Contains((rule.Gauge!, rule.Property!), emitted)
        );
        // Each constant is emitted, and each is in an alert but what is for people who look.
        var names = Code.Constants(typeof(Gauges))
            .Values.Where(value => value.StartsWith("pipeline.", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToList();
        Assert.Equal(names, Gauges.All.Select(gauge => gauge.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            names.Order(StringComparer.Ordinal),
            emitted.Select(gauge => gauge.Name).Distinct().Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            [Gauges.QueueMessages, Gauges.RunAgeHours],
            names.Except(AlertRule.All.Select(rule => rule.Gauge!))
        );
    }

    [Fact]
    public void Functions_are_named_as_in_the_code()
    {
        var missed = AlertRule
            .All.Where(rule => rule.File == "missed-run.kql")
            .SelectMany(rule =>
                Regex
                    .Matches(rule.Query, @"\.function\) == ""(\w+)""")
                    .Select(match => match.Groups[1].Value)
                    .Distinct()
            );
        Assert.Equal(Code.Timers.Select(timer => timer.Name), missed.Order(StringComparer.Ordinal));
        // plan-failed goes by the beginning of the name: of the timers, the planning ones have it and only they.
        Assert.Contains(
            "Function startswith \"Plan\"",
            Assert.Single(AlertRule.All, rule => rule.Name == "plan-failed").Query,
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["Monitor"],
            Code.Functions.Where(function =>
                    Code.Timers.Any(timer => timer.Name == function.Name)
                    && !function.Name.StartsWith(nameof(Plan), StringComparison.Ordinal)
                )
                .Select(function => function.Name)
        );
        Assert.DoesNotContain(Code.Functions, function =>
            function.Name.StartsWith(nameof(Plan), StringComparison.Ordinal)
            && Code.Timers.All(timer => timer.Name != function.Name)
        );
    }

    [Fact]
    public void Poison_queues_are_recognised_by_the_end_of_their_names()
    {
        var end = Pipeline.Storage.Names.PoisonOf("");
        foreach (var name in (string[])["poison-expiring", "queue-stuck"])
        {
            Assert.Contains(
                $"\"{end}\"",
                Assert.Single(AlertRule.All, rule => rule.Name == name).Query,
                StringComparison.Ordinal
            );
        }
        // Those that keep what was given up, and only they, begin so.
        Assert.Equal(
            Code.Functions.Where(function =>
                    function.Trigger is QueueTriggerAttribute queue
                    && queue.QueueName.EndsWith(end, StringComparison.Ordinal)
                )
                .Select(function => function.Name),
            Code.Functions.Select(function => function.Name)
                .Where(name => name.StartsWith("KeepDead", StringComparison.Ordinal))
        );
    }

    [Fact]
    public void Counts_of_invocations_are_asked_for_as_the_code_counts_them()
    {
        foreach (var rule in AlertRule.All.Where(rule => rule.Query.Contains("outcome", StringComparison.Ordinal)))
        {
            Assert.Contains($"Name == \"{PipelineMetrics.Outcomes}\"", rule.Query, StringComparison.Ordinal);
            Assert.All(
                Regex.Matches(rule.Query, @"Properties\.outcome\) == ""(\w+)""").Select(match => match.Groups[1].Value),
                outcome => Assert.Contains(outcome, (string[])[PipelineMetrics.Succeeded, PipelineMetrics.Failed])
            );
        }
    }

    [Fact]
    public void A_mail_names_what_is_wrong_and_links_to_the_runbook()
    {
        var alerts = Template.Module("alerts").GetProperty("variables").GetProperty("logRules").GetString()!;
        Assert.DoesNotContain("dimensions', null()", alerts, StringComparison.Ordinal);
        var rule = Template.Resource("alerts", "Microsoft.Insights/scheduledQueryRules").GetProperty("properties");
        const string Link = "[format('{0}#{1}', parameters('runbookUrl'), variables('logRules')[copyIndex()].name)]";
        Assert.Equal(Link, Template.At(rule, "actions/customProperties/runbook"));
        Assert.EndsWith(
            "parameters('runbookUrl'), variables('logRules')[copyIndex()].name)]",
            Template.At(rule, "description"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "variables('logRules')[copyIndex()].dimensions",
            Template.At(rule, "criteria/allOf/0/dimensions"),
            StringComparison.Ordinal
        );
        // A dimension is a column of the result.
        foreach (var found in AlertRule.All.Where(found => found.Gauge is not null))
            Assert.Matches($@"\| summarize [^\n]* by {found.Property}\n", found.Query);
    }

    [Fact]
    public void Each_alert_has_its_place_in_the_runbook_with_a_query_a_command_and_whom_to_wake()
    {
        var section = Runbook.Section("Alerts");
        var places = Regex.Split(section, @"(?m)^(?=(?:<a id|### ))").Skip(1).ToList();
        places = [.. Merge(places)];
        var named = AlertRule
            .All.Select(rule => rule.Name)
            .Concat(["exceptions", "resource-health"])
            .Order(StringComparer.Ordinal)
            .ToList();
        Assert.Equal(
            named,
            places
                .SelectMany(place => Runbook.Anchors(place).Where(anchor => anchor != "missed-plan"))
                .Order(StringComparer.Ordinal)
        );
        Assert.All(places, place =>
            Assert.Matches(
                @"(?s)### \S+\n[A-Z].{20,}?\n\* Query: `\w+ \| [^`]+`\n\* Command: [^\n]*`[^`]+`[^\n]*\n\* Wake: \w[^\n]+\.\n",
                place
            )
        );
    }

    /// <summary>Anchors that are set before a heading belong to it.</summary>
    private static IEnumerable<string> Merge(IEnumerable<string> places)
    {
        var before = "";
        foreach (var place in places)
        {
            if (place.StartsWith("<a id", StringComparison.Ordinal))
            {
                before += place;
            }
            else
            {
                yield return before + place;
                before = "";
            }
        }
    }
}
