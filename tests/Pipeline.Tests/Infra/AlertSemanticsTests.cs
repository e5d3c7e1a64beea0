using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Tests.Infra;

/// <summary>When each alert fires: how far it looks back, what decides, and what its query counts. There is no workspace to run the queries in, so that their words are held fast.</summary>
public sealed class AlertSemanticsTests
{
    public static TheoryData<string, string, string> Rules => new()
    {
        { "poison-backlog", "PT1H", "| where Value > 0" },
        { "poison-expiring", "PT1H", "| where Of endswith \"-poison\" and Value > 7200" },
        { "queue-stuck", "PT1H", "| where Of !endswith \"-poison\" and Value > 360" },
        { "data-overdue", "PT1H", "| where Value > 48" },
        { "ledger-gap", "PT1H", "| where Value > 0" },
        { "open-rejects", "PT1H", "| where Value > 0" },
        { "revision-out-of-policy", "PT1H", "| where Value > 0" },
        { "missed-plancensustrade", "P2D", "| where Runs == 0" },
        { "missed-planunctadfdi", "P2D", "| where Runs == 0" },
        { "missed-planmoexholders", "P2D", "| where Runs == 0" },
        { "missed-monitor", "PT1H", "| where Runs == 0" },
        { "plan-failed", "PT30M", "| where Function startswith \"Plan\" and Failures > 0" },
        { "work-failing", "PT30M", "| where Failures > 5" },
        { "telemetry-cap", "PT1H", "| where Detail contains \"OverQuota\"" }
    };

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
        Assert.Matches("\\| where Value > 24 \\* todouble\\(dynamic\\(\\{\"census-trade/exports-total\":45,.*\\}\\)\\[Of\\]\\)\\s*$", stale.Query);
        Assert.DoesNotContain(":0", stale.Query[stale.Query.IndexOf("dynamic", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gauge.kql", 1, "(AppMetrics\n        | where Name == \"{gauge}\"\n        | project TimeGenerated, Of = coalesce(tostring(Properties.prop__{property}), tostring(Properties.{property})), Value = Sum / ItemCount),")]
    [InlineData("gauge.kql", 2, "| project TimeGenerated, Of, Value)")]
    [InlineData("gauge.kql", 1, "| summarize arg_max(TimeGenerated, Value) by Of")]
    [InlineData("missed-run.kql", 1, "(AppRequests | where Name == \"{function}\" and Success == true | project TimeGenerated),")]
    [InlineData("missed-run.kql", 1, "(AppTraces | where Message startswith \"Executed 'Functions.{function}' (Succeeded\" | project TimeGenerated),")]
    [InlineData("missed-run.kql", 1, "(FunctionAppLogs | where Message startswith \"Executed 'Functions.{function}' (Succeeded\" | project TimeGenerated)\n| summarize Runs = count()\n")]
    [InlineData("failing-function.kql", 1, "| where Success == false and coalesce(toint(ResultCode), 0) !between (400 .. 499)\n        | project Function = Name, Way = \"requests\"),")]
    [InlineData("failing-function.kql", 1, "| where Message startswith \"Executed 'Functions.\" and Message contains \"' (Failed\"\n        | parse Message with \"Executed 'Functions.\" Function:string \"' (Failed\" *\n        | project Function, Way = \"host\")")]
    [InlineData("failing-function.kql", 1, "| summarize Failures = count() by Function, Way\n| summarize Failures = max(Failures) by Function\n")]
    [InlineData("poison-message.kql", 1, "(AppTraces | where Message contains \"Moving message to queue\" and Message contains \"-poison\" | project")]
    [InlineData("poison-message.kql", 1, "(FunctionAppLogs | where Message contains \"Moving message to queue\" and Message contains \"-poison\" | project")]
    [InlineData("telemetry-cap.kql", 1, "_LogOperation\n| where Category == \"Ingestion\"\n| where Detail contains \"OverQuota\"\n")]
    public void This_is_what_a_query_counts(string file, int times, string clause) =>
        Assert.Equal(times, Regex.Matches(File.ReadAllText(Path.Combine(BicepFile.Folder, "alerts", file)), Regex.Escape(clause)).Count);

    [Fact]
    public void Every_alert_is_held_fast() =>
        Assert.Equal(AlertRule.All.Select(rule => rule.Name).Order(StringComparer.Ordinal), Rules.Select(row => row.Data.Item1).Concat(["data-stale", "poison-message"]).Order(StringComparer.Ordinal));
}
