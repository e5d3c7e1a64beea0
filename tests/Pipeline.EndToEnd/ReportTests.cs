using System.Globalization;
using Azure.Data.Tables;
using Microsoft.Playwright;
using Pipeline.Sources;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The report as a person meets it, in a real browser, after <c>--once</c>.</summary>
public sealed class ReportTests(ReportSite site) : IClassFixture<ReportSite>
{
    private static readonly BrowserNewContextOptions Desktop = new()
    {
        ViewportSize = new() { Width = 1200, Height = 900 },
    };

    private static BrowserNewContextOptions Phone(ColorScheme colours = ColorScheme.Light) =>
        new()
        {
            ViewportSize = new() { Width = 360, Height = 740 },
            ColorScheme = colours,
        };

    [Fact]
    public async Task The_trade_on_the_page_is_the_trade_of_the_tables()
    {
        await using var visit = await site.OpenAsync(Desktop);
        var panels = (await visit.PanelsAsync()).Where(panel => panel.Figure == "trade").ToList();
        Assert.Equal(["Twelve months to the month", "Calendar years"], panels.Select(panel => panel.Name));
        foreach (var (panel, span) in panels.Zip(["12m", "annual"]))
        {
            Assert.Equal([span == "annual" ? "year" : "month", "Exports", "Imports", "Balance"], panel.Head);
            var series = new List<Dictionary<string, double>>();
            foreach (var measure in (string[])["exports", "imports", "trade-balance"])
            {
                series.Add(
                    (await IndicatorAsync($"us-ru-{measure}-{span}")).ToDictionary(
                        row => row.RowKey,
                        row => row.GetDouble("Value")!.Value
                    )
                );
            }

            Assert.Equal(
                series.SelectMany(values => values.Keys).Distinct().Order(StringComparer.Ordinal),
                panel.Rows.Select(row => row[0])
            );
            Assert.True(panel.Rows.Length > 30, $"{panel.Rows.Length} rows");
            foreach (var row in panel.Rows)
            {
                Assert.Equal(
                    series.Select(values => values.TryGetValue(row[0], out var value) ? Whole(value) : "–"),
                    row[1..]
                );
            }
        }
        // The figures that the articles got wrong by a thousand.
        Assert.Equal(
            ["2018", "6,658,080,414", "20,844,962,518", "-14,186,882,104"],
            panels[1].Rows.Single(row => row[0] == "2018")
        );
        Assert.Equal("1992", panels[1].Rows[0][0]);
    }

    [Fact]
    public async Task The_partners_on_the_page_are_ranked_as_in_the_tables_with_Russia_among_them()
    {
        await using var visit = await site.OpenAsync(Desktop);
        var panels = (await visit.PanelsAsync()).Where(panel => panel.Figure == "partners").ToList();
        Assert.Equal(
            ["Exports and imports, 2019", "Exports, 2019", "Imports, 2019"],
            panels.Select(panel => panel.Name)
        );
        foreach (var (panel, measure) in panels.Zip(["trade-total", "exports", "imports"]))
        {
            var shares = (await IndicatorAsync($"us-{measure}-share-annual"))
                .Where(row => row.GetString("Period") == "2019")
                .ToDictionary(row => row.RowKey.Split('|')[1], row => row.GetDouble("Value")!.Value);
            Assert.Equal(
                shares.Values.OrderDescending().Take(15).Append(shares["ru"]).Select(Share),
                panel.Rows.Select(row => row[1])
            );
            var place = (await IndicatorAsync($"us-{measure}-rank-annual"))
                .Single(row => row.RowKey == "2019|ru")
                .GetDouble("Value");
            Assert.Equal($"{place}. Russia", panel.Rows[^1][0]);
        }
        Assert.Equal(["1. Mexico", "2. Canada", "3. China"], panels[0].Rows.Take(3).Select(row => row[0]));
    }

    [Fact]
    public async Task The_sources_of_investment_on_the_page_are_those_of_the_tables_basis_by_basis()
    {
        await using var visit = await site.OpenAsync(Desktop);
        var panels = (await visit.PanelsAsync()).Where(panel => panel.Figure == "investment").ToList();
        Assert.Equal(
            [
                "Stock at the end of 2012, by immediate investor, reported by the host",
                "Flow in 2012, by immediate investor, reported by the host",
            ],
            panels.Select(panel => panel.Name)
        );
        foreach (var (panel, (measure, year)) in panels.Zip([("stock", 2012), ("flow", 2012)]))
        {
            var rows = (
                await site.Account.RowsAsync(
                    "fdipartners",
                    $"PartitionKey eq '643|inward|{measure}|host' and Year eq {year}"
                )
            )
                .OrderByDescending(row => row.GetInt64("ValueUsd"))
                .Take(10);
            Assert.Equal(
                rows.Select(row => $"{row.GetString("PartnerName")}: {Whole(row.GetInt64("ValueUsd")!.Value)}"),
                panel.Rows.Select(row => $"{row[0]}: {row[1]}")
            );
        }
        Assert.Equal("Cyprus", panels[0].Rows[0][0]);
        // One estimate of one partner, by ultimate investor, is on file: alone it is no rank, and is not drawn.
        Assert.Single(
            await site.Account.RowsAsync("fdipartners", "PartitionKey eq '643|inward|stock|host' and Year eq 2017")
        );
    }

    [Fact]
    public async Task The_holders_on_the_page_are_those_of_the_tables_with_every_statement_of_its_publisher()
    {
        await using var visit = await site.OpenAsync(Desktop);
        var panels = await visit.PanelsAsync();
        var bonds = panels.Single(panel => panel.Figure == "bonds");
        Assert.Equal(
            (await IndicatorAsync("ofz-nonresident-share")).Select(row =>
                $"{row.RowKey}: {Share(row.GetDouble("Value")!.Value)}"
            ),
            bonds.Rows.Select(row => $"{row[0]}: {row[1]}")
        );
        Assert.True(bonds.Rows.Length > 30);
        var equity = panels.Single(panel => panel.Name == "equity, share of foreign held free float");
        Assert.Equal(["day", "United States", "United Kingdom", "source"], equity.Head);
        var stated = (
            await site.Account.RowsAsync(
                "holders",
                "PartitionKey eq 'equity|foreign_held_free_float' and HolderIso2 ne ''"
            )
        ).Select(row =>
            $"{row.GetDateTimeOffset("AsOf"):yyyy-MM-dd} {row.GetString("Holder")} "
            + $"{Share(row.GetDouble("SharePercent")!.Value)} {row.GetString("Citation")}"
        );
        var shown = equity.Rows.SelectMany(row =>
            (string[])
                [
                    .. Enumerable
                        .Range(1, 2)
                        .Where(at => row[at] != "–")
                        .Select(at => $"{row[0]} {equity.Head[at]} {row[at]} {row[3].Split(" (")[0]}"),
                ]
        );
        Assert.Equal(stated.Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
        Assert.Contains(equity.Rows, row => row[1] == "56" && row[0] == "2018-07-05");
    }

    [Fact]
    public async Task The_claims_on_the_page_are_those_of_the_table_and_their_evidence_can_be_looked_up()
    {
        await using var visit = await site.OpenAsync(Desktop);
        var rows = (await site.Account.RowsAsync("claims"))
            .OrderByDescending(row => row.PartitionKey, StringComparer.Ordinal)
            .ThenBy(row => row.RowKey, StringComparer.Ordinal)
            .ToList();
        Assert.Equal(11, rows.Count);
        var cards = visit.Page.Locator("#claims .claim");
        Assert.Equal(rows.Count, await cards.CountAsync());
        for (var at = 0; at < rows.Count; at++)
        {
            var (row, card) = (rows[at], cards.Nth(at));
            Assert.Equal(row.GetString("Verdict"), await card.Locator(".badge").TextContentAsync());
            Assert.Equal(row.GetString("Statement"), await card.Locator("q").TextContentAsync());
            Assert.Equal(row.GetString("Explanation"), await card.Locator("p").First.TextContentAsync());
            Assert.Equal(
                double.IsNaN(row.GetDouble("StatedValue")!.Value)
                    ? []
                    :
                    [
                        $"{Share(row.GetDouble("StatedValue")!.Value)} {row.GetString("StatedUnit")}",
                        .. double.IsNaN(row.GetDouble("ComputedValue")!.Value)
                            ? (string[])[]
                            : [$"{Share(row.GetDouble("ComputedValue")!.Value)} {row.GetString("ComputedUnit")}"],
                    ],
                await card.Locator("dd").AllTextContentsAsync()
            );
            Assert.Equal(
                $"claims {row.PartitionKey} {row.RowKey}",
                await card.Locator(".evidence code").TextContentAsync()
            );
            var evidence = await card.Locator("details code").AllTextContentsAsync();
            Assert.Equal(row.GetString("Evidence").Split("; ", StringSplitOptions.RemoveEmptyEntries), evidence);
            if (row.GetString("Verdict") != "not-checkable")
                Assert.NotEmpty(evidence);
            foreach (var key in evidence)
                Assert.True(await IsOnFileAsync(key), $"{row.RowKey}: {key} is in no table");
        }
        Assert.Equal(
            [
                "Trade in goods between the United States and Russia, 2019-12-31",
                "Investment, sanctions and prospects of trade between the United States and Russia, 2019-12-31",
            ],
            await visit.Page.Locator("#claims > h3").AllTextContentsAsync()
        );
        // On the samples as they are shipped: an estimate of one partner gives no rank, so that basis is not checked.
        Assert.Equal(
            "Refuted for each of the 2 bases and periods on file: in 2012 (stock by immediate investor, reported by "
                + "Russia) the place of the United States among the sources of direct investment in Russia was no. "
                + "17 of 88, not no. 1; "
                + "in 2012 (flow by immediate investor, reported by Russia) the place of the United States among "
                + "the sources of direct investment in Russia was no. 19 of 96, not no. 1; no such figure is on "
                + "file for stock by ultimate investor.",
            rows.Single(row => row.RowKey[0] == 'f').GetString("Explanation")
        );
        foreach (var panel in await visit.PanelsAsync())
        {
            foreach (var key in panel.Evidence.Split(", "))
                Assert.True(await IsOnFileAsync(key), $"{panel.Name}: {key} is in no table");
        }
    }

    [Fact]
    public async Task The_ledger_on_the_page_is_that_of_the_table_of_runs()
    {
        await using var visit = await site.OpenAsync(Desktop);
        Assert.Equal("All is well", await visit.Page.Locator("#state").TextContentAsync());
        foreach (var source in SourceServices.Settings.Select(settings => settings.Source))
        {
            var runs = await site.Account.RowsAsync("runs", $"Source eq '{source}'");
            var card = visit.Page.Locator(
                "#sources article",
                new() { Has = visit.Page.GetByRole(AriaRole.Heading, new() { Name = source }) }
            );
            Assert.Equal(
                await card.Locator("tbody").First.Locator("tr").CountAsync()
                    - await card.GetByText("nothing yet").CountAsync(),
                await card.GetByText("fresh", new() { Exact = true }).CountAsync()
            );
            var cells = await card.Locator(".ledger tbody td").AllTextContentsAsync();
            Assert.Equal(
                [
                    .. ((string[])["Read", "Added", "Changed", "Unchanged", "Excluded", "Missing", "Rejected"]).Select(
                        column => Whole(runs.Sum(row => row.GetInt64(column)!.Value))
                    ),
                    "adds up",
                ],
                cells
            );
            // A slice that was recorded twice has two runs.
            var slices = runs.Select(row => row.GetString("Slice")).Distinct().Count();
            Assert.Contains(
                $"{slices} slice{(slices == 1 ? "" : "s")} ({slices} Done)",
                await card.Locator(".run").TextContentAsync(),
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task Bars_are_as_long_as_their_figures()
    {
        await using var visit = await site.OpenAsync(Desktop);
        foreach (var figure in (string[])["partners", "investment"])
        {
            var values = (await visit.PanelsAsync())
                .First(panel => panel.Figure == figure)
                .Rows.Select(row => double.Parse(row[1], NumberStyles.Number, CultureInfo.InvariantCulture))
                .ToList();
            var bars = new List<double>();
            var before = -1.0;
            foreach (var row in (await visit.InkAsync(figure, "--s0")).Rows)
            {
                // A bar is some rows of pixels without a gap; the widest is its length.
                if (row.Y - before > 0.006 || bars.Count == 0)
                    bars.Add(0);
                bars[^1] = Math.Max(bars[^1], row.Last);
                before = row.Y;
            }
            Assert.Equal(values.Count, bars.Count);
            foreach (var (bar, value) in bars.Zip(values))
            {
                Assert.True(
                    Math.Abs(bar / bars[0] - value / values[0]) < 0.01,
                    $"{figure}: a bar of {bar / bars[0]:0.000} for a figure of {value / values[0]:0.000}"
                );
            }
        }
    }

    [Fact]
    public async Task Lines_have_their_peaks_where_the_figures_have_them()
    {
        await using var visit = await site.OpenAsync(Desktop);
        var rows = (await visit.PanelsAsync()).First(panel => panel.Figure == "trade").Rows;
        foreach (var (at, colour) in ((int, string)[])[(1, "--s0"), (2, "--s1")])
        {
            var ink = await visit.InkAsync("trade", colour);
            Assert.True(ink.Count > 500, $"{ink.Count} pixels of series {at}");
            var peak = rows.MaxBy(row => double.Parse(row[at], NumberStyles.Number, CultureInfo.InvariantCulture))![0];
            var expected = (Day(peak) - Day(rows[0][0])) / (Day(rows[^1][0]) - Day(rows[0][0]));
            Assert.InRange(expected, ink.Rows[0].First - 0.01, ink.Rows[0].Last + 0.01);
        }
        // The deficit is below zero: its lowest pixel is the lowest of all.
        var deficit = await visit.InkAsync("trade", "--s2");
        Assert.True(deficit.Rows[^1].Y > (await visit.InkAsync("trade", "--s1")).Rows[^1].Y);

        static double Day(string month) =>
            DateTime.ParseExact(month, "yyyy-MM", CultureInfo.InvariantCulture).ToOADate();
    }

    [Fact]
    public async Task The_page_follows_the_colours_of_the_system_and_so_do_its_charts()
    {
        await using var visit = await site.OpenAsync(Desktop);
        Assert.Equal("rgb(246, 247, 249)", await BackAsync());
        var light = await visit.InkAsync("bonds", "--s0");
        await visit.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        Assert.Equal("rgb(16, 21, 27)", await BackAsync());
        // The page learns of the scheme at the beginning of a frame, before its callbacks run, and then draws again.
        await visit.Page.EvaluateAsync(
            "() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
        );
        // The colour's name now stands for another colour: it is on the canvas only if the chart was drawn again.
        var dark = await visit.InkAsync("bonds", "--s0");
        Assert.True(light.Count > 100 && dark.Count > 100, $"{light.Count} pixels when light, {dark.Count} when dark");
        Assert.Empty(visit.Complaints);

        Task<string> BackAsync() =>
            visit.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");
    }

    [Fact]
    public async Task On_a_screen_of_360_pixels_nothing_is_cut_off_and_every_chart_is_there()
    {
        await using var visit = await site.OpenAsync(Phone());
        Assert.Equal(360, await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
        var charts = await visit.Page.EvaluateAsync<double[]>(
            "() => [...document.querySelectorAll('.panel:not([hidden]) canvas')].map(canvas => "
                + "canvas.getBoundingClientRect().right)"
        );
        Assert.Equal(5, charts.Length);
        Assert.All(charts, right => Assert.InRange(right, 200, 360));
        foreach (
            var (figure, colour) in ((string, string)[])
                [
                    ("trade", "--s1"),
                    ("partners", "--s0"),
                    ("investment", "--s0"),
                    ("bonds", "--s0"),
                    ("holders", "--s0"),
                ]
        )
        {
            Assert.True((await visit.InkAsync(figure, colour)).Count > 50, $"{figure}: an empty chart");
        }
        // What is wider than the screen can be moved inside its own frame.
        var (wide, sticking) = (
            await visit
                .Page.Locator("#sources .scroll")
                .First.EvaluateAsync<bool>("frame => frame.scrollWidth > frame.clientWidth"),
            await visit.Page.EvaluateAsync<string[]>(
                "() => [...document.querySelectorAll('main *')].filter(part => !part.closest('.scroll') && "
                    + "part.getBoundingClientRect().right > 360.5).map(part => part.outerHTML.slice(0, 80))"
            )
        );
        Assert.True(wide);
        Assert.Empty(sticking);
        // Turned on its side, the charts follow.
        await visit.Page.SetViewportSizeAsync(740, 360);
        await visit.Page.WaitForFunctionAsync(
            "() => Number(document.querySelector('#trade .chart').dataset.drawn) > 500"
        );
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1200)]
    [InlineData(ColorScheme.Dark, 1200)]
    [InlineData(ColorScheme.Light, 360)]
    [InlineData(ColorScheme.Dark, 360)]
    public async Task Axe_finds_nothing_wrong(ColorScheme colours, int width)
    {
        await using var visit = await site.OpenAsync(
            new BrowserNewContextOptions
            {
                ColorScheme = colours,
                ViewportSize = new() { Width = width, Height = 800 },
            }
        );
        Assert.Empty(await visit.AccessibilityAsync());
        await visit.Page.EvaluateAsync(
            "() => document.querySelectorAll('details').forEach(part => { part.open = true; })"
        );
        Assert.Empty(await visit.AccessibilityAsync());
    }

    [Fact]
    public async Task Axe_does_find_what_is_wrong()
    {
        await using var visit = await site.OpenAsync(Desktop);
        await visit.Page.EvaluateAsync(
            "() => { document.querySelector('#state').style.color = '#d5f0de'; "
                + "document.documentElement.removeAttribute('lang'); }"
        );
        var found = await visit.AccessibilityAsync();
        Assert.Contains(found, line => line.StartsWith("color-contrast", StringComparison.Ordinal));
        Assert.Contains(found, line => line.StartsWith("html-has-lang", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_JavaScript_the_tables_stand_where_the_charts_would()
    {
        await using var visit = await site.OpenAsync(
            new BrowserNewContextOptions
            {
                JavaScriptEnabled = false,
                ViewportSize = new() { Width = 1200, Height = 900 },
            }
        );
        var tables = visit.Page.Locator(".panel table");
        Assert.True(await tables.CountAsync() >= 10);
        foreach (var table in await tables.AllAsync())
            Assert.True(await table.IsVisibleAsync());
        foreach (var chart in await visit.Page.Locator(".chart").AllAsync())
            Assert.False(await chart.IsVisibleAsync());
        Assert.Equal(11, await visit.Page.Locator("#claims .claim").CountAsync());
        await visit.Page.Locator("#claims details summary").First.ClickAsync();
        Assert.True(await visit.Page.Locator("#claims details li").First.IsVisibleAsync());
    }

    [Fact]
    public async Task The_keyboard_reaches_the_figures_and_switches_the_basis()
    {
        await using var visit = await site.OpenAsync(Desktop);
        await visit.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the figures", await FocusAsync("part => part.textContent"));
        Assert.True(
            await visit.Page.Locator(".skip").EvaluateAsync<bool>("part => part.getBoundingClientRect().left >= 0")
        );
        await visit.Page.Keyboard.PressAsync("Enter");
        Assert.EndsWith("#figures", visit.Page.Url, StringComparison.Ordinal);
        await visit.Page.Locator("#investment input[type=radio]").First.FocusAsync();
        Assert.Equal("Stock at the end of 2012, by immediate investor, reported by the host", await ShownAsync());
        await visit.Page.Keyboard.PressAsync("ArrowDown");
        Assert.Equal("Flow in 2012, by immediate investor, reported by the host", await ShownAsync());
        Assert.True((await visit.InkAsync("investment", "--s0")).Count > 50);
        Assert.NotEqual("none", await FocusAsync("part => getComputedStyle(part).outlineStyle"));

        Task<string> FocusAsync(string what) =>
            visit.Page.EvaluateAsync<string>($"() => ({what})(document.activeElement)");
        async Task<string> ShownAsync() =>
            (await visit.Page.Locator("#investment .panel:visible").GetAttributeAsync("data-name"))!;
    }

    [Fact]
    public async Task A_screen_reader_hears_what_a_chart_shows()
    {
        await using var visit = await site.OpenAsync(Desktop);
        Assert.Equal(5, await visit.Page.GetByRole(AriaRole.Img).CountAsync());
        var annual = (await visit.PanelsAsync()).First(panel => panel.Figure == "trade").Rows[^1];
        Assert.True(
            await visit
                .Page.GetByRole(
                    AriaRole.Img,
                    new()
                    {
                        Name =
                            $"Chart of US trade in goods with Russia, Twelve months to the month, from 1992-12 to "
                            + $"{annual[0]}; the last is {annual[0]}: Exports {annual[1]}, Imports {annual[2]}, "
                            + $"Balance {annual[3]} US dollars. The table below has every figure.",
                    }
                )
                .IsVisibleAsync()
        );
    }

    [Fact]
    public async Task Nothing_but_the_pages_own_files_is_loaded_and_nothing_else_runs()
    {
        await using var visit = await site.OpenAsync(Desktop);
        Assert.Empty(visit.Complaints);
        Assert.Equal(3, visit.Requests.Count);
        Assert.All(visit.Requests, address => Assert.StartsWith(site.Address, address, StringComparison.Ordinal));
        var source = await visit.Page.ContentAsync();
        Assert.DoesNotMatch(
            "<script(?![^>]* src=)|<style|\\sstyle=\"(?!width|height)|\\son[a-z]+=|javascript:",
            source.Split("<main>")[0]
        );
        await visit.Page.EvaluateAsync(
            """
            () => new Promise(done => {
              document.addEventListener('securitypolicyviolation', event => { document.title = event.violatedDirective; done(); });
              const part = document.createElement('div');
              part.innerHTML = '<img src="data:,x" onerror="document.body.dataset.hacked = 1">';
              document.body.append(part);
            })
            """
        );
        Assert.Equal("script-src-attr", await visit.Page.TitleAsync());
        Assert.Null(await visit.Page.Locator("body").GetAttributeAsync("data-hacked"));
    }

    private Task<List<TableEntity>> IndicatorAsync(string id) =>
        site.Account.RowsAsync("indicators", TableClient.CreateQueryFilter($"PartitionKey eq {id}"));

    /// <summary>
    /// Whether rows have the keys that a piece of evidence names: table, partition, and a row, a range or a
    /// beginning with a star.
    /// </summary>
    private async Task<bool> IsOnFileAsync(string evidence)
    {
        var parts = evidence.Split(' ', 3);
        var rows = (
            await site.Account.RowsAsync(parts[0], TableClient.CreateQueryFilter($"PartitionKey eq {parts[1]}"))
        )
            .Select(row => row.RowKey)
            .ToList();
        if (parts.Length == 2)
            return rows.Count > 0;
        return parts[2]
            .Split("..")
            .All(key =>
                rows.Any(row => key.EndsWith('*') ? row.StartsWith(key[..^1], StringComparison.Ordinal) : row == key)
            );
    }

    private static string Whole(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Share(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
