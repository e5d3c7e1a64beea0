using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census;

/// <summary>Reads an answer of the trade API: header, rows, and what must be true of all rows together.</summary>
/// <param name="slice">The slice.</param>
/// <param name="settings">The settings.</param>
/// <param name="last">The last month that the publisher's calendar allows; null where the day of the fetch is not
/// known.</param>
internal sealed class CensusBody(CensusSlice slice, CensusOptions settings, DateOnly? last = null) : ISliceReader
{
    private const string Kept = "kept in rejects, fix the reader or replay";
    private const string OfAnotherRequest =
        "the answer belongs to another request: the table keeps the old rows; pull the slice again";

    /// <summary>
    /// How far a month's total may stand out. Source: the balance file, all partners, both flows, 1985-01 to 2024-06,
    /// as one series, as closed and open years, with and without the stored months around them. With a median of at
    /// least 20 million the largest is 25.2 times it (exports to Equatorial Guinea, 7380, in 2013-02), so that
    /// the factor leaves room for twice as much. With 10 million it is 64.7 times, with 5 million 79.6 times.
    /// Commodities of one partner have no such history: their sums are checked.
    /// </summary>
    internal static readonly FigurePolicy Totals = new() { Spikes = _ => Monthly };
    private static readonly SpikeLimit Monthly = new(20_000_000, 50);

    /// <summary>The months before and after a year that its months are held against.</summary>
    private const int MonthsAround = 12;

    /// <summary>
    /// Commodities of a partner and month add up to its total. The stored total may be of another vintage: ten times
    /// leaves room for every revision, and a slip of a thousand shows from 10 million US dollars on.
    /// </summary>
    private const double WholeFactor = 10,
        WholeFloor = 10_000_000;

    /// <summary>Rows handed on at once.</summary>
    private const int BatchRows = 1000;

    /// <summary>What the next check has to remember, and the next reading of rows.</summary>
    private CensusChecks.Memory checking = CensusChecks.Memory.Sums,
        reading = CensusChecks.Memory.Figures;

    /// <inheritdoc/>
    public FactTable Table => TradeMonthly.Table;

    /// <inheritdoc/>
    public SliceScope Scope => CensusScope.Of(slice);

    /// <inheritdoc/>
    public FigurePolicy? Figures =>
        slice.Level == CensusSlice.Total ? Totals with { Neighbours = Around } : Commodities;

    /// <summary>No commodity of a partner is worth more than all trade of a month.</summary>
    private FigurePolicy Commodities =>
        new()
        {
            Plausible = _ => (0, CensusChecks.MostWorld),
            Whole = new WholeLimit(
                Table,
                row =>
                    (
                        CensusRowKeys.PartitionKeyOf(
                            CensusRowKeys.PartnerIn(row.PartitionKey),
                            slice.Flow,
                            CensusSlice.Total
                        ),
                        $"{row.RowKey[..7]}|{CensusRowKeys.TotalCode}"
                    ),
                WholeFloor,
                WholeFactor,
                slice.Chapter is null ? 1 : int.MaxValue,
                settings.Levels.Contains(CensusSlice.Total)
            ),
        };

    /// <summary>The stored months of a partition around the slice.</summary>
    private string Around(string partition)
    {
        var (from, start) = ($"{slice.Start.AddMonths(-MonthsAround):yyyy-MM}|", $"{slice.Start:yyyy-MM}|");
        var (end, to) = ($"{slice.End:yyyy-MM}}}", $"{slice.End.AddMonths(MonthsAround):yyyy-MM}}}");
        return TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and ((RowKey ge {from} and RowKey lt {start}) or (RowKey ge {end} and RowKey lt {to}))"
        );
    }

    /// <inheritdoc/>
    public string Wanted =>
        $"{slice.Flow} with {(slice.Partner is { } partner ? $"partner {partner}" : "a country")} in {slice.Key}";

    /// <inheritdoc/>
    public bool InPolicy(FactRow row, DateTimeOffset vintage) => CensusScope.InPolicy((TradeMonthly)row, vintage);

    /// <inheritdoc/>
    public async Task<BodyCheck> CheckAsync(Stream body, CancellationToken cancellationToken)
    {
        var pass = new Pass(slice, settings, last, checking);
        (checking, reading) = (CensusChecks.Memory.Sums, CensusChecks.Memory.Figures);
        try
        {
            using var rows = new JsonRows(body);
            do
            {
                while (!pass.IsOver && rows.TryNext())
                    pass.Take(rows, null);
            } while (!pass.IsOver && await rows.FillAsync(cancellationToken));
        }
        catch (JsonException e)
        {
            pass.Refuse(
                new Finding(
                    pass.Next,
                    Finding.Quote(e.Message),
                    "a JSON array of arrays",
                    "the body is kept; the table keeps the old rows; pull the slice again"
                )
            );
        }
        if (pass is { Refusal: null, NeedsFigures: true })
        {
            checking = CensusChecks.Memory.Figures;
            return BodyCheck.Undecided;
        }
        var verdict = pass.Verdict();
        if (verdict.Refusal is null && !pass.HasRepeats)
            reading = CensusChecks.Memory.Nothing;
        return verdict;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RowBatch> ReadAsync(
        Stream body,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var pass = new Pass(slice, settings, last, reading);
        var batch = new RowBatch();
        using var rows = new JsonRows(body);
        do
        {
            while (rows.TryNext())
            {
                pass.Take(rows, batch);
                if (batch.Read < BatchRows)
                    continue;
                yield return batch;
                batch.Clear();
            }
        } while (await rows.FillAsync(cancellationToken));
        if (batch.Read > 0)
            yield return batch;
    }

    /// <summary>
    /// One reading of the body. The first and the second reading decide alike because they are the same
    /// code.
    /// </summary>
    private sealed class Pass(CensusSlice slice, CensusOptions settings, DateOnly? last, CensusChecks.Memory memory)
    {
        private readonly CensusChecks checks = new(slice, settings, last, memory);
        private readonly CensusRowKeys keys = new(slice);
        private readonly byte[] level = Encoding.UTF8.GetBytes(slice.Level);
        private readonly byte[]? asked = slice.Partner is null ? null : Encoding.UTF8.GetBytes(slice.Partner);
        private CensusHeader? header;
        private bool headerRead;

        /// <summary>Rows since the header; the first row after it is 1.</summary>
        public long RowNumber { get; private set; }

        /// <summary>The place of the row that comes next.</summary>
        public string Next => headerRead ? $"row {RowNumber + 1}" : "header";

        public Finding? Refusal { get; private set; }

        public bool HasRepeats => checks.HasRepeats;

        public bool NeedsFigures => checks.NeedsFigures;

        /// <summary>Whether the rest of the body would change nothing.</summary>
        public bool IsOver => Refusal is not null || NeedsFigures;

        public void Refuse(Finding refusal) => Refusal ??= refusal;

        public void Take(JsonRows rows, RowBatch? batch)
        {
            if (!headerRead)
            {
                headerRead = true;
                header = CensusHeader.Read(rows, slice, out var finding);
                if (finding is not null)
                    Refuse(finding);
                return;
            }
            RowNumber++;
            checks.Read++;
            if (batch is not null)
                batch.Read++;
            if (header is not null)
                Row(rows, header, batch);
        }

        public BodyCheck Verdict()
        {
            if (!headerRead)
                Refuse(new Finding("body", "no row", "a header row", "the body is kept; pull the slice again"));
            // An operator may overrule a judgement, but not that rows cannot be understood.
            Refusal ??= checks.Unreadable();
            return new BodyCheck(
                checks.Read,
                checks.Kept,
                checks.Excluded,
                checks.Missing,
                checks.Rejected,
                checks.Newest,
                Refusal
            )
            {
                Partitions = keys.Partitions,
                Judgements = Refusal is null ? checks.Judgements() : [],
            };
        }

        private void Row(JsonRows rows, CensusHeader columns, RowBatch? batch)
        {
            if (rows.Foreign is not null || rows.Count != columns.Count)
            {
                checks.Unplaced(null);
                Reject(batch, "", rows.Foreign ?? $"{rows.Count} cells", $"{columns.Count} cells of text");
                return;
            }
            foreach (var (first, again) in columns.Repeated)
            {
                if (rows.IsNull(first) != rows.IsNull(again) || !rows.Bytes(first).SequenceEqual(rows.Bytes(again)))
                {
                    checks.Unplaced(Own(rows, columns));
                    Reject(
                        batch,
                        columns[again],
                        Quote(rows, again),
                        $"{Quote(rows, first)} as in the first column of that name"
                    );
                    return;
                }
            }

            if (!TryMonth(rows, columns, out var year, out var month))
            {
                var column = columns.Time >= 0 ? columns.Time : columns.Month;
                checks.Unplaced(Own(rows, columns));
                Reject(batch, columns[column], Quote(rows, column), "a month, yyyy-MM");
                return;
            }
            var position = slice.Index(year, month);
            if (position < 0)
            {
                Refuse(
                    new Finding(
                        $"row {RowNumber}, column {columns[columns.Time >= 0 ? columns.Time : columns.Month]}",
                        $"\"{year:0000}-{month:00}\"",
                        $"a month of {slice.Key}, which was asked for",
                        OfAnotherRequest
                    )
                );
                return;
            }
            checks.Month(position);
            if (!TryCommodity(rows, columns, out var commodity))
            {
                checks.Unplaced(Own(rows, columns));
                Reject(
                    batch,
                    columns[columns.Commodity],
                    Quote(rows, columns.Commodity),
                    $"a commodity code of {slice.Level[2..]} digits"
                );
                return;
            }
            if (slice.Chapter is { } chapter && !commodity.Code.StartsWith(chapter, StringComparison.Ordinal))
            {
                Refuse(
                    new Finding(
                        $"row {RowNumber}, column {columns[columns.Commodity]}",
                        Quote(rows, columns.Commodity),
                        $"a code of chapter {chapter}, which was asked for",
                        OfAnotherRequest
                    )
                );
                return;
            }
            if (
                columns.Level >= 0
                && slice.Level != CensusSlice.Total
                && !rows.Bytes(columns.Level).SequenceEqual(level)
            )
            {
                checks.Unplaced(Own(rows, columns));
                Reject(batch, columns[columns.Level], Quote(rows, columns.Level), $"\"{slice.Level}\"");
                return;
            }
            switch (
                rows.IsNull(columns.Code)
                    ? CensusPartners.Kind.Unknown
                    : CensusPartners.KindOf(rows.Bytes(columns.Code))
            )
            {
                case CensusPartners.Kind.Total:
                    World(rows, columns, batch, commodity, position);
                    break;
                case CensusPartners.Kind.Group:
                    Exclude(batch);
                    break;
                case CensusPartners.Kind.Country:
                    Country(rows, columns, batch, commodity, position);
                    break;
                default:
                    checks.Unused(commodity, position, Own(rows, columns), Own(rows, columns.YearToDate));
                    Reject(
                        batch,
                        CensusColumns.Code,
                        Quote(rows, columns.Code),
                        "a Schedule C code: four digits starting with 1 to 8, a group, or - for the total"
                    );
                    break;
            }
        }

        private void World(
            JsonRows rows,
            CensusHeader columns,
            RowBatch? batch,
            CensusRowKeys.Commodity commodity,
            int position
        )
        {
            long? value = TryWhole(rows, columns.Value, out var whole) ? whole : null;
            if (value is null && !rows.IsNull(columns.Value))
            {
                checks.WorldTotal(commodity, position, null);
                Reject(batch, columns[columns.Value], Quote(rows, columns.Value), "a whole number of US dollars");
                return;
            }
            checks.WorldTotal(commodity, position, value);
            Exclude(batch);
        }

        private void Country(
            JsonRows rows,
            CensusHeader columns,
            RowBatch? batch,
            CensusRowKeys.Commodity commodity,
            int position
        )
        {
            if (asked is not null && !rows.Bytes(columns.Code).SequenceEqual(asked))
            {
                Refuse(
                    new Finding(
                        $"row {RowNumber}, column {CensusColumns.Code}",
                        Quote(rows, columns.Code),
                        $"\"{slice.Partner}\", which was asked for",
                        OfAnotherRequest
                    )
                );
                return;
            }
            var partner = keys.PartnerOf(rows, columns);
            long? yearToDate = TryWhole(rows, columns.YearToDate, out var toDate) ? toDate : null;
            if (!TryWhole(rows, columns.Value, out var value))
            {
                Lacking(rows, columns, batch, partner, commodity, position, yearToDate);
                return;
            }
            switch (checks.Figure(partner, commodity, position, value, yearToDate))
            {
                case CensusChecks.Meeting.First:
                    checks.Kept++;
                    if (batch is null)
                        break;
                    batch.Rows.Add(
                        keys.Fill(batch.Blank<TradeMonthly>(), partner, commodity, position, value, yearToDate)
                    );
                    // The month is good; what is missing beside it is a gap of that column.
                    if (yearToDate is null)
                        batch.Gaps.Add(ColumnGap(rows, columns, partner, commodity, position));
                    break;
                case CensusChecks.Meeting.Again:
                    Exclude(batch);
                    break;
                default:
                    Reject(
                        batch,
                        columns[columns.Value],
                        Quote(rows, columns.Value),
                        $"one value for {partner.Code} {keys.RowKey(commodity, position)}; another row of the body "
                            + "has a different one"
                    );
                    break;
            }
        }

        private MissingRow ColumnGap(
            JsonRows rows,
            CensusHeader columns,
            CensusRowKeys.PartnerKey partner,
            CensusRowKeys.Commodity commodity,
            int position
        ) =>
            MissingRow.OfColumn(
                partner.PartitionKey,
                keys.RowKey(commodity, position),
                nameof(TradeMonthly.YearToDateUsd),
                rows.IsNull(columns.YearToDate)
                    ? $"the source sent null for {columns[columns.YearToDate]}"
                    : $"the source sent {Quote(rows, columns.YearToDate)} for {columns[columns.YearToDate]}"
            );

        /// <summary>A partner's row without a figure that can be read: it is missing or rejected.</summary>
        private void Lacking(
            JsonRows rows,
            CensusHeader columns,
            RowBatch? batch,
            CensusRowKeys.PartnerKey partner,
            CensusRowKeys.Commodity commodity,
            int position,
            long? yearToDate
        )
        {
            checks.Lacking(partner, commodity, position, Own(rows, columns), yearToDate);
            if (rows.IsNull(columns.Value))
            {
                checks.Missing++;
                batch?.Missing.Add(
                    new MissingRow(
                        partner.PartitionKey,
                        keys.RowKey(commodity, position),
                        $"the source sent null for {columns[columns.Value]}"
                    )
                );
            }
            else
            {
                Reject(batch, columns[columns.Value], Quote(rows, columns.Value), "a whole number of US dollars");
            }
        }

        private void Exclude(RowBatch? batch)
        {
            checks.Excluded++;
            if (batch is not null)
                batch.Excluded++;
        }

        private void Reject(RowBatch? batch, string column, string seen, string expected)
        {
            checks.Rejected++;
            batch?.Rejected.Add(
                new Finding(
                    column.Length == 0 ? $"row {RowNumber}" : $"row {RowNumber}, column {column}",
                    seen,
                    expected,
                    Kept
                )
            );
        }

        private static string Quote(JsonRows rows, int column) =>
            rows.Text(column) is { } text ? Finding.Quote(text) : "null";

        private static bool TryMonth(JsonRows rows, CensusHeader columns, out int year, out int month)
        {
            month = 0;
            if (columns.Time < 0)
            {
                return TryNumber(rows.Bytes(columns.Year), 4, out year)
                    && TryNumber(rows.Bytes(columns.Month), 2, out month)
                    && month is >= 1 and <= 12;
            }

            var time = rows.Bytes(columns.Time);
            year = 0;
            return time.Length == 7
                && time[4] == '-'
                && TryNumber(time[..4], 4, out year)
                && TryNumber(time[5..], 2, out month)
                && month is >= 1 and <= 12;
        }

        private static bool TryNumber(ReadOnlySpan<byte> digits, int length, out int number)
        {
            number = 0;
            if (digits.Length != length)
                return false;
            foreach (var digit in digits)
            {
                if (digit is < (byte)'0' or > (byte)'9')
                    return false;
                number = number * 10 + digit - '0';
            }
            return true;
        }

        /// <summary>What a row that cannot be used would add to a sum; null when that cannot be read.</summary>
        private static long? Own(JsonRows rows, CensusHeader columns) => Own(rows, columns.Value);

        private static long? Own(JsonRows rows, int column) =>
            long.TryParse(
                rows.Text(column),
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var value
            )
                ? value
                : null;

        /// <summary>Digits only, at most 18 of them: what a value is in every answer seen.</summary>
        private static bool TryWhole(JsonRows rows, int column, out long value)
        {
            var digits = rows.Bytes(column);
            value = 0;
            if (digits.Length is 0 or > 18)
                return false;
            foreach (var digit in digits)
            {
                if (digit is < (byte)'0' or > (byte)'9')
                    return false;
                value = value * 10 + digit - '0';
            }
            return true;
        }

        private bool TryCommodity(JsonRows rows, CensusHeader columns, out CensusRowKeys.Commodity commodity)
        {
            commodity = keys.Total;
            if (slice.Level == CensusSlice.Total)
                return true;
            var code = rows.Bytes(columns.Commodity);
            var digits = slice.Level[2] - '0';
            if (code.Length != digits || code.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
                return false;
            commodity = keys.CommodityOf(code, rows, columns);
            return true;
        }
    }
}
