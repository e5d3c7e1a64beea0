using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census;

/// <summary>Goes through the country balance file once: each month of a row is kept, missing, left out or
/// rejected.</summary>
/// <param name="from">The first month wanted.</param>
/// <param name="lastYear">The year in which the body was fetched: no row is of a later one.</param>
internal sealed class BalanceScan(DateOnly from, int lastYear)
{
    private const string Kept = "kept in rejects, fix the reader or replay";
    private const int CellsPerRow = 24;

    /// <summary>The first year of the file.</summary>
    private const int FirstYear = 1985;

    /// <summary>
    /// From here on the countries of a month add up to the world, to the rounding; before, the world is of another
    /// vintage.
    /// </summary>
    private const int AddsUpFrom = 1992;

    /// <summary>
    /// Fewer countries in a month are an extract; the file has 220 or more. With so many the world row must have a
    /// figure.
    /// </summary>
    private const int ManyPartners = 150;

    /// <summary>The code of the world, not seasonally adjusted.</summary>
    private const string World = "0015";

    /// <summary>
    /// A file with a larger share of rejected cells than this has another layout than the reader knows.
    /// </summary>
    private const double MaxRejected = 0.05;

    /// <summary>
    /// How far a year column may be from the sum of its months, in dollars: what binary noise can add up
    /// to.
    /// </summary>
    private const long YearTolerance = 5;

    private readonly HashSet<(string Code, int Year)> seen = [];
    private long read,
        kept,
        excluded,
        missing,
        rejected;
    private readonly Dictionary<(int Year, int Month, bool Imports), Total> totals = [];
    private readonly CheckFindings judgements = new();
    private string? newest;

    /// <summary>What countries and the world have in a month.</summary>
    private sealed class Total
    {
        public Int128 Sum;
        public long? World;
        public int Partners;

        /// <summary>What rounding explains: the world has months in whole millions.</summary>
        public long Half = 500_000;

        public UnusedRows Unused { get; } = new(canBeNegative: false);
    }

    private Finding? refusal;

    /// <summary>Rows that were not handed on yet.</summary>
    public RowBatch Batch { get; } = new();

    /// <summary>Refuses the body. That its file cannot be read is the better explanation of what came before.</summary>
    public void Refuse(Finding finding) => refusal = finding;

    /// <summary>What was found, once all rows were taken.</summary>
    public BodyCheck Result()
    {
        if (rejected > read * MaxRejected && rejected > CellsPerRow)
        {
            refusal ??= new Finding(
                "body",
                $"{rejected} of {read} cells that cannot be understood",
                "at most 5 %",
                "the layout has changed: the table keeps the old rows; adapt the reader, then replay"
            );
        }

        if (read == 0)
        {
            refusal ??= new Finding(
                "body",
                "no row",
                "one row per year and country",
                "the body is kept; pull the slice again"
            );
        }

        judgements.AddRange(WorldFindings());
        return new BodyCheck(read, kept, excluded, missing, rejected, newest, refusal)
        {
            Judgements = judgements.ToList(),
        };
    }

    /// <summary>Countries add up to the world, which lies in a range that no slip of a unit stays in.</summary>
    private IEnumerable<Finding> WorldFindings()
    {
        foreach (var ((year, month, imports), total) in totals.OrderBy(pair => pair.Key))
        {
            // A month that is not published has 0 for all; a body of a few countries is an extract.
            if (total.Partners < ManyPartners || (total.World is null or 0 && total.Sum == 0))
                continue;
            var where = $"{BalanceFile.Column(imports, month)} of {year}";
            if (total.World is not { } world || world == 0)
            {
                yield return new Finding(
                    where,
                    $"{total.Partners} countries that add up to {total.Sum} US dollars, and "
                        + (total.World is null ? "no figure of the world" : "a world row of 0"),
                    $"the world row, {World}, with what the countries add up to",
                    CensusChecks.CheckAndAccept
                );
                continue;
            }

            if (world is < CensusChecks.LeastWorld or > CensusChecks.MostWorld)
            {
                yield return new Finding(
                    where,
                    $"{world} US dollars as the world row, {World}",
                    $"{CensusChecks.LeastWorld} to {CensusChecks.MostWorld}, which holds every month since "
                        + $"{FirstYear}",
                    CensusChecks.CheckAndAccept
                );
            }

            if (year < AddsUpFrom || UnusedRows.Explain(world - total.Sum, total.Unused, null, total.Half))
                continue;
            yield return new Finding(
                where,
                $"countries that add up to {total.Sum} US dollars{UnusedRows.InWords(total.Unused, null)}",
                $"{world}, the world row, {World}",
                CensusChecks.CheckAndAccept
            );
        }
    }

    /// <summary>Notes a month of the world or of a country.</summary>
    private void Count(BalanceFile.Row row, int year, bool isWorld)
    {
        foreach (var imports in (bool[])[true, false])
        {
            for (var month = 0; month < 12; month++)
            {
                if (new DateOnly(year, month + 1, 1) >= CensusSlice.FirstMonth)
                    continue;
                var key = (year, month, imports);
                if (!totals.TryGetValue(key, out var total))
                    totals.Add(key, total = new Total());
                if (!BalanceFile.TryDollars((imports ? row.Imports : row.Exports)[month], out var dollars))
                {
                    if (!isWorld)
                        total.Unused.Add(null, null);
                    continue;
                }
                // Up to 2002 the file has one decimal of a million.
                total.Half += year <= 2002 ? 50_000 : 1;
                if (isWorld)
                {
                    total.World = dollars;
                }
                else
                {
                    total.Sum += dollars;
                    total.Partners++;
                }
            }
        }
    }

    public void Take(BalanceFile.Row row)
    {
        read += CellsPerRow;
        var code = Text(row.Code);
        if (
            !int.TryParse(Text(row.Year), NumberStyles.None, CultureInfo.InvariantCulture, out var year)
            || year is < 1900 or > 2200
        )
        {
            Reject(row.Number, "year", Quote(row.Year), "a year of four digits", CellsPerRow);
            return;
        }
        if (year < FirstYear || year > lastYear)
        {
            Reject(
                row.Number,
                "year",
                Quote(row.Year),
                $"{FirstYear}, the first year of the file, to {lastYear}, in which it was fetched",
                CellsPerRow
            );
            return;
        }
        switch (CensusPartners.KindOf(code))
        {
            case CensusPartners.Kind.Group:
                if (code == World)
                    Count(row, year, isWorld: true);
                excluded += CellsPerRow;
                return;
            case CensusPartners.Kind.Country:
                break;
            default:
                Reject(
                    row.Number,
                    "CTY_CODE",
                    Quote(row.Code),
                    "a code of four digits, 0 to 8 first, as text",
                    CellsPerRow
                );
                return;
        }
        if (!seen.Add((code, year)))
        {
            Reject(
                row.Number,
                "CTY_CODE",
                $"{code} of {year} a second time",
                "one row per year and country",
                CellsPerRow
            );
            return;
        }
        Count(row, year, isWorld: false);
        Flow(row, code, year, CensusSlice.Imports, row.Imports, imports: true);
        Flow(row, code, year, CensusSlice.Exports, row.Exports, imports: false);
    }

    private void Flow(BalanceFile.Row row, string code, int year, string flow, object?[] cells, bool imports)
    {
        long toDate = 0;
        var lacking = ""; // The first month of the year without a figure.
        var slice = new CensusSlice(flow, CensusSlice.Total, null, year, null, null);
        var rowKeys = new CensusRowKeys(slice);
        var partner = rowKeys.PartnerOf(code, Text(row.Name));
        for (var month = 0; month < 12; month++)
        {
            var position = new DateOnly(year, month + 1, 1);
            var column = BalanceFile.Column(imports, month);
            // From the API's first month on the API answers; months before the first one wanted are not requested.
            var wanted = position < CensusSlice.FirstMonth && position >= from;
            if (cells[month] is null or "")
            {
                lacking = lacking.Length > 0 ? lacking : column;
                if (!wanted)
                {
                    excluded++;
                }
                else
                {
                    missing++;
                    Batch.Missing.Add(
                        new MissingRow(
                            partner.PartitionKey,
                            rowKeys.RowKey(rowKeys.Total, month),
                            $"the file has an empty cell in {column}"
                        )
                    );
                }
                continue;
            }
            if (!BalanceFile.TryDollars(cells[month], out var dollars))
            {
                lacking = lacking.Length > 0 ? lacking : column;
                Reject(row.Number, column, Quote(cells[month]), "millions of US dollars, 0 or more", 1);
                continue;
            }
            toDate += dollars;
            if (!wanted)
            {
                excluded++;
                continue;
            }
            kept++;
            // Without an earlier month the sum is not the year to date.
            long? yearToDate = lacking.Length == 0 ? toDate : null;
            Batch.Rows.Add(rowKeys.Row(partner, rowKeys.Total, month, dollars, yearToDate));
            if (yearToDate is null)
            {
                Batch.Gaps.Add(
                    MissingRow.OfColumn(
                        partner.PartitionKey,
                        rowKeys.RowKey(rowKeys.Total, month),
                        nameof(TradeMonthly.YearToDateUsd),
                        $"the file has no figure in {lacking}"
                    )
                );
            }
            var period = position.ToString("yyyy-MM", CultureInfo.InvariantCulture);
            if (newest is null || string.CompareOrdinal(newest, period) < 0)
                newest = period;
        }
        if (cells[12] is null or "")
            return;
        if (!BalanceFile.TryDollars(cells[12], out var total))
        {
            refusal ??= new Finding(
                $"row {row.Number}, column {BalanceFile.Column(imports, 12)}",
                Quote(cells[12]),
                "millions of US dollars, 0 or more",
                "the layout has changed: the table keeps the old rows; adapt the reader, then replay"
            );
        }
        else if (lacking.Length == 0 ? Math.Abs(total - toDate) > YearTolerance : toDate - total > YearTolerance)
        {
            judgements.Add(
                new Finding(
                    $"row {row.Number}, column {BalanceFile.Column(imports, 12)}",
                    $"{total} US dollars for {code} {year}",
                    lacking.Length == 0
                        ? $"{toDate}, the sum of its months"
                        : $"at least {toDate}, the sum of its other months: {lacking} has no figure",
                    CensusChecks.CheckAndAccept
                )
            );
        }
    }

    private void Reject(int row, string column, string seen, string expected, int cells)
    {
        rejected += cells;
        Batch.Rejected.Add(new Finding($"row {row}, column {column}", seen, expected, Kept));
    }

    private static string Text(object? cell) => Convert.ToString(cell, CultureInfo.InvariantCulture)?.Trim() ?? "";

    private static string Quote(object? cell) => cell is null ? "nothing" : Finding.Quote(Text(cell));
}
