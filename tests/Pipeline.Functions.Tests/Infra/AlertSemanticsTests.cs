using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Storage;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// When each alert fires: how far it looks back, what decides, and what its query counts. There is no
/// workspace to run the queries in, so that their words are held fast.
/// </summary>
public sealed class AlertSemanticsTests
{
    public static TheoryData<string, string, string> Rules
    {
        get
        {
            var rules = new TheoryData<string, string, string>
            {
                { "poison-backlog", "PT1H", "| where Value > 0" },
                { "poison-expiring", "PT1H", "| where queue endswith \"-poison\" and Value > 7200" },
                { "queue-stuck", "PT1H", "| where queue !endswith \"-poison\" and Value > 360" },
                { "data-overdue", "PT1H", "| where Value > 48" },
                { "quarantined-slice", "PT1H", "| where Value > 0" },
                { "ledger-gap", "PT1H", "| where Value > 0" },
                { "open-rejects", "PT1H", "| where Value > 0" },
                { "revision-out-of-policy", "PT1H", "| where Value > 0" },
                { "missed-monitor", "PT1H", "| where Runs == 0" },
                { "plan-failed", "PT30M", "| where Function startswith \"Plan\" and Failures > 0" },
                { "work-failing", "PT30M", "| where Failures > 5" },
                { "poison-message", "PT30M", "| where Messages > 0" },
                {
                    "secret-expiry",
                    "P1D",
                    "| extend Secret = tostring(column_ifexists(\"eventGridEventProperties_data_ObjectName_s\", \"\"))"
                },
                { "telemetry-cap", "PT1H", "| where Detail contains \"OverQuota\"" },
            };
            foreach (var plan in Code.Timers.Select(timer => timer.Name).Where(name => name != "Monitor"))
                rules.Add($"missed-{plan.ToLowerInvariant()}", "P2D", "| where Runs == 0");
            return rules;
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void It_looks_back_so_far_and_this_decides(string name, string window, string decides)
    {
        var rule = Assert.Single(AlertRule.All, rule => rule.Name == name);
        Assert.Equal((window, decides), (rule.Window, rule.Query.TrimEnd().Split('\n')[^1]));
    }

    [Fact]
    public void Figures_are_stale_after_the_days_of_their_calendar()
    {
        var stale = Assert.Single(AlertRule.All, rule => rule.Name == "data-stale");
        Assert.Equal("PT1H", stale.Window);
        // What people maintain has no calendar.
        var days = Code
            .Datasets.Where(dataset => dataset.MaximumAgeDays is not null)
            .ToDictionary(dataset => $"{dataset.Source}/{dataset.Name}", dataset => dataset.MaximumAgeDays!.Value);
        Assert.Equal(
            (45, 400, 14),
            (
                days["census-trade/exports-total"],
                days["unctad-fdi/fdi-flows-stock"],
                days["moex-holders/market-capitalisation"]
            )
        );
        var map = Regex.Match(stale.Query, @"\| where Value > 24 \* todouble\(dynamic\((\{.*\})\)\[dataset\]\)\s*$");
        Assert.True(map.Success, stale.Query);
        Assert.Equal(
            days.OrderBy(limit => limit.Key, StringComparer.Ordinal),
            JsonSerializer
                .Deserialize<Dictionary<string, int>>(map.Groups[1].Value)!
                .OrderBy(limit => limit.Key, StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Samples_which_never_change_are_never_stale()
    {
        // The rule stays and is switched off: a deployment takes no rule away that an earlier one made.
        Assert.Contains(
            "      enabled: enabled && (figuresAreLive || rule.name != 'data-stale')\n",
            BicepFile.Read("modules/alerts.bicep").Text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "    figuresAreLive: (sources.?Sources__Mode ?? sourceDefaults.Sources__Mode) == 'live'\n",
            BicepFile.Read("main.bicep").Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_message_or_two_that_are_given_up_are_no_flood_of_exceptions()
    {
        var alerts = BicepFile.Read("modules/alerts.bicep").Text;
        var threshold = int.Parse(
            Regex
                .Match(alerts, @"metricName: 'exceptions/count'\s+operator: 'GreaterThan'\s+threshold: (\d+)")
                .Groups[1]
                .Value,
            CultureInfo.InvariantCulture
        );
        const int tellers = 3; // worker, function and host
        Assert.Equal(2 * Names.MaxAttempts * tellers, threshold);
        Assert.Contains(
            $"makes {Names.MaxAttempts * tellers} at most",
            Runbook.Part(@"(?s)### exceptions\n.*?\* Wake"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "description: 'More than thirty exceptions in a quarter of an hour. Runbook: ",
            alerts,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_runbook_says_what_the_daily_limit_does_to_the_other_alerts_and_to_its_own()
    {
        string Row(string alert) => Regex.Replace(Runbook.Part($@"(?s)### {alert}\n.*?\* Wake"), @"\s+", " ");
        Assert.Contains(
            "look first whether [telemetry-cap](#telemetry-cap) fired",
            Row("missed-monitor"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "it resolves after an hour while the logs are still closed",
            Row("telemetry-cap"),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("midnight", Row("telemetry-cap"), StringComparison.Ordinal);
        Assert.Contains("On only where `Sources__Mode` is `live`", Row("data-stale"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "gauge.kql",
        1,
        "AppMetrics\n| where Name == \"{gauge}\"\n| extend {property} = tostring(Properties.{property}), Value = Sum / "
            + "ItemCount\n| summarize arg_max(TimeGenerated, Value) by {property}\n"
    )]
    [InlineData(
        "missed-run.kql",
        1,
        "| where tostring(Properties.function) == \"{function}\" and tostring(Properties.outcome) == \"succeeded\"\n"
            + "| summarize Runs = count()\n"
    )]
    [InlineData(
        "failing-function.kql",
        1,
        "| where Name == \"pipeline.outcomes\" and tostring(Properties.outcome) == \"failed\"\n| summarize Failures = "
            + "sum(Sum) by Function = tostring(Properties.function), Source = tostring(Properties.source)\n"
    )]
    [InlineData(
        "poison-message.kql",
        1,
        "tostring(Properties.function) startswith \"KeepDead\"\n| summarize Messages = sum(Sum) by "
    )]
    [InlineData(
        "telemetry-cap.kql",
        1,
        "_LogOperation\n| where Category == \"Ingestion\"\n| where Detail contains \"OverQuota\"\n"
    )]
    public void This_is_what_a_query_counts(string file, int times, string clause) =>
        Assert.Equal(
            times,
            Regex.Count(File.ReadAllText(Path.Combine(BicepFile.Folder, "alerts", file)), Regex.Escape(clause))
        );

    [Fact]
    public void Every_alert_is_held_fast() =>
        Assert.Equal(
            AlertRule.All.Select(rule => rule.Name).Order(StringComparer.Ordinal),
            Rules.Select(row => row.Data.Item1).Append("data-stale").Order(StringComparer.Ordinal)
        );
}
