using System.Text;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census.Trade;

/// <summary>Goes through a response of the trade API once: each row is kept, missing, left out or rejected.</summary>
/// <param name="slice">The slice.</param>
/// <param name="settings">The settings.</param>
/// <param name="last">The last month that the publisher's calendar allows; null where that is not known.</param>
internal sealed class CensusScan(CensusSlice slice, CensusOptions settings, DateOnly? last)
{
    private const string Kept = "kept in rejects, fix the reader or replay";
    private const string OfAnotherRequest =
        "the answer belongs to another request: the table keeps the old rows; pull the slice again";

    private readonly CensusChecks checks = new(slice, settings, last);
    private readonly CensusRowKeys keys = new(slice);
    private readonly byte[] level = Encoding.UTF8.GetBytes(slice.Level);
    private readonly byte[]? asked = slice.Partner is null ? null : Encoding.UTF8.GetBytes(slice.Partner);
    private bool headerRead;
    private CensusRow row = null!; // Set with the header, without which no row is looked at.
    private Finding? refusal;

    /// <summary>Rows that were not handed on yet.</summary>
    public RowBatch Batch { get; } = new();

    /// <summary>The place of the row that comes next; the first row after the header is 1.</summary>
    public string Next => headerRead ? $"row {checks.Read + 1}" : "header";

    /// <summary>Whether the rest of the body would change nothing.</summary>
    public bool IsOver => refusal is not null;

    public void Refuse(Finding finding) => refusal ??= finding;

    /// <summary>Takes the present row.</summary>
    public void Take(JsonRows rows)
    {
        if (!headerRead)
        {
            headerRead = true;
            if (CensusHeader.Read(rows, slice, out var finding) is { } header)
                row = new CensusRow(rows, header);
            else
                Refuse(finding!);
            return;
        }
        checks.Read++;
        if (row.Malformed is { } malformed)
        {
            checks.Unplaced(null);
            Reject("", malformed, $"{row.Columns.Count} cells of text");
        }
        else if (row.Contradiction() is var (first, again))
        {
            Unplaced(again, $"{row.Quote(first)} as in the first column of that name");
        }
        else if (!row.TryMonth(out var year, out var month))
        {
            Unplaced(row.MonthColumn, "a month, yyyy-MM");
        }
        else
        {
            Take(year, month);
        }
    }

    /// <summary>What was found, once all rows were taken.</summary>
    public BodyCheck Result()
    {
        if (!headerRead)
            Refuse(new Finding("body", "no row", "a header row", "the body is kept; pull the slice again"));
        // An operator may overrule a judgement, but not that rows cannot be understood.
        refusal ??= checks.Unreadable();
        return new BodyCheck(
            checks.Read,
            checks.Kept,
            checks.Excluded,
            checks.Missing,
            checks.Rejected,
            checks.Newest,
            refusal
        )
        {
            Judgements = refusal is null ? checks.Judgements() : [],
        };
    }

    private void Take(int year, int month)
    {
        var position = slice.Index(year, month);
        if (position < 0)
        {
            RefuseOther(row.MonthColumn, $"\"{year:0000}-{month:00}\"", $"a month of {slice.Key}, which was asked for");
            return;
        }
        checks.Month(position);
        var column = row.Columns.Commodity;
        if (CommodityOfRow() is not { } commodity)
        {
            Unplaced(column, $"a commodity code of {slice.Level[2..]} digits");
        }
        else if (slice.Chapter is { } chapter && !commodity.Code.StartsWith(chapter, StringComparison.Ordinal))
        {
            RefuseOther(column, row.Quote(column), $"a code of chapter {chapter}, which was asked for");
        }
        else if (slice.Level != CensusSlice.Total && !row.IsOfLevel(level))
        {
            Unplaced(row.Columns.Level, $"\"{slice.Level}\"");
        }
        else
        {
            Take(commodity, position);
        }
    }

    private CensusRowKeys.Commodity? CommodityOfRow() =>
        slice.Level == CensusSlice.Total ? keys.Total : row.Commodity(keys, digits: slice.Level[2] - '0');

    private void Take(CensusRowKeys.Commodity commodity, int position)
    {
        switch (row.Kind)
        {
            case CensusPartners.Kind.Total:
                World(commodity, position);
                break;
            case CensusPartners.Kind.Group:
                checks.Excluded++;
                break;
            case CensusPartners.Kind.Country:
                Country(commodity, position);
                break;
            default:
                checks.Unused(commodity, position, row.OwnValue, row.OwnYearToDate);
                Reject(
                    row.Columns.Code,
                    "a Schedule C code: four digits starting with 1 to 8, a group, or - for the total"
                );
                break;
        }
    }

    private void World(CensusRowKeys.Commodity commodity, int position)
    {
        checks.WorldTotal(commodity, position, row.Value);
        if (row.Value is null && !row.HasNoValue)
            Reject(row.Columns.Value, "a whole number of US dollars");
        else
            checks.Excluded++;
    }

    private void Country(CensusRowKeys.Commodity commodity, int position)
    {
        if (asked is not null && !row.Code.SequenceEqual(asked))
        {
            RefuseOther(row.Columns.Code, row.Quote(row.Columns.Code), $"\"{slice.Partner}\", which was asked for");
            return;
        }
        var partner = row.Partner(keys);
        var yearToDate = row.YearToDate;
        if (row.Value is not { } value)
        {
            Lacking(partner, commodity, position, yearToDate);
            return;
        }
        switch (checks.Figure(partner, commodity, position, value, yearToDate))
        {
            case KeyOccurrence.First:
                checks.Kept++;
                var kept = keys.Row(partner, commodity, position, value, yearToDate);
                kept.Place = new BodyPlace("row", checks.Read);
                Batch.Rows.Add(kept);
                // The month is good; what is missing beside it is a gap of that column.
                if (yearToDate is null)
                    Batch.Gaps.Add(ColumnGap(partner, commodity, position));
                break;
            case KeyOccurrence.Duplicate:
                checks.Excluded++;
                break;
            default:
                Reject(
                    row.Columns.Value,
                    $"one value for {partner.Code} {keys.RowKey(commodity, position)}; another row of the body has a "
                        + "different one"
                );
                break;
        }
    }

    private MissingRow ColumnGap(CensusRowKeys.PartnerKey partner, CensusRowKeys.Commodity commodity, int position) =>
        MissingRow.OfColumn(
            partner.PartitionKey,
            keys.RowKey(commodity, position),
            nameof(TradeMonthly.YearToDateUsd),
            $"the source sent {row.Quote(row.Columns.YearToDate)} for {row.Columns[row.Columns.YearToDate]}"
        );

    /// <summary>A partner's row without a figure that can be read: it is missing or rejected.</summary>
    private void Lacking(
        CensusRowKeys.PartnerKey partner,
        CensusRowKeys.Commodity commodity,
        int position,
        long? yearToDate
    )
    {
        checks.Lacking(partner, commodity, position, row.OwnValue, yearToDate);
        if (!row.HasNoValue)
        {
            Reject(row.Columns.Value, "a whole number of US dollars");
            return;
        }
        checks.Missing++;
        Batch.Missing.Add(
            new MissingRow(
                partner.PartitionKey,
                keys.RowKey(commodity, position),
                $"the source sent null for {row.Columns[row.Columns.Value]}"
            )
        );
    }

    /// <summary>Rejects a row whose month or commodity is not known.</summary>
    private void Unplaced(int column, string expected)
    {
        checks.Unplaced(row.OwnValue);
        Reject(column, expected);
    }

    private void Reject(int column, string expected) => Reject(Column(column), row.Quote(column), expected);

    private void Reject(string column, string seen, string expected)
    {
        checks.Rejected++;
        Batch.Rejected.Add(new Finding($"row {checks.Read}{column}", seen, expected, Kept));
    }

    private void RefuseOther(int column, string seen, string expected) =>
        Refuse(new Finding($"row {checks.Read}{Column(column)}", seen, expected, OfAnotherRequest));

    private string Column(int column) => $", column {row.Columns[column]}";
}
