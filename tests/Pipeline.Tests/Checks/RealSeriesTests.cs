using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Pipeline.Checks;
using Pipeline.Sources;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;
using Pipeline.Tables;
using Pipeline.Tests.Cases;
using Pipeline.Tests.Sources;
using Pipeline.Tests.Sources.Census;
using Xunit;

namespace Pipeline.Tests.Checks;

/// <summary>
/// The guards on published series, with their crises, wars and sanctions: nothing true is flagged, and slips are. The
/// files are no part of
/// the repository: where they are missing, the tests are skipped.
/// </summary>
public sealed class RealSeriesTests
{
    private const string Fdi = "unctad/US_FdiFlowsStock_2025.csv";
    private const string Balance = "census/country_balance_2024-11.xlsx";
    private const string Bilateral = "unctad/bilateral_russia.csv";
    private const string Trades = "census/russia_trade.csv";
    private const string Bonds = "moex/ofz_nonresident.csv";
    private const string Capitalisation = "moex/stock_engine_capitalization.json";

    private static byte[] Read(string name) => RealData.Read(name);

    private static Task<FigureFindings> ReviewAsync(
        ISliceReader reader,
        byte[] body,
        Dictionary<(string, string), double>? stored = null
    ) =>
        new FigureReview(
            reader,
            stored is null
                ? null
                : new ExistingFigures(
                    (partition, row) => stored.TryGetValue((partition, row), out var figure) ? figure : null
                ),
            null
        ).RunAsync(_ => Task.FromResult<Stream>(new MemoryStream(body)), CancellationToken.None);

    private static async Task<Dictionary<(string, string), double>> StoredAsync(ISliceReader reader, byte[] body)
    {
        var stored = new Dictionary<(string, string), double>();
        await foreach (var batch in reader.ReadAsync(new MemoryStream(body), CancellationToken.None))
        {
            foreach (var row in batch.Rows)
                stored[(row.PartitionKey, row.RowKey)] = row.Figure!.Value;
        }

        return stored;
    }

    /// <summary>The guide says how many figures the guard covers.</summary>
    private static void IsInGuide(string series, FigureFindings found)
    {
        var share = Math.Round(100.0 * found.Covered / found.Figures);
        var line = File.ReadLines(Path.Combine(Repository.Root, "src", "Pipeline.Functions", "BI.md"))
            .Single(line => line.StartsWith($"| {series}", StringComparison.Ordinal));
        var words = string.Create(
            CultureInfo.InvariantCulture,
            $"| {found.Covered:N0} of {found.Figures:N0}, {share} % |"
        );
        Assert.EndsWith(words, line, StringComparison.Ordinal);
    }

    private static FdiBody Reader() => new(extract: false, lastYear: 2024);

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_release_of_2025()
    {
        var body = Read(Fdi);
        var check = await Reader().CheckAsync(new MemoryStream(body), CancellationToken.None);
        Assert.Null(check.Refusal);
        Assert.Equal(
            (34_952, 23_666, 9_626, 1_660, 0),
            (check.Read, check.Kept, check.Excluded, check.Missing, check.Rejected)
        );
        var found = await ReviewAsync(Reader(), body, await StoredAsync(Reader(), body));
        Assert.Null(found.Refusal);
        Assert.Empty(found.Flagged);
        Assert.Equal((23_666, 18_683), (found.Figures, found.Covered));
        IsInGuide("investment flows and stocks", found);
    }

    /// <summary>
    /// A year whose values stand one column further left or right, all values times a factor, two economies swapped.
    /// </summary>
    public static TheoryData<string> Slips => ["1000", "0.001", "1000000", "0.9", "shifted", "swapped"];

    [Theory, MemberData(nameof(Slips))]
    public async Task No_slip_is_loaded_over_a_true_vintage_nor_a_factor_into_an_empty_table(string slip)
    {
        var body = Read(Fdi);
        var wrong = Encoding.UTF8.GetBytes(Spoil(Encoding.UTF8.GetString(body), slip));
        var check = await Reader().CheckAsync(new MemoryStream(wrong), CancellationToken.None);
        // Factors of a thousand and a shifted year show in the body alone.
        if (slip is not ("0.9" or "swapped"))
            Assert.NotNull(check.Refusal);
        if (slip == "shifted")
            return;
        var found = await ReviewAsync(Reader(), wrong, await StoredAsync(Reader(), body));
        Assert.Contains(
            slip == "swapped"
                ? "with figures of another magnitude than in the table: "
                : $"figures that are {slip} times those of the table",
            found.Refusal?.Seen,
            StringComparison.Ordinal
        );
    }

    private static string Spoil(string text, string slip)
    {
        var lines = text.Split('\n');
        for (var at = 1; at < lines.Length; at++)
        {
            // The value is the first number after the four quoted or coded columns: labels may hold commas.
            var tail = lines[at]
                .LastIndexOf(
                    '"',
                    lines[at].IndexOf("Inward\"", StringComparison.Ordinal) is >= 0 and var inward
                        ? inward + 7
                        : Math.Max(0, lines[at].IndexOf("Outward\"", StringComparison.Ordinal) + 8)
                );
            if (lines[at].Length == 0 || tail < 0)
                continue;
            var (head, rest) = (lines[at][..(tail + 2)], lines[at][(tail + 2)..].Split(','));
            if (slip == "shifted")
            {
                if (head.StartsWith("2010,", StringComparison.Ordinal) && rest[0].Length > 0)
                    lines[at] = $"{head},{string.Join(',', rest[..^1])}";
                continue;
            }
            if (slip == "swapped")
            {
                // The United States and Kyrgyzstan.
                if (head.Contains(",840,", StringComparison.Ordinal))
                    lines[at] = lines[at].Replace(",840,", ",417,", StringComparison.Ordinal);
                else if (head.Contains(",417,", StringComparison.Ordinal))
                    lines[at] = lines[at].Replace(",417,", ",840,", StringComparison.Ordinal);
                continue;
            }
            if (!decimal.TryParse(rest[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                continue;
            rest[0] = (value * decimal.Parse(slip, CultureInfo.InvariantCulture)).ToString(
                "0.######",
                CultureInfo.InvariantCulture
            );
            lines[at] = head + string.Join(',', rest);
        }
        return string.Join('\n', lines);
    }

    [Fact]
    public async Task The_release_as_exports_of_the_data_centre_is_understood_as_a_whole()
    {
        var parts = new Dictionary<(string, string), StringBuilder>();
        foreach (var line in Encoding.UTF8.GetString(Read(Fdi)).Split('\n').Skip(1).Where(line => line.Length > 0))
        {
            var cells = line.Split('"');
            // year,code,"label",flow,"…",direction,"…",value,footnote,missing,…
            var rest =
                cells.Length > 7
                    ? line[(line.IndexOf(cells[5] + "\"", StringComparison.Ordinal) + cells[5].Length + 1)..]
                    : cells[6];
            var value = rest.TrimStart(',').Split(',')[0];
            var missing =
                rest.Contains("Not applicable", StringComparison.Ordinal) ? "Not applicable"
                : rest.Contains("Negative acc", StringComparison.Ordinal) ? "Negative accumulation of flows"
                : "";
            if (rest.StartsWith(",,", StringComparison.Ordinal))
                value = "";
            var key = (cells[5].ToLowerInvariant(), cells[3].ToLowerInvariant());
            if (!parts.TryGetValue(key, out var part))
            {
                parts.Add(
                    key,
                    part = new StringBuilder(
                        $"#part {key.Item1} "
                            + $"{key.Item2}\nEconomy_Label,Year,US_at_current_prices_in_millions_Value,"
                            + "US_at_current_prices_Footnote,US_at_current_prices_MissingValue\r\n"
                    )
                );
            }

            var rounded =
                value.Length == 0
                    ? ""
                    : Math.Round(decimal.Parse(value, NumberStyles.Float, CultureInfo.InvariantCulture))
                        .ToString("0", CultureInfo.InvariantCulture);
            part.Append(
                CultureInfo.InvariantCulture,
                $"\"{cells[1]}\",{line[..4]},{rounded},,{(missing.Length > 0 ? $"\"{missing}\"" : "")}\r\n"
            );
        }
        var body = Encoding.UTF8.GetBytes(string.Concat(parts.Values));
        var check = await Reader().CheckAsync(new MemoryStream(body), CancellationToken.None);
        Assert.Null(check.Refusal);
        Assert.Equal(
            (34_952, 23_666, 9_626, 1_660, 0),
            (check.Read, check.Kept, check.Excluded, check.Missing, check.Rejected)
        );
        Assert.Empty((await ReviewAsync(Reader(), body)).Flagged);
    }

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_country_balance_file()
    {
        var body = Read(Balance);
        var reader = Trade.Reader("country-balance/1985-01");
        Assert.Null((await reader.CheckAsync(new MemoryStream(body), CancellationToken.None)).Refusal);
        var found = await ReviewAsync(reader, body, await StoredAsync(reader, body));
        Assert.Null(found.Refusal);
        Assert.Empty(found.Flagged);
        IsInGuide("trade totals of all partners", found);
    }

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_bilateral_statistics()
    {
        var body = Read(Bilateral);
        var found = await ReviewAsync(new PartnersBody(2012), body);
        Assert.Empty(found.Flagged);
        IsInGuide("investment by partner", found);
    }

    /// <summary>Rows as a reader would give them, with the guards of a dataset.</summary>
    private sealed class Series(FactTable table, FigurePolicy figures, IEnumerable<FactRow> rows) : ISliceReader
    {
        public FactTable Table => table;
        public SliceScope Scope { get; } = new("", ("", "~"), (_, _) => true);
        public FigurePolicy Figures => figures;

        public bool InPolicy(FactRow row, DateTimeOffset vintage) => true;

        public Task<BodyCheck> CheckAsync(Stream body, CancellationToken cancellationToken) =>
            throw new NotSupportedException("The rows are no body.");

        public async IAsyncEnumerable<RowBatch> ReadAsync(
            Stream body,
            [EnumeratorCancellation] CancellationToken cancellationToken
        )
        {
            await Task.CompletedTask;
            var batch = new RowBatch();
            batch.Rows.AddRange(rows);
            yield return batch;
        }
    }

    /// <summary>The months of the trade with Russia, 1992 to 2025, each times a factor.</summary>
    private static IEnumerable<TradeMonthly> Russia(Func<string, long> factor) =>
        Encoding
            .UTF8.GetString(Read(Trades))
            .Split('\n')
            .Skip(1)
            .Select(line => line.Split(','))
            .Where(cells => cells is [{ Length: 7 }, "exports" or "imports", ..])
            .Select(cells => new TradeMonthly
            {
                PartitionKey = $"4621|{cells[1]}|total",
                RowKey = $"{cells[0]}|TOTAL",
                ValueUsd = (long)(decimal.Parse(cells[2], CultureInfo.InvariantCulture) * 1_000_000) * factor(cells[0]),
            });

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_trade_with_Russia()
    {
        var found = await ReviewAsync(new Series(TradeMonthly.Table, CensusBody.Totals, Russia(_ => 1)), []);
        Assert.Null(found.Refusal);
        Assert.Empty(found.Flagged);
        IsInGuide("trade totals with Russia", found);
    }

    [Theory]
    [InlineData("1992-01")]
    [InlineData("2022-05")]
    [InlineData("2025-02")]
    public async Task A_month_a_thousand_times_too_large_is_flagged(string month)
    {
        var rows = Russia(period => period == month ? 1000 : 1);
        var found = await ReviewAsync(new Series(TradeMonthly.Table, CensusBody.Totals, rows), []);
        Assert.Equal(month == "1992-01" ? 0 : 2, found.Flagged.Count);
        Assert.All(found.Flagged, flag => Assert.StartsWith(month, flag.Key.Row, StringComparison.Ordinal));
    }

    /// <summary>The Bank of Russia's months of the file as its table has them, volumes times a factor.</summary>
    private static byte[] Ofz(Func<string, int> factor)
    {
        var table = new TestWorkbook { Sheet = "ОФЗ" }.Add([
            "'Дата",
            "'Объем нерезидентов, млрд руб.",
            "'Доля нерезидентов, %",
            "'Объем рынка, млрд руб.",
        ]);
        foreach (var line in Encoding.UTF8.GetString(Read(Bonds)).Split('\n').Skip(1))
        {
            if (line.Split(',') is not [{ Length: 10 } day, var share, var volume, var total, "cbr_monthly", ..])
                continue;
            if (volume.Length > 0)
                volume = $"{int.Parse(volume, CultureInfo.InvariantCulture) * factor(day)}";
            table.Add([$"'{day}", volume, share, total]);
        }
        return table.Write();
    }

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_bonds_of_non_residents()
    {
        var body = Ofz(_ => 1);
        var check = await new OfzBody().CheckAsync(new MemoryStream(body), CancellationToken.None);
        Assert.Equal((null, 37, 37, 0), (check.Refusal, check.Read, check.Kept, check.Rejected));
        var found = await ReviewAsync(new OfzBody(), body, await StoredAsync(new OfzBody(), body));
        Assert.Null(found.Refusal);
        Assert.Empty(found.Flagged);
        IsInGuide("OFZ of non-residents", found);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(100)]
    public async Task A_volume_in_another_unit_does_not_fit_its_share(int factor)
    {
        var body = Ofz(day => day == "2024-02-01" ? factor : 1);
        var check = await new OfzBody().CheckAsync(new MemoryStream(body), CancellationToken.None);
        Assert.Equal((null, 37, 0), (check.Refusal, check.Kept, check.Rejected));
        var flag = Assert.Single((await ReviewAsync(new OfzBody(), body)).Flagged).Value;
        Assert.StartsWith(
            "holders ofz|market_outstanding_cbr_monthly 2024-02-01|",
            flag.Where,
            StringComparison.Ordinal
        );
        Assert.StartsWith("no more than the total (row ", flag.Expected, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_capitalisation_of_2017_is_plausible_and_a_thousandth_of_it_is_not()
    {
        var body = Encoding.UTF8.GetString(Read(Capitalisation));
        var reader = new CapitalisationBody();
        Assert.Empty((await ReviewAsync(reader, Encoding.UTF8.GetBytes(body))).Flagged);
        var slipped = body.Replace("32370425050077.613", "32370425050.077", StringComparison.Ordinal);
        var flag = Assert.Single((await ReviewAsync(reader, Encoding.UTF8.GetBytes(slipped))).Flagged).Value;
        Assert.Equal(
            ("32370425050.077", "1000000000000 to 1000000000000000, which holds the whole history"),
            (flag.Seen, flag.Expected)
        );
    }
}
