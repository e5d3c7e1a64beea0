using Parquet;
using Parquet.Schema;
using Pipeline.Datasets;

namespace Pipeline.Exports.Formats;

/// <summary>The values of a column that wait for their row group.</summary>
internal abstract class ParquetColumn
{
    /// <summary>The column in the schema of the file.</summary>
    public abstract DataField Field { get; }

    public static ParquetColumn Of(ColumnMeanings.Column column) =>
        column.LogicalType switch
        {
            LogicalType.String => new Texts(new DataField(column.Name, typeof(string), isNullable: false)),
            LogicalType.Int32 => Numbers<int>(column),
            LogicalType.Int64 => Numbers<long>(column),
            LogicalType.Double => Numbers<double>(column),
            LogicalType.Boolean => Numbers<bool>(column),
            LogicalType.Date => Numbers<DateOnly>(column),
            LogicalType.Timestamp => new Values<DateTime>(
                // The library writes the least and the greatest value of a column in milliseconds whatever its unit
                // (aloneguid/parquet-dotnet#769): with another unit, readers that filter by time skip all rows.
                new DateTimeDataField(
                    column.Name,
                    DateTimeFormat.Timestamp,
                    isAdjustedToUTC: true,
                    unit: DateTimeTimeUnit.Millis,
                    isNullable: true
                ),
                value => ((DateTimeOffset)value).UtcDateTime
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(column), column.LogicalType, "no type of Parquet"),
        };

    /// <summary>Adds a value as <see cref="RowWriter"/> hands it on.</summary>
    public abstract void Add(object? value);

    /// <summary>Writes the values as a column of the group and forgets them.</summary>
    public abstract Task WriteAsync(ParquetRowGroupWriter group, CancellationToken cancellationToken);

    private static Values<T> Numbers<T>(ColumnMeanings.Column column)
        where T : struct => new(new DataField(column.Name, typeof(T), isNullable: true), value => (T)value);

    private sealed class Values<T>(DataField inSchema, Func<object, T> read) : ParquetColumn
        where T : struct
    {
        private const int FirstLength = 256;

        private T?[] values = [];
        private int count;

        /// <inheritdoc/>
        public override DataField Field => inSchema;

        /// <inheritdoc/>
        public override void Add(object? value)
        {
            if (count == values.Length)
                Array.Resize(ref values, Math.Max(FirstLength, values.Length * 2));
            values[count++] = value is null ? null : read(value);
        }

        /// <inheritdoc/>
        public override async Task WriteAsync(ParquetRowGroupWriter group, CancellationToken cancellationToken)
        {
            await group.WriteAsync<T>(inSchema, values.AsMemory(0, count), null, null, cancellationToken);
            // Many files may be open: one that waits for rows takes no memory.
            (values, count) = ([], 0);
        }
    }

    private sealed class Texts(DataField inSchema) : ParquetColumn
    {
        /// <summary>A column with more different texts is taken for one whose texts do not repeat.</summary>
        private const int MostShared = 4096;

        private List<string> values = [];
        private readonly HashSet<string> shared = new(StringComparer.Ordinal);

        /// <inheritdoc/>
        public override DataField Field => inSchema;

        /// <inheritdoc/>
        public override void Add(object? value)
        {
            var text = (string)value!;
            // Names and codes come with every row: one object for all of them keeps a full buffer small.
            if (shared.TryGetValue(text, out var known))
                text = known;
            else if (shared.Count < MostShared)
                shared.Add(text);
            values.Add(text);
        }

        /// <inheritdoc/>
        public override async Task WriteAsync(ParquetRowGroupWriter group, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await group.WriteAsync(inSchema, values);
            values = [];
            shared.Clear();
            shared.TrimExcess();
        }
    }
}
