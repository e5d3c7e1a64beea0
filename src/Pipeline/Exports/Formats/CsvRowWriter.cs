using Pipeline.Datasets;

namespace Pipeline.Exports.Formats;

/// <summary>
/// Writes rows as CSV; see <see cref="CsvRecord"/> for its cells. A date is <c>yyyy-MM-dd</c>, a moment ends with
/// <c>Z</c>, a missing value is an empty cell.
/// </summary>
public sealed class CsvRowWriter : RowWriter
{
    private const int BufferBytes = 64 * 1024;

    private readonly Stream stream;
    private readonly CsvRecord record = new();
    private int buffered;

    /// <summary>Begins a file with its header.</summary>
    /// <param name="stream">Where the file goes; it stays open at the end.</param>
    /// <param name="columns">The columns of the file, in their order.</param>
    public CsvRowWriter(Stream stream, IReadOnlyList<ColumnMeanings.Column> columns)
        : base(columns)
    {
        this.stream = stream;
        foreach (var column in columns)
            record.Add(column.Name);
        record.End();
    }

    /// <inheritdoc/>
    public override int BufferedRows => buffered;

    /// <inheritdoc/>
    public override async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(record.Written, cancellationToken);
        record.Clear();
        buffered = 0;
    }

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(CancellationToken cancellationToken) => FlushAsync(cancellationToken);

    /// <inheritdoc/>
    private protected override bool Add(ReadOnlySpan<object?> row)
    {
        foreach (var cell in row)
            record.Add(cell);
        record.End();
        buffered++;
        return record.Written.Length >= BufferBytes;
    }
}
