using System.IO.Hashing;

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
        return new Unpacking(Coder.Decoder(new LzmaInput(archive, PackedSize, where), UnpackedSize), this, where);
    }

    private sealed class Unpacking(ILzmaDecoder decoder, SevenZipFolder folder, string where) : Stream
    {
        private readonly Crc32 crc = new();
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
            var count = wanted == 0 ? 0 : decoder.Read(buffer[..wanted]);
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
        ) => Task.FromResult(Read(buffer, offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private void Finish()
        {
            if (ended)
                return;
            ended = true;
            decoder.Finish();
            var seen = crc.GetCurrentHashAsUInt32();
            if (seen != folder.Crc)
                throw new SevenZipException(where, $"CRC-32 {seen:X8}", $"{folder.Crc:X8}; the file is damaged");
        }
    }
}
