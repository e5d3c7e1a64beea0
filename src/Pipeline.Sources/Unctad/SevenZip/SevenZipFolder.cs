using System.IO.Hashing;
using SharpCompress.Compressors.LZMA;

namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>A stretch of packed bytes, and how it is unpacked.</summary>
/// <param name="Offset">Its first byte in the archive.</param>
/// <param name="PackedSize">Its length.</param>
/// <param name="UnpackedSize">The length of what it holds.</param>
/// <param name="Crc">The CRC-32 of what it holds.</param>
/// <param name="Coder">The method.</param>
internal sealed record SevenZipFolder(long Offset, long PackedSize, long UnpackedSize, uint Crc, SevenZipCoder Coder)
{
    /// <summary>The unpacked bytes; at their end their number and CRC-32 are checked.</summary>
    public Stream Open(Stream archive, string where)
    {
        archive.Position = Offset;
        return new Unpacking(new SevenZipPacked(archive, PackedSize, where), this, where);
    }

    private sealed class Unpacking(SevenZipPacked packed, SevenZipFolder folder, string where) : Stream
    {
        private readonly Crc32 crc = new();
        private readonly Lzma2Chunks? chunks = folder.Coder.IsLzma2 ? new Lzma2Chunks(packed) : null;
        private LzmaStream? decoder;
        private long position;
        private bool ended;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => folder.UnpackedSize;

        public override long Position
        {
            get => position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var wanted = (int)Math.Min(buffer.Length, folder.UnpackedSize - position);
            var count = Unpack(buffer[..wanted]);
            crc.Append(buffer[..count]);
            position += count;
            if (count < wanted)
            {
                throw new SevenZipException(
                    $"{where}, unpacked byte {position}",
                    "the end of the packed data",
                    $"{folder.UnpackedSize} bytes, as declared"
                );
            }

            if (position == folder.UnpackedSize)
                Finish();
            return count;
        }

        public override Task<int> ReadAsync(
            byte[] buffer,
            int offset,
            int count,
            CancellationToken cancellationToken
        ) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        // Unpacking is work of the processor: there is nothing to await.
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            cancellationToken.IsCancellationRequested
                ? ValueTask.FromCanceled<int>(cancellationToken)
                : ValueTask.FromResult(Read(buffer.Span));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                decoder?.Dispose();
            base.Dispose(disposing);
        }

        /// <summary>Fills the buffer; fewer bytes only when the packed data ends.</summary>
        private int Unpack(Span<byte> buffer)
        {
            var count = 0;
            while (count < buffer.Length)
            {
                if (chunks is { Left: 0 } && !chunks.MoveNext())
                    break;
                var part = buffer[count..];
                if (chunks?.Left < part.Length)
                    part = part[..chunks.Left];
                var read = Decode(part);
                if (read == 0)
                    break;
                chunks?.Advance(read);
                count += read;
            }
            return count;
        }

        private int Decode(Span<byte> buffer)
        {
            try
            {
                decoder ??= folder.Coder.Decoder(packed, folder.UnpackedSize);
                return decoder.Read(buffer);
            }
            // Damaged data makes SharpCompress throw almost anything, IndexOutOfRangeException for one. A failure of
            // the archive's own stream, which may be a cancellation, is no damage and stays what it is.
            catch (Exception e) when (e is not SevenZipException && !packed.HasFailed)
            {
                throw packed.Broken(
                    $"data that the LZMA decoder refuses ({e.GetType().Name})",
                    "well-formed data; the file is damaged",
                    e
                );
            }
        }

        private void Finish()
        {
            if (ended)
                return;
            ended = true;
            chunks?.Finish();
            var seen = crc.GetCurrentHashAsUInt32();
            if (seen != folder.Crc)
                throw new SevenZipException(where, $"CRC-32 {seen:X8}", $"{folder.Crc:X8}; the file is damaged");
        }
    }
}
