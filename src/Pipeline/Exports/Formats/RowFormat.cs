using Pipeline.Datasets;

namespace Pipeline.Exports.Formats;

/// <summary>A file format that rows of a table are written in.</summary>
public abstract class RowFormat
{
    private protected RowFormat(string name, string mediaType) => (Name, MediaType) = (name, mediaType);

    /// <summary>CSV as RFC 4180 has it: UTF-8, a header, commas, CRLF; see <see cref="CsvRowWriter"/>.</summary>
    public static RowFormat Csv { get; } = new CsvFormat();

    /// <summary>Apache Parquet with typed columns, compressed with zstd; see <see cref="ParquetRowWriter"/>.</summary>
    public static RowFormat Parquet { get; } = new ParquetFormat();

    /// <summary>All formats.</summary>
    public static IReadOnlyList<RowFormat> All { get; } = [Csv, Parquet];

    /// <summary>The name, which is also how file names end: <c>csv</c> or <c>parquet</c>.</summary>
    public string Name { get; }

    /// <summary>The media type without parameters, <c>text/csv</c> for example.</summary>
    public string MediaType { get; }

    /// <summary>The value of <c>Content-Type</c>.</summary>
    public virtual string ContentType => MediaType;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Where the file goes; it need not be seekable, and stays open at the end.</param>
    /// <param name="columns">The columns of the file, in their order.</param>
    public abstract RowWriter CreateWriter(Stream stream, IReadOnlyList<ColumnMeanings.Column> columns);

    private sealed class CsvFormat() : RowFormat("csv", "text/csv")
    {
        /// <inheritdoc/>
        public override string ContentType => "text/csv; charset=utf-8";

        /// <inheritdoc/>
        public override RowWriter CreateWriter(Stream stream, IReadOnlyList<ColumnMeanings.Column> columns) =>
            new CsvRowWriter(stream, columns);
    }

    private sealed class ParquetFormat() : RowFormat("parquet", "application/vnd.apache.parquet")
    {
        /// <inheritdoc/>
        public override RowWriter CreateWriter(Stream stream, IReadOnlyList<ColumnMeanings.Column> columns) =>
            new ParquetRowWriter(stream, columns);
    }
}
