using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;

namespace Pipeline.Sources.Moex.Ofz;

/// <summary>
/// Reads the Bank of Russia's table of OFZ held by non-residents: a row is a month, as of its first day; billions of
/// roubles at nominal value, and per cent of the market.
/// </summary>
/// <remarks>
/// A row without any cell is not a row. A row that has other cells and no date is left out, and so is one that has
/// nothing but a text in place of the date: the notes below the table.
/// </remarks>
internal sealed class OfzBody : HolderBody
{
    public const string Citation = "Bank of Russia, table_ofz";

    /// <summary>How far the printed share may be from volume and total, in points (moex.md, section 2).</summary>
    private const decimal ShareTolerance = 0.1m;

    /// <summary>What no volume reaches, in billions of roubles; the whole market has some 30,000.</summary>
    private const decimal MaxVolume = 10_000_000m;

    /// <summary>So many shares say something about their unit.</summary>
    private const int FewShares = 3;

    private const decimal Billion = 1_000_000_000m;

    /// <inheritdoc/>
    public override SliceScope Scope => MoexScope.OfOfz;

    /// <inheritdoc/>
    protected override DateOnly FirstDay => new(2012, 1, 1);

    /// <inheritdoc/>
    /// <remarks>
    /// Source: statements of the Bank of Russia from December 2012 to January 2026. The smallest volume is 557
    /// billion roubles (2012-12-01), the largest 3,200 (2021-12-01), 5.7 times as much. No month can be ten times the
    /// median of its neighbours. The floor, 50 billion, is a tenth of the smallest volume: smaller medians are of a
    /// table in another unit, or of shares, which say nothing here.
    /// </remarks>
    protected override SpikeLimit Spikes { get; } = new(50_000_000_000, 10);

    /// <inheritdoc/>
    /// <remarks>
    /// Source: the statements above. A slip of a thousand leaves the range either way, also without a share.
    /// </remarks>
    protected override (double Least, double Most)? Plausible => (20_000_000_000, 100_000_000_000_000);

    /// <inheritdoc/>
    /// <remarks>
    /// Source: the same statements. Within 100 days no share is further than 2.4 points (2021-01-01 to 2021-04-01) or
    /// 1.2 times (2025-11-01 to 2025-12-01) from the nearest other one.
    /// </remarks>
    protected override ShareLimit Shares { get; } =
        new(row => ((Holding)row).SharePercent is var share && !double.IsNaN(share) ? share : null, 5, 3, 100);

    /// <inheritdoc/>
    public override string Wanted => "a month with a volume or a share";

    /// <summary>
    /// The whole market in billions of roubles. Source: volume and share of the same statements, 3,201 on 2012-12-01
    /// and 29,760 on 2026-01-01. A slip of a hundred in either leaves the range.
    /// </summary>
    private const decimal LeastMarket = 500m,
        MostMarket = 500_000m;

    /// <summary>
    /// A table with a larger share of rejected months than this is in another unit as a whole; a few are slips.
    /// </summary>
    private const double MaxRejected = 0.2;
    private const int FewRejected = 3;

    /// <inheritdoc/>
    protected override Task<HolderReading> ReadAllAsync(Stream body, CancellationToken cancellationToken)
    {
        var reading = new HolderReading();
        var markets = new List<Market>();
        foreach (var (row, finding) in OfzFile.Read(body))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (row is null)
                reading.Refuse(finding!);
            else
                Take(row, reading, markets);
        }
        // Units are never guessed: a share of the market is not below one per cent month after month.
        if (
            reading.Rows.Count(row => !double.IsNaN(row.Row.SharePercent)) >= FewShares
            && reading.Rows.All(row => double.IsNaN(row.Row.SharePercent) || row.Row.SharePercent <= 1)
        )
        {
            reading.Refuse(
                new Finding("column share", "no share above 1", "per cent, not fractions of 1", OfzFile.Advice)
            );
        }
        else
        {
            foreach (var (where, row) in reading.Rows)
                DoubtMarket(where, row, reading);
            DoubtBesideOthers(markets, reading);
        }

        var check = reading.Check();
        if (check.Rejected > FewRejected && check.Rejected > (check.Kept + check.Rejected) * MaxRejected)
        {
            reading.Refuse(
                new Finding(
                    "body",
                    $"{check.Rejected} of {check.Kept + check.Rejected} months that cannot be understood, the "
                        + $"first: {reading.FirstRejected}",
                    "at most 20 %",
                    OfzFile.Advice
                )
            );
        }

        if (reading.Check().Read == 0)
            reading.Refuse(new Finding("body", "no row", "a row for each month", OfzFile.Advice));
        return Task.FromResult(reading);
    }

    private static void Take(OfzFile.Row row, HolderReading reading, List<Market> markets)
    {
        var where = $"row {row.Number}";
        if (
            row.Day is null
            || (row is { Day: string, Volume: null, Share: null, Total: null } && TryDay(row.Day) is null)
        )
        {
            reading.Exclude();
            return;
        }
        if (TryDay(row.Day) is not { } day)
            reading.Reject($"{where}, column date", Quote(row.Day), "a day: a date cell, yyyy-MM-dd or dd.MM.yyyy");
        else if (day.Day != 1)
            reading.Reject($"{where}, column date", $"{day:yyyy-MM-dd}", "the first day of a month");
        else
            Take(row, day, where, reading, markets);
    }

    /// <summary>Takes the figures of a month. One of the two is enough: the other is the gap.</summary>
    private static void Take(OfzFile.Row row, DateOnly day, string where, HolderReading reading, List<Market> markets)
    {
        const string Billions = "billions of roubles, 0 or more",
            PerCent = "per cent, 0 to 100";
        var isVolume = TryNumber(row.Volume, MaxVolume, out var volume);
        var isShare = TryNumber(row.Share, 100, out var share);
        var isTotal = TryNumber(row.Total, MaxVolume, out var total);
        if (!isVolume)
            volume = null;
        if (!isShare)
            share = null;
        if (!isTotal)
            total = null;
        if (!isVolume && share is null)
        {
            reading.Reject($"{where}, column volume", Quote(row.Volume), Billions);
        }
        else if (!isShare && volume is null)
        {
            reading.Reject($"{where}, column share", Quote(row.Share), PerCent);
        }
        else if (volume is null && share is null)
        {
            reading.Miss(
                where,
                new MissingRow(
                    HoldingRow.PartitionKey(HoldingRow.Ofz, HolderBasis.CbrMonthly),
                    HoldingRow.RowKey(day, HoldingRow.AllNonResidents, Citation),
                    "the file has neither a volume nor a share"
                )
            );
        }
        else
        {
            decimal? roubles = volume is { } held ? decimal.Round(held * Billion) : null;
            var holding = HoldingRow.Of(
                day,
                HoldingRow.Ofz,
                HolderBasis.CbrMonthly,
                HoldingRow.AllNonResidents,
                Citation,
                share,
                roubles,
                HoldingRow.Roubles
            );
            if (!isTotal && volume is not null)
                reading.Doubt(holding, $"{Quote(row.Total)} as the total", $"{Billions} ({where}, column total)");
            if (Market.Of(where, day, holding, (volume, share, total)) is { } market)
                markets.Add(market);
            if (volume > total)
            {
                reading.Doubt(holding, $"{N(volume)} of {N(total)}", $"no more than the total ({where})");
            }
            else if (
                total > 0
                && share is { } stated
                && volume / total * 100 is { } computed
                && Math.Abs(stated - computed) > ShareTolerance
            )
            {
                reading.Doubt(
                    holding,
                    $"{N(stated)}, but {N(volume)} of {N(total)} is {N(decimal.Round(computed, 2))}",
                    $"a share within {N(ShareTolerance)} points of it ({where}, column share)"
                );
            }

            reading.Keep(
                where,
                holding,
                (nameof(Holding.Value), Reason(row.Volume, volume, "volume")),
                (nameof(Holding.SharePercent), Reason(row.Share, share, "share")),
                // The table has no column for the whole market, but a check lacked it.
                ("Total", isTotal ? "" : Reason(row.Total, total, "total"))
            );
        }
    }

    /// <summary>Why a column of a row has no value; empty where it has one.</summary>
    private static string Reason(object? cell, decimal? number, string column)
    {
        if (number is not null)
            return "";
        return cell is null ? $"the file has no {column}" : $"the file has {Quote(cell)} in the column {column}";
    }

    /// <summary>
    /// Volume and share are those of one market, whose size is known: a slip in one of the two shows.
    /// </summary>
    private static void DoubtMarket(string where, Holding row, HolderReading reading)
    {
        if (double.IsNaN(row.Value) || row.Value <= 0 || double.IsNaN(row.SharePercent) || row.SharePercent <= 0)
            return;
        var (volume, share) = ((decimal)row.Value / Billion, (decimal)row.SharePercent);
        var market = volume / share * 100;
        if (market is >= LeastMarket and <= MostMarket)
            return;
        reading.Doubt(
            row,
            $"{N(volume)} with a share of {N(share)}, which makes a market of {N(decimal.Round(market))}",
            $"a market of {N(LeastMarket)} to {N(MostMarket)} billions of roubles: one of the two is in another unit "
                + $"({where}, column volume)"
        );
    }

    /// <summary>
    /// Without a total a volume and its share make a market like those of the months beside it. Source: the statements
    /// above, where no market within 400 days is more than 1.3 times another (2024-08-01 to 2025-09-01).
    /// </summary>
    private static void DoubtBesideOthers(List<Market> markets, HolderReading reading)
    {
        foreach (var (where, day, row, market, isStated) in markets)
        {
            if (isStated)
                continue;
            var others = markets
                .Where(other => other.Day != day && Math.Abs(other.Day.DayNumber - day.DayNumber) <= MarketDays)
                .OrderBy(other => Math.Abs(other.Day.DayNumber - day.DayNumber))
                .Take(MarketNeighbours)
                .OrderBy(other => other.Day)
                .ToList();
            if (others.Count == 0 || others.Count(other => IsNear(other.Size, market)) * 2 >= others.Count)
                continue;
            var (volume, share) = ((decimal)row.Value / Billion, (decimal)row.SharePercent);
            reading.Doubt(
                row,
                $"{N(volume)} with a share of {N(share)} and no total, which makes a market of "
                    + N(decimal.Round(market)),
                $"a market within {N(MarketFactor)} times of those of the months beside it: "
                    + string.Join(
                        ", ",
                        others.Select(other => $"{other.Day:yyyy-MM-dd} {N(decimal.Round(other.Size))}")
                    )
                    + $" ({where}, column total)"
            );
        }

        static bool IsNear(decimal one, decimal other) => Math.Max(one, other) <= MarketFactor * Math.Min(one, other);
    }

    /// <summary>How far the market of a month may be from most of its neighbours, and which those are.</summary>
    private const decimal MarketFactor = 2;
    private const int MarketNeighbours = 4,
        MarketDays = 400;

    /// <summary>The whole market in a month, billions of roubles.</summary>
    /// <param name="Where">The place in the body.</param>
    /// <param name="Day">The month.</param>
    /// <param name="Row">The row.</param>
    /// <param name="Size">The total, or what volume and share make.</param>
    /// <param name="IsStated">True if the body has the total.</param>
    private sealed record Market(string Where, DateOnly Day, Holding Row, decimal Size, bool IsStated)
    {
        /// <summary>The market of a row; null where the row does not tell.</summary>
        public static Market? Of(
            string where,
            DateOnly day,
            Holding row,
            (decimal? Volume, decimal? Share, decimal? Total) figures
        )
        {
            if (figures.Total is > 0 and var total)
                return new Market(where, day, row, total, true);
            return figures is { Volume: > 0 and var volume, Share: > 0 and var share }
                ? new Market(where, day, row, volume / share * 100, false)
                : null;
        }
    }

    /// <summary>A date cell, a serial number that is not shown as a date, or text; null when it is none.</summary>
    private static DateOnly? TryDay(object? cell)
    {
        var moment = cell switch
        {
            DateTime date => date,
            double serial when serial is > 30_000 and < 80_000 => DateTime.FromOADate(serial),
            int serial when serial is > 30_000 and < 80_000 => DateTime.FromOADate(serial),
            string text
                when DateTime.TryParseExact(
                    text.Trim(),
                    (string[])["yyyy-MM-dd", "dd.MM.yyyy"],
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.None,
                    out var parsed
                ) => parsed,
            _ => DateTime.MinValue,
        };
        return moment.Year is >= 1990 and < 2100 && moment.TimeOfDay == TimeSpan.Zero
            ? DateOnly.FromDateTime(moment)
            : null;
    }

    /// <summary>
    /// A number, or null for an empty cell; false for anything else. Binary noise ends at nine decimals.
    /// </summary>
    private static bool TryNumber(object? cell, decimal most, out decimal? number)
    {
        number = cell switch
        {
            double value when Math.Abs(value) < 1e12 => decimal.Round((decimal)value, 9),
            int value => value,
            string text
                when decimal.TryParse(
                    text.Trim(),
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out var parsed
                ) => parsed,
            _ => null,
        };
        return cell is null || (number >= 0 && number <= most);
    }

    private static string Quote(object? cell) =>
        Finding.Quote(
            cell is DateTime date
                ? date.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
                : Convert.ToString(cell, CultureInfo.InvariantCulture)
        );

    private static string N(decimal? number) =>
        number?.ToString("0.##########", CultureInfo.InvariantCulture) ?? "nothing";
}
