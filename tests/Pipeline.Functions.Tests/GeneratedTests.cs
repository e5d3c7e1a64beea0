using System.Text.RegularExpressions;
using Pipeline.Functions.Tests.Infra;
using Pipeline.Settings;
using Pipeline.Sources;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests;

/// <summary>
/// Whatever lists sources, datasets, settings or plan functions outside the code is written from the code: see
/// <see cref="Generated.Command"/>.
/// </summary>
[Trait(Generated.Trait, Generated.FromCode)]
public sealed class GeneratedTests
{
    private const string Readme = "README.md";
    private const string Deploying = "infra/DEPLOY.md";
    private const string Restoring = "infra/RESTORE.md";
    private const string RunbookFile = "infra/RUNBOOK.md";
    private const string Guide = "docs/adding-a-source.md";

    private static IReadOnlyList<SourceSettings> Sources => SourceServices.Settings;

    private static IEnumerable<SettingInfo> Secrets =>
        Sources.SelectMany(source => source.Settings).Where(setting => setting.IsSecret);

    private static List<string> FactTables =>
        [.. Code.Datasets.Select(dataset => dataset.Table.Name).Distinct(StringComparer.Ordinal)];

    [Fact]
    public void Every_source_has_the_timer_that_plans_it()
    {
        foreach (var source in Sources)
            Assert.NotEmpty(Code.PlanOf(source));
    }

    [Fact]
    public void The_settings_timers_and_calendars_of_the_infrastructure_are_those_of_the_sources() =>
        Generated.File("infra/sources.bicep", SourcesBicep.Write());

    [Fact]
    public void The_secrets_that_the_infrastructure_refers_to_are_the_required_ones()
    {
        var required = string.Join(
            ", ",
            Secrets.Where(secret => secret.IsRequired).Select(secret => $"'{secret.Name}'")
        );
        Generated.Match("infra/main.bicep", @"(?<=\nparam secrets secretSetting\[\] = )\[[^\]]*\]", $"[{required}]");
        Generated.Match("infra/main.bicepparam", @"(?<=\nparam secrets = [^\n]*\? )\[[^\]]*\]", $"[{required}]");
        Generated.Match("infra/environments/prod.bicepparam", @"(?<=\nparam secrets = )\[[^\]]*\]", $"[{required}]");
    }

    [Fact]
    public void The_template_for_local_work_has_the_schedule_of_every_source() =>
        Generated.Match(
            "local.settings.sample.json",
            """(?:    "(?!MONITOR)[A-Z0-9]+_SCHEDULE": "[^"]*",\n)+""",
            string.Concat(Sources.Select(source => $"    \"{source.Schedule.Name}\": \"{source.ScheduleExample}\",\n"))
        );

    [Fact]
    public void The_README_lists_the_sources_their_tables_and_their_settings()
    {
        Generated.Part(
            Readme,
            "sources",
            Table(
                "| source | figures | table |",
                Sources.Select(source => $"| `{source.Source}` | {source.Figures} | {TablesOf(source)} |")
            )
        );
        Generated.Part(
            Readme,
            "requests",
            Table(
                "| source | what is asked for, and when |",
                Sources.Select(source => $"| `{source.Source}` | {source.Requests} |")
            )
        );
        Generated.Part(
            Readme,
            "settings",
            Table(
                "| setting | meaning | when not set |",
                AllSettings.List.Select(setting => $"| `{setting.Name}` | {setting.Meaning} | {setting.Default} |")
            )
        );
        var tables = Code.Datasets.Select(dataset => dataset.Table).DistinctBy(table => table.Name).ToList();
        Assert.All(tables, table => Assert.NotEmpty(table.About));
        Generated.Match(
            Readme,
            @"(?<=\| table \| what to look up there \|\n\|---\|---\|\n).*?(?=\| `indicators` \|)",
            string.Concat(tables.Select(table => $"| `{table.Name}` | {table.About} |\n"))
        );
    }

    [Fact]
    public void The_runbook_goes_through_all_sources()
    {
        var plans = Sources.Select(Code.PlanOf).ToList();
        var off = plans.Count + 2; // with Pull and Normalize
        Generated.Match(Deploying, "(?<=for plan in )[^;\n]+(?=; do)", string.Join(' ', plans));
        Generated.Match(
            Restoring,
            "(?<=for source in )[^;\n]+(?=; do)",
            string.Join(' ', Sources.Select(source => source.Source))
        );
        Generated.Match(
            Restoring,
            "(?<=for table in )[^;\n]+(?=; do)",
            string.Join(' ', [.. FactTables, Names.History, Names.Gaps, Names.Slices])
        );
        Generated.Match(
            Restoring,
            @"(?<=\n  )AzureWebJobs_Plan[^\n]*(?= \\\n  AzureWebJobs_Pull_Disabled=true)",
            string.Join(' ', plans.Select(plan => $"AzureWebJobs_{plan}_Disabled=true"))
        );
        Generated.Match(Restoring, @"(?<=\[ ""\$off"" = )\d+(?= \])", $"{off}");
        Generated.Match(Restoring, @"(?<=functions that are switched off: \$\{off:-unknown\}, expected )\d+", $"{off}");
        Generated.Match(
            RunbookFile,
            @"(?<=\n)<a id=""missed-plan[^\n]*",
            string.Concat(plans.Select(plan => $"<a id=\"missed-{plan.ToLowerInvariant()}\"></a>"))
        );
        Generated.Part(
            Deploying,
            "secrets",
            Table(
                "| setting | secret in the vault |",
                Secrets.Select(secret => $"| `{secret.Name}` | `{secret.VaultName}` |")
            )
        );
    }

    [Theory]
    [InlineData("ToyOptions.cs")]
    [InlineData("ToyRate.cs")]
    [InlineData("ToyRatesDataset.cs")]
    public void The_guide_to_a_new_source_shows_the_source_of_the_tests(string file)
    {
        // The page is to be short: what every file of C# has, and comments, are left out.
        var shown = Regex.Replace(
            Toy(file),
            @"^(?:using [^\n]*;|namespace [^\n]*;| *///[^\n]*)\n",
            "",
            RegexOptions.Multiline
        );
        Generated.Part(Guide, file, $"```csharp\n{shown.Trim()}\n```\n");
    }

    [Fact]
    public void The_guide_to_a_new_source_shows_the_registration_of_the_tests_and_the_command()
    {
        var line = Regex.Match(Toy("ToySourceTests.cs"), @"services\.AddDataset<[^\n]*;\n").Value;
        Generated.Part(Guide, "registration", $"```csharp\n{line}```\n");
        Generated.Part(Guide, "command", $"```\n{Generated.Command}\n```\n");
    }

    private static string Toy(string file) =>
        File.ReadAllText(Path.Combine(Repository.Root, "tests", "Pipeline.Sources.Tests", "Toy", file));

    private static string TablesOf(SourceSettings source) =>
        string.Join(
            ", ",
            Code.Datasets.Where(dataset => dataset.Source == source.Source)
                .Select(dataset => $"`{dataset.Table.Name}`")
                .Distinct(StringComparer.Ordinal)
        );

    private static string Table(string head, IEnumerable<string> rows) =>
        $"{head}\n|{string.Concat(Enumerable.Repeat("---|", head.Count(sign => sign == '|') - 1))}\n"
        + $"{string.Join('\n', rows)}\n";
}
