namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>The packed bytes of one stretch, as the decoder reads them: in order, never beyond their end.</summary>
/// <remarks>
/// SharpCompress takes the end of its input for a byte FF and goes on. Here the end is a
/// <see cref="SevenZipException"/>.
/// </remarks>
internal sealed class SevenZipPacked(Stream archive, long length, string where) : Stream
{
    private readonly byte[] ahead = new byte[32 * 1024];
    private int next,
        filled;
    private long position;

    /// <summary>True once the archive's own stream has failed. That says nothing about the packed data.</summary>
    public bool HasFailed { get; private set; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => length;

    /// <summary>Packed bytes given out so far.</summary>
    public override long Position
    {
        get => position;
        set => throw new NotSupportedException();
    }

    /// <summary>Returns the next bytes without giving them out.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        Fill(count);
        return ahead.AsSpan(next, count);
    }

    public override int ReadByte()
    {
        Fill(1);
        position++;
        return ahead[next++];
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        Fill(1);
        var count = Math.Min(buffer.Length, filled - next);
        ahead.AsSpan(next, count).CopyTo(buffer);
        next += count;
        position += count;
        return count;
    }

    public SevenZipException Broken(string seen, string expected, Exception? cause = null) =>
        new($"{where}, packed byte {position}", seen, expected, cause);

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void Fill(int count)
    {
        if (filled - next >= count)
            return;
        ahead.AsSpan(next, filled - next).CopyTo(ahead);
        (next, filled) = (0, filled - next);
        while (filled < count)
        {
            var wanted = (int)Math.Min(ahead.Length - filled, length - position - filled);
            if (wanted == 0)
                throw Broken("the end of the packed data", "more of it; the file is damaged");
            var read = ReadArchive(ahead.AsSpan(filled, wanted));
            if (read == 0)
                throw Broken("the end of the file", "more packed data; is the file cut off?");
            filled += read;
        }
    }

    private int ReadArchive(Span<byte> to)
    {
        try
        {
            return archive.Read(to);
        }
        catch
        {
            HasFailed = true;
            throw;
        }
    }
}
