using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Exports.Formats;

/// <summary>
/// Writes rows of a table to a file in one format. Equal rows give equal bytes. Memory is bounded: rows wait only until
/// <see cref="FlushAsync"/>, which happens by itself when the buffer is full.
/// </summary>
/// <remarks>
/// Null and NaN are missing values. A missing text is an empty one. A file without <see cref="CompleteAsync"/> is
/// incomplete. Not for several threads at once.
/// </remarks>
public abstract class RowWriter : IAsyncDisposable
{
    private readonly object?[] cells;

    private protected RowWriter(IReadOnlyList<ColumnMeanings.Column> columns) =>
        (Columns, cells) = (columns, new object?[columns.Count]);

    /// <summary>The columns of the file, in their order.</summary>
    public IReadOnlyList<ColumnMeanings.Column> Columns { get; }

    /// <summary>Rows written so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows that wait in memory.</summary>
    public abstract int BufferedRows { get; }

    /// <summary>Adds a row.</summary>
    /// <param name="row">A value for each column, in the order of <see cref="Columns"/>; a moment or day is a
    /// <see cref="DateTimeOffset"/>.</param>
    /// <param name="cancellationToken">Stops the writing; the file is then incomplete.</param>
    /// <exception cref="ArgumentException">The row has more or fewer values than there are columns.</exception>
    /// <exception cref="InvalidDataException">A value has another type than its column.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<object?> row, CancellationToken cancellationToken)
    {
        if (row.Length != Columns.Count)
        {
            throw new ArgumentException(
                $"a row of {row.Length} values for {Columns.Count} columns; give one value for each column",
                nameof(row)
            );
        }
        row.CopyTo(cells);
        return WriteCellsAsync(cancellationToken);
    }

    /// <summary>Adds a row of a table; columns that it lacks are missing values.</summary>
    /// <param name="row">The row.</param>
    /// <param name="cancellationToken">Stops the writing; the file is then incomplete.</param>
    /// <exception cref="InvalidDataException">A value has another type than its column.</exception>
    public ValueTask WriteAsync(TableEntity row, CancellationToken cancellationToken)
    {
        for (var index = 0; index < cells.Length; index++)
            cells[index] = row.TryGetValue(Columns[index].Name, out var value) ? value : null;
        return WriteCellsAsync(cancellationToken);
    }

    /// <summary>Hands the rows that wait to the stream; in Parquet they are a row group.</summary>
    public abstract ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Ends the file. Nothing can be written after it.</summary>
    public abstract ValueTask CompleteAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Adds a row whose values have the types of <see cref="Value"/>.</summary>
    /// <returns>True if the buffer is full.</returns>
    private protected abstract bool Add(ReadOnlySpan<object?> row);

    private ValueTask WriteCellsAsync(CancellationToken cancellationToken)
    {
        for (var index = 0; index < cells.Length; index++)
            cells[index] = Value(Columns[index], cells[index]);
        Rows++;
        return Add(cells) ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;
    }

    /// <summary>
    /// The value as writers take it: string, int, long, double, bool, <see cref="DateOnly"/> or
    /// <see cref="DateTimeOffset"/> in UTC; null where it is missing and no text.
    /// </summary>
    private object? Value(ColumnMeanings.Column column, object? value) =>
        (column.LogicalType, value) switch
        {
            (LogicalType.String, null) => "",
            (_, null) => null,


            (LogicalType.String, string)
            or
            (LogicalType.Int32, int)
            or
            (LogicalType.Int64, long)
            or (LogicalType.Boolean, bool) => value,
            (LogicalType.Int64, int number) => (long)number,
            (LogicalType.Double, double number) => double.IsNaN(number) ? null : value,
            // The table service writes a double without a fraction as it writes a whole number.
            (LogicalType.Double, int number) => (double)number,
            (LogicalType.Date, DateTimeOffset moment) => DateOnly.FromDateTime(moment.UtcDateTime),
            (LogicalType.Timestamp, DateTimeOffset moment) => moment.ToUniversalTime(),
            _ => throw new InvalidDataException(
                new Finding(
                    $"row {Rows + 1} ({Keys()}), column {column.Name}",
                    $"{value.GetType().Name} {Quote(value)}",
                    $"a value of type {column.LogicalType}",
                    "Correct the row in the table, or remove it and replay its slice."
                ).ToString()
            ),
        };

    private string Keys() => string.Join(", ", cells.Take(2).Select(Quote));

    private static string Quote(object? value) => Finding.Quote(Convert.ToString(value, CultureInfo.InvariantCulture));
}
