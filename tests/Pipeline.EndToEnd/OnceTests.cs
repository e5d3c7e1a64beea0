using System.Text.Json;
using Pipeline.Local.Once;
using Pipeline.Sources;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary><c>--once</c> on the samples, as a process.</summary>
public sealed class OnceTests(Azurite azurite)
{
    [Fact]
    public async Task A_run_ends_with_0_and_says_how_many_rows_came()
    {
        var quiet = await QuietRun.GetAsync(azurite);
        Assert.Empty(quiet.Ended.Error);
        var account = new Account(quiet.ConnectionString);
        foreach (
            var (source, slices, tables, changed) in (IEnumerable<(string, string, string[], string)>)
                [
                    ("census-trade", "32", ["trademonthly"], "8"),
                    ("unctad-fdi", "2", ["fdiannual", "fdipartners"], "0"),
                    ("moex-holders", "3", ["holders"], "0"),
                ]
        )
        {
            var facts = 0;
            foreach (var table in tables)
                facts += (await account.RowsAsync(table)).Count;
            Assert.True(facts > 50, $"{source}: {facts} rows");
            var summary = Summary(quiet.Ended, source);
            Assert.Equal(
                (slices, $"{facts:N0}", changed, "0"),
                (summary["slices"], summary["added"], summary["changed"], summary["rejected"])
            );
        }
        Assert.Contains("\ntables: http://127.0.0.1:", quiet.Ended.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("AccountKey", quiet.Ended.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tables_keep_the_contract_and_the_published_figures_as_the_npm_client_reads_them() =>
        await Contract.AssertHoldsAsync(
            (await QuietRun.GetAsync(azurite)).ConnectionString,
            "trademonthly,fdiannual,fdipartners,holders,indicators,claims,partners,commodities,periods,gaps,runs,"
                + "slices,datasets,history",
            figures: true
        );

    [Fact]
    public async Task A_second_run_asks_for_everything_finds_nothing_new_and_writes_to_no_fact_table()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        var settings = App.Settings(connection);
        // With the year of which two vintages were recorded.
        settings["Census__From"] = "2022-01";
        await App.RunAsync(settings, "--once");
        Assert.Equal(8, (await account.RowsAsync("history")).Count);
        var before = await FactVersionsAsync(account);

        var second = await App.RunAsync(settings, "--once");

        Assert.True(second.ExitCode == 0, second.ToString());
        Assert.Empty(second.Error);
        foreach (
            var (source, slices) in (IEnumerable<(string, string)>)
                [("census-trade", "8"), ("unctad-fdi", "2"), ("moex-holders", "3")]
        )
        {
            var summary = Summary(second, source);
            Assert.Equal(
                (slices, "0", "0", "0"),
                (summary["slices"], summary["read"], summary["added"], summary["changed"])
            );
        }
        Assert.Equal(before, await FactVersionsAsync(account));
    }

    [Fact]
    public async Task Two_runs_at_the_same_time_leave_what_one_quiet_run_leaves()
    {
        var quiet = await QuietRun.GetToDisturbAsync(azurite);
        var connection = azurite.NewAccount();
        var both = await Task.WhenAll(
            App.RunAsync(QuietRun.ToDisturb(connection), "--once"),
            App.RunAsync(QuietRun.ToDisturb(connection), "--once")
        );
        Assert.All(both, ended => Assert.True(ended.ExitCode == 0, ended.ToString()));
        await quiet.AssertSameAsync(connection);
    }

    [Fact]
    public async Task Sources_are_run_by_the_names_of_their_plans_and_one_that_is_switched_off_is_named_as_such()
    {
        var ended = await App.RunAsync(App.Small(azurite.NewAccount()), "--once", "PlanCensusTrade", "planmoexholders");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.NotEqual("0", Summary(ended)["added"]);
        Assert.Contains("\n  moex-holders ", ended.Out, StringComparison.Ordinal);
        Assert.Contains("\nmoex-holders: switched off by the settings\n", ended.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("unctad-fdi", ended.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_plan_is_named_together_with_the_known_ones_and_touches_nothing()
    {
        var connection = azurite.NewAccount();
        var ended = await App.RunAsync(App.Settings(connection), "--once", "Nonsense");
        Assert.Equal(1, ended.ExitCode);
        var plans = SourceServices.Settings.Select(source => PlannedSource.FunctionOf(source.Source));
        Assert.Equal("--once: seen \"Nonsense\", expected one of " + $"{string.Join(", ", plans)}\n", ended.Error);
        Assert.Empty(await new Account(connection).NamesAsync());
    }

    [Fact]
    public async Task A_source_whose_recordings_fit_no_slice_says_so()
    {
        var settings = App.Small(azurite.NewAccount(), ("Unctad__PartnersFile", "other.csv"));
        var ended = await App.RunAsync(settings, "--once", "PlanUnctadFdi");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Matches(
            "(?m)^unctad-fdi: no recording fits a slice; samples/unctad-fdi/answers\\.json: seen recordings of \".+\", "
                + "expected the end of the address of a slice as request, for example of curated:///other\\.csv "
                + "\\(unctad-fdi/fdi-partners/[a-z0-9-]+\\); correct request, or set Sources__Mode to live$",
            ended.Out
        );
        Assert.DoesNotContain("nothing due", ended.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirected_output_has_no_escape_sequences()
    {
        var quiet = await QuietRun.GetAsync(azurite);
        Assert.DoesNotContain('\u001b', quiet.Ended.Out);
        Assert.DoesNotContain('\r', quiet.Ended.Out);
        Assert.DoesNotContain('\u001b', quiet.Ended.Error);
    }

    [Fact]
    public async Task The_headline_figures_are_read_from_the_indicators_and_the_next_step_is_named()
    {
        var quiet = await QuietRun.GetAsync(azurite);
        string[] lines =
        [
            "US imports of goods from Russia: 126.1 million US dollars in 2024-12, -56.8% on 2023-12",
            "foreign direct investment in Russia: stock of 216.0 billion US dollars at the end of 2024",
            "United States: 55 percent of the foreign-held free float of Moscow's shares on 2018-09-06",
            "next: 'dotnet run --project src/Pipeline.Local' and open http://localhost:7071/ for charts, claims and "
                + "what was revised",
        ];
        Assert.All(lines, line => Assert.Contains($"\n{line}\n", quiet.Ended.Out, StringComparison.Ordinal));
        var account = new Account(quiet.ConnectionString);
        async Task<double> OfAsync(string indicator, string period) =>
            (double)
                (
                    await account.RowsAsync("indicators", $"PartitionKey eq '{indicator}' and RowKey eq '{period}'")
                ).Single()["Value"];
        var (last, before) = (
            await OfAsync("us-ru-imports-monthly", "2024-12"),
            await OfAsync("us-ru-imports-monthly", "2023-12")
        );
        Assert.Equal(
            "126.1 -56.8",
            string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{last / 1e6:0.0} {(last / before - 1) * 100:0.0}"
            )
        );
        Assert.Equal(216.0, await OfAsync("fdi-rus-inward-stock", "2024") / 1e9, 1);
    }

    [Fact]
    public async Task From_its_start_a_run_says_what_it_is_doing()
    {
        var quiet = await QuietRun.GetAsync(azurite);
        // A test that kills a host may leave a worker, which the next run ends first.
        Assert.Matches(
            "^(worker: ended [0-9]+ whose host had died\n)?worker: starting the function app\n",
            quiet.Ended.Out
        );
        foreach (
            var (plan, slices) in (IEnumerable<(string, int)>)
                [("PlanCensusTrade", 32), ("PlanUnctadFdi", 2), ("PlanMoexHolders", 3)]
        )
        {
            Assert.Matches($"(?m)^ +[0-9]+ s  {plan}: {slices} slices are due$", quiet.Ended.Out);
        }
        Assert.Matches(
            "(?m)^ +[0-9]+ s  ([0-9]+ of [0-9]+ slices|all slices; computing indicators, claims and files), [0-9,]+ "
                + "rows, [0-9,]+ rows/s",
            quiet.Ended.Out
        );
    }

    [Fact]
    public async Task As_JSON_every_line_is_an_object_and_the_ledger_is_one_for_each_source()
    {
        var ended = await App.RunAsync(App.Small(azurite.NewAccount()), "--once", "PlanCensusTrade", "--json");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        var lines = ended
            .Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        // One plan was named: no other source has a row.
        var ledger = Assert.Single(lines, line => line.TryGetProperty("source", out _));
        Assert.Equal(
            ("census-trade", 6),
            (ledger.GetProperty("source").GetString(), ledger.GetProperty("slices").GetInt32())
        );
        Assert.All(
            lines.Where(line => line.ValueKind == JsonValueKind.Object && !line.TryGetProperty("source", out _)),
            line => Assert.Equal(JsonValueKind.String, line.GetProperty("message").ValueKind)
        );
    }

    [Fact]
    public async Task A_list_names_each_slice_with_its_state()
    {
        var quiet = await QuietRun.GetAsync(azurite);
        var ended = await App.RunAsync(App.Settings(quiet.ConnectionString), "--list");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Matches("(?m)^census-trade/imports-total/2018 +Published +[0-9,]+ rows  pulled ", ended.Out);
        Assert.Equal(
            (await new Account(quiet.ConnectionString).RowsAsync("slices")).Count,
            ended.Out.Split('\n').Count(line => line.Contains(" rows  pulled ", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task An_explanation_shows_a_figure_with_its_place_and_a_citation()
    {
        var quiet = await QuietRun.GetAsync(azurite);
        const string Key = "trademonthly/4621|imports|total/2019-07|TOTAL";
        var settings = App.Settings(quiet.ConnectionString);
        var ended = await App.RunAsync(settings, "--explain", Key);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.StartsWith(
            $"figure          {Key}\nValueUsd        2,066,401,200 US dollars\n",
            ended.Out,
            StringComparison.Ordinal
        );
        Assert.Matches("(?m)^place           row [0-9]+$", ended.Out);
        Assert.Matches("(?m)^cite            US Census Bureau.*SHA-256 [0-9a-f]{64}[.]$", ended.Out);

        ended = await App.RunAsync(settings, "--explain", Key, "--json");
        using var json = JsonDocument.Parse(ended.Out);
        Assert.Equal(2_066_401_200, json.RootElement.GetProperty("values")[0].GetProperty("value").GetInt64());

        ended = await App.RunAsync(settings, "--explain", "trademonthly/4621|imports|total/2019-13|TOTAL");
        Assert.Equal(1, ended.ExitCode);
        Assert.StartsWith(
            "figure of trademonthly: seen \"4621|imports|total\" \"2019-13|TOTAL\", expected a row of this partition: ",
            ended.Error,
            StringComparison.Ordinal
        );
        ended = await App.RunAsync(settings, "--explain", "trademonthly");
        Assert.Equal(
            (
                1,
                "--explain: seen \"trademonthly\", expected table/partition/row, such as "
                    + "\"trademonthly/4621|imports|total/2019-07|TOTAL\"; correct the key, and quote it because of its "
                    + "bars\n"
            ),
            (ended.ExitCode, ended.Error)
        );
    }

    /// <summary>A source's row of the summary by column.</summary>
    internal static Dictionary<string, string> Summary(App.Ended ended, string source = "census-trade")
    {
        var lines = ended
            .Out.Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        var head = lines.FirstOrDefault(words => words.FirstOrDefault() == "source");
        var row = lines.FirstOrDefault(words => words.FirstOrDefault() == source);
        Assert.True(head is not null && row is not null && head.Length == row.Length, ended.ToString());
        return head.Zip(row).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    private static async Task<List<string>> FactVersionsAsync(Account account)
    {
        var versions = new List<string>();
        foreach (var table in (string[])[.. Account.FactTables, "indicators", "claims", "history", "gaps"])
            versions.AddRange(await account.VersionsAsync(table));
        return versions;
    }
}
