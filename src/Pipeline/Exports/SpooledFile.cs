using System.Security.Cryptography;
using Pipeline.Exports.Formats;
using Pipeline.Storage;

namespace Pipeline.Exports;

/// <summary>An export file that is being written: a file of this machine, which ends with this object.</summary>
internal sealed class SpooledFile : IAsyncDisposable
{
    private readonly HashingStream stream = new(TemporaryFile.Open());
    private readonly RowWriter writer;
    private DateTimeOffset? newest;

    /// <param name="path">The file's name in the container.</param>
    /// <param name="format">Its format.</param>
    /// <param name="table">The table whose columns it has.</param>
    public SpooledFile(string path, RowFormat format, ExportTable table)
    {
        (Path, Format) = (path, format);
        writer = format.CreateWriter(stream, table.Columns);
    }

    /// <summary>The file's name in the container.</summary>
    public string Path { get; }

    /// <summary>The file's format.</summary>
    public RowFormat Format { get; }

    /// <summary>The bytes, once the file is complete.</summary>
    public Stream Body => stream.File;

    /// <summary>Rows that wait in memory.</summary>
    public int BufferedRows => writer.BufferedRows;

    /// <summary>Adds a row.</summary>
    public ValueTask AddAsync(object?[] row, DateTimeOffset? vintage, CancellationToken cancellationToken)
    {
        if (newest is null || vintage > newest)
            newest = vintage ?? newest;
        return writer.WriteAsync(row, cancellationToken);
    }

    /// <summary>Takes the rows that wait out of memory.</summary>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => writer.FlushAsync(cancellationToken);

    /// <summary>Ends the file.</summary>
    public async Task<ExportFile> CompleteAsync(CancellationToken cancellationToken)
    {
        await writer.CompleteAsync(cancellationToken);
        await stream.File.FlushAsync(cancellationToken);
        return new ExportFile(Path, writer.Rows, stream.File.Length, ExportFile.HashOf(stream.Hash()), newest);
    }

    public async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        await stream.DisposeAsync();
    }

    /// <summary>Hands bytes on to a file and computes their SHA-256.</summary>
    private sealed class HashingStream(FileStream file) : Stream
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public FileStream File => file;

        /// <inheritdoc/>
        public override bool CanRead => false;

        /// <inheritdoc/>
        public override bool CanSeek => false;

        /// <inheritdoc/>
        public override bool CanWrite => true;

        /// <inheritdoc/>
        public override long Length => file.Length;

        /// <inheritdoc/>
        public override long Position
        {
            get => file.Position;
            set => throw new NotSupportedException();
        }

        /// <summary>The SHA-256 of what was written, 64 hexadecimal digits.</summary>
        public string Hash() => Convert.ToHexStringLower(hash.GetCurrentHash());

        /// <inheritdoc/>
        public override void Flush() => file.Flush();

        /// <inheritdoc/>
        public override Task FlushAsync(CancellationToken cancellationToken) => file.FlushAsync(cancellationToken);

        /// <inheritdoc/>
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        /// <inheritdoc/>
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        /// <inheritdoc/>
        public override void SetLength(long value) => throw new NotSupportedException();

        /// <inheritdoc/>
        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        /// <inheritdoc/>
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            hash.AppendData(buffer);
            file.Write(buffer);
        }

        /// <inheritdoc/>
        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        /// <inheritdoc/>
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            hash.AppendData(buffer.Span);
            return file.WriteAsync(buffer, cancellationToken);
        }

        /// <inheritdoc/>
        public override async ValueTask DisposeAsync()
        {
            hash.Dispose();
            await file.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
