using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;

namespace Pipeline.Sources.Formats;

/// <summary>
/// Parses a CSV of a publisher row by row. A dataset says which columns it needs and what becomes of a row. The header,
/// the counts, rows that do not fit and keys that come twice are the same for all.
/// </summary>
/// <param name="required">The columns that must be there; others are ignored.</param>
internal abstract class CsvParser(params string[] required) : IRowParser
{
    /// <summary>A body with a larger share of rejected rows has another layout than the parser knows.</summary>
    private const double MaxRejected = 0.05;

    private const string TableStays = "The table keeps the old rows. Adapt the parser, then replay the slice.";

    /// <inheritdoc/>
    public abstract FactTable Table { get; }

    /// <inheritdoc/>
    public abstract SliceScope Scope { get; }

    /// <inheritdoc/>
    public virtual FigurePolicy? Figures => null;

    /// <inheritdoc/>
    public abstract bool InPolicy(FactRow row, DateTimeOffset vintage);

    /// <summary>Reads a row, with <see cref="CsvLine.Keep"/> and its like.</summary>
    protected abstract CsvOutcome Read(CsvLine line);

    /// <inheritdoc/>
    public async Task<BodyCheck> ParseAsync(
        Stream body,
        Func<RowBatch, ValueTask> take,
        CancellationToken cancellationToken
    )
    {
        var scan = new Scan(this);
        try
        {
            await foreach (var rows in CsvRows.ReadAsync(body, cancellationToken))
            {
                if (!scan.Take(rows))
                    break;
                await scan.Batch.HandOnIfFullAsync(take);
            }
        }
        catch (CsvException e)
        {
            scan.Refuse(new Finding($"line {e.Line}", e.Seen, e.Expected ?? "CSV in UTF-8", e.Remedy ?? TableStays));
        }

        await scan.Batch.HandOnAsync(take);
        return scan.Check();
    }

    /// <summary>One parse of a body.</summary>
    private sealed class Scan(CsvParser parser)
    {
        private readonly HashSet<(string Partition, string Row)> keys = [];
        private CsvColumns? columns;
        private Finding? unreadable,
            firstRejected;
        private string? newest;
        private long kept,
            excluded,
            missing,
            rejected;

        public RowBatch Batch { get; } = new();

        private long Read => kept + excluded + missing + rejected;

        /// <summary>The first reason counts.</summary>
        public void Refuse(Finding finding) => unreadable ??= finding;

        /// <summary>Takes the present row; false when the rest of the body would change nothing.</summary>
        public bool Take(CsvRows rows)
        {
            if (rows.IsBlank)
                return true;
            if (columns is null)
                return ReadHeader(rows);
            var line = new CsvLine(rows, columns);
            Count(line, line.Misfit ?? parser.Read(line));
            return true;
        }

        public BodyCheck Check()
        {
            if (columns is null)
                Refuse(new Finding("body", "no row", "a header row", TableStays));
            if (firstRejected is { } first && rejected > Math.Max(1, Read * MaxRejected))
            {
                Refuse(
                    new Finding(
                        "body",
                        $"{rejected} of {Read} rows that cannot be understood, the first: {first.Where}: seen "
                            + $"{first.Seen}, expected {first.Expected}",
                        "at most 5 %",
                        TableStays
                    )
                );
            }

            return new BodyCheck(Read, kept, excluded, missing, rejected, newest, unreadable);
        }

        private bool ReadHeader(CsvRows rows)
        {
            columns = CsvColumns.Read(rows);
            var lacking = columns.Missing(parser.Required);
            if (rows.Foreign is { } foreign)
                Refuse(new Finding($"line {rows.Line}", foreign, "text in UTF-8", TableStays));
            else if (lacking.Count > 0)
                Refuse(Header($"the columns {string.Join(", ", lacking)} too"));
            else if (columns.Repeated.Count > 0)
                Refuse(Header($"the columns {string.Join(", ", columns.Repeated)} once"));
            return unreadable is null;

            Finding Header(string expected) =>
                new($"line {rows.Line}", Finding.Quote(string.Join(',', columns.Names)), expected, TableStays);
        }

        private void Count(CsvLine line, CsvOutcome outcome)
        {
            if (Key(outcome) is var (partition, row) && !keys.Add((partition, row)))
                outcome = line.RejectRepeat(partition, row);
            switch (outcome)
            {
                case { Row: { } fact }:
                    fact.Place = new BodyPlace("line", line.Line);
                    Batch.Rows.Add(fact);
                    kept++;
                    if (string.CompareOrdinal(outcome.Period, newest) > 0)
                        newest = outcome.Period;
                    break;
                case { Missing: { } gap }:
                    Batch.Missing.Add(gap);
                    missing++;
                    break;
                case { Rejected: { } finding }:
                    Batch.Rejected.Add(finding);
                    firstRejected ??= finding;
                    rejected++;
                    break;
                default:
                    excluded++;
                    break;
            }
        }

        private static (string Partition, string Row)? Key(CsvOutcome outcome) =>
            outcome switch
            {
                { Row: { } fact } => (fact.PartitionKey, fact.RowKey),
                { Missing: { } gap } => (gap.PartitionKey, gap.RowKey),
                _ => null,
            };
    }

    private IReadOnlyList<string> Required => required;
}
