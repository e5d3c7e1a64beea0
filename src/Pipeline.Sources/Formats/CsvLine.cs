using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Sources.Formats;

/// <summary>A row of a CSV with a header: its cells by name, and what becomes of it.</summary>
/// <param name="rows">The reader, which stands at the row.</param>
/// <param name="columns">Where the columns stand.</param>
internal readonly struct CsvLine(CsvRows rows, CsvColumns columns)
{
    /// <summary>What an operator can do about a rejected row of a publisher's file.</summary>
    private const string Remedy = "The row is kept in rejects. Adapt the parser, or wait for a corrected file.";

    /// <summary>The number of the line; the header is on line 1.</summary>
    public long Line => rows.Line;

    /// <summary>The place in messages.</summary>
    public string Place => $"line {Line}";

    /// <summary>The text of a cell.</summary>
    /// <exception cref="KeyNotFoundException">The header has no such column; the message says which it has.</exception>
    public string this[string column] =>
        columns[column] is >= 0 and var index
            ? rows.Text(index)
            : throw new KeyNotFoundException(
                new Finding(
                    $"column {column}",
                    $"a header with {string.Join(", ", columns.Names)}",
                    "a column of the header",
                    "correct the name in the parser, or add it to the columns that the parser requires"
                ).ToString()
            );

    /// <summary>The first day of a month, <c>yyyy-MM</c>; null if the cell is no month.</summary>
    public DateOnly? Month(string column) =>
        DateOnly.TryParseExact(
            this[column],
            "yyyy-MM",
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out var month
        )
            ? month
            : null;

    /// <summary>
    /// Digits with at most one point and a sign; null if the cell is anything else: separators of thousands and decimal
    /// commas are not guessed at.
    /// </summary>
    public decimal? Number(string column) =>
        decimal.TryParse(
            this[column],
            NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out var number
        )
            ? number
            : null;

    /// <summary>The row goes to the table.</summary>
    /// <param name="row">The row with its keys.</param>
    /// <param name="period">The month of its period, <c>yyyy-MM</c>; of a quarter or a year the last one. See
    /// <see cref="BodyCheck.Newest"/>.</param>
    /// <exception cref="ArgumentException"><paramref name="period"/> is no month of that form.</exception>
    public static CsvOutcome Keep(FactRow row, string period) =>
        IsMonth(period)
            ? new CsvOutcome(Row: row, Period: period)
            : throw new ArgumentException(
                new Finding(
                    $"period of {row.PartitionKey} {row.RowKey}",
                    Finding.Quote(period),
                    "a month, yyyy-MM",
                    "pass the last month of the period to Keep"
                ).ToString(),
                nameof(period)
            );

    private static bool IsMonth(string period) =>
        period is [_, _, _, _, '-', '0', >= '1' and <= '9'] or [_, _, _, _, '-', '1', >= '0' and <= '2']
        && !period.AsSpan(0, 4).ContainsAnyExceptInRange('0', '9');

    /// <summary>The source says that it has no value: the key that the value would have goes to <c>gaps</c>.</summary>
    public static CsvOutcome Miss(string partitionKey, string rowKey, string reason) =>
        new(Missing: new MissingRow(partitionKey, rowKey, reason));

    /// <summary>The row is a total, or another dataset has it.</summary>
    public static CsvOutcome Exclude() => default;

    /// <summary>The row cannot be understood: it goes to <c>rejects</c>.</summary>
    /// <param name="column">The column that is wrong.</param>
    /// <param name="expected">What should stand there.</param>
    public CsvOutcome Reject(string column, string expected)
    {
        var seen = this[column];
        return new CsvOutcome(
            Rejected: new Finding(
                $"{Place}, column {column}",
                seen.Length == 0 ? "nothing" : Finding.Quote(seen),
                expected,
                Remedy
            )
        );
    }

    /// <summary>Why the row cannot be read at all; null if it can.</summary>
    public CsvOutcome? Misfit =>
        rows switch
        {
            { Foreign: { } foreign } => new CsvOutcome(Rejected: new Finding(Place, foreign, "text in UTF-8", Remedy)),
            _ when rows.Count != columns.Names.Count => new CsvOutcome(
                Rejected: new Finding(Place, $"{rows.Count} cells", $"{columns.Names.Count} cells", Remedy)
            ),
            _ => null,
        };

    /// <summary>The row has a key that another row of the body has.</summary>
    public CsvOutcome RejectRepeat(string partitionKey, string rowKey) =>
        new(Rejected: new Finding(Place, $"{partitionKey} {rowKey} a second time", "each key once", Remedy));
}

/// <summary>What becomes of a row: one of the three is set, or none where the row is left out.</summary>
/// <param name="Row">The row for the table.</param>
/// <param name="Period">Its period, <c>yyyy-MM</c>; empty without a row.</param>
/// <param name="Missing">The value that the source does not have.</param>
/// <param name="Rejected">Why the row cannot be understood.</param>
internal readonly record struct CsvOutcome(
    FactRow? Row = null,
    string Period = "",
    MissingRow? Missing = null,
    Finding? Rejected = null
);
