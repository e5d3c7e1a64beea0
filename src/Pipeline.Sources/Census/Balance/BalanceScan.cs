using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Sources.Census.Balance;

/// <summary>Goes through the country balance file once: each month of a row is kept, missing, left out or
/// rejected.</summary>
/// <param name="from">The first month wanted.</param>
/// <param name="lastYear">The year in which the body was fetched: no row is of a later one.</param>
internal sealed class BalanceScan(DateOnly from, int lastYear)
{
    private const string Kept = "kept in rejects, fix the reader or replay";
    private const int CellsPerRow = 24;

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
    private readonly BalanceTotals totals = new();
    private readonly CheckFindings judgements = new();
    private string? newest;
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

        judgements.AddRange(totals.Findings());
        return new BodyCheck(read, kept, excluded, missing, rejected, newest, refusal)
        {
            Judgements = judgements.ToList(),
        };
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
        if (year < BalanceTotals.FirstYear || year > lastYear)
        {
            Reject(
                row.Number,
                "year",
                Quote(row.Year),
                $"{BalanceTotals.FirstYear}, the first year of the file, to {lastYear}, in which it was fetched",
                CellsPerRow
            );
            return;
        }
        switch (CensusPartners.KindOf(code))
        {
            case CensusPartners.Kind.Group:
                if (code == BalanceTotals.World)
                    totals.Count(row, year, isWorld: true);
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
        totals.Count(row, year, isWorld: false);
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
            var figure = rowKeys.Row(partner, rowKeys.Total, month, dollars, yearToDate);
            figure.Place = new BodyPlace("row", row.Number, column);
            Batch.Rows.Add(figure);
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
