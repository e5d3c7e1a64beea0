using System.IO.Compression;
using Parquet;
using Parquet.Schema;
using Pipeline.Datasets;

namespace Pipeline.Exports.Formats;

/// <summary>
/// Writes rows as Apache Parquet, compressed with zstd. Whole numbers are INT32 and INT64, a date is DATE, a moment
/// TIMESTAMP in whole milliseconds UTC. Texts are never null; every other column may be.
/// </summary>
public sealed class ParquetRowWriter : RowWriter
{
    /// <summary>Rows in a row group, at most.</summary>
    public const int MaxGroupRows = 65_536;

    // The library's default, the smallest size, takes six times as long and more memory, for files a tenth smaller.
    private static readonly ParquetOptions Options = new()
    {
        CompressionMethod = CompressionMethod.Zstd,
        CompressionLevel = CompressionLevel.Fastest,
    };

    private readonly Stream stream;
    private readonly IReadOnlyList<ParquetColumn> buffers;
    private readonly ParquetSchema schema;
    private ParquetWriter? writer;
    private int buffered;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Where the file goes; it stays open at the end.</param>
    /// <param name="columns">The columns of the file, in their order.</param>
    public ParquetRowWriter(Stream stream, IReadOnlyList<ColumnMeanings.Column> columns)
        : base(columns)
    {
        this.stream = stream;
        buffers = [.. columns.Select(ParquetColumn.Of)];
        schema = new ParquetSchema(buffers.Select(buffer => buffer.Field));
    }

    /// <inheritdoc/>
    public override int BufferedRows => buffered;

    /// <inheritdoc/>
    public override async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (buffered == 0)
            return;
        var file = await OpenAsync(cancellationToken);
        using (var group = file.CreateRowGroup())
        {
            foreach (var buffer in buffers)
                await buffer.WriteAsync(group, cancellationToken);
            group.CompleteValidate();
        }
        buffered = 0;
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        var file = await OpenAsync(cancellationToken);
        writer = null;
        // The library writes the end of the file when it is disposed.
        await file.DisposeAsync();
    }

    /// <inheritdoc/>
    private protected override bool Add(ReadOnlySpan<object?> row)
    {
        for (var index = 0; index < row.Length; index++)
            buffers[index].Add(row[index]);
        return ++buffered >= MaxGroupRows;
    }

    private async ValueTask<ParquetWriter> OpenAsync(CancellationToken cancellationToken) =>
        writer ??= await ParquetWriter.CreateAsync(schema, stream, Options, cancellationToken: cancellationToken);
}
