namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>The packed bytes of one stretch, read in pieces and never beyond its end.</summary>
internal sealed class LzmaInput(Stream stream, long length, string where)
{
    private readonly byte[] buffer = new byte[32 * 1024];
    private int next,
        filled;

    /// <summary>Packed bytes given out so far.</summary>
    public long Position { get; private set; }

    /// <summary>Whether all packed bytes were given out.</summary>
    public bool AtEnd => Position == length;

    public byte Byte()
    {
        if (next == filled)
            Fill();
        Position++;
        return buffer[next++];
    }

    /// <summary>Copies bytes out as they are.</summary>
    public void Copy(Span<byte> to)
    {
        while (to.Length > 0)
        {
            if (next == filled)
                Fill();
            var count = Math.Min(to.Length, filled - next);
            buffer.AsSpan(next, count).CopyTo(to);
            next += count;
            Position += count;
            to = to[count..];
        }
    }

    public SevenZipException Broken(string seen, string expected) =>
        new($"{where}, packed byte {Position}", seen, expected);

    private void Fill()
    {
        var wanted = (int)Math.Min(buffer.Length, length - Position);
        if (wanted == 0)
            throw Broken("the end of the packed data", "more of it; the file is damaged");
        filled = stream.Read(buffer, 0, wanted);
        next = 0;
        if (filled == 0)
            throw Broken("the end of the file", "more packed data; is the file cut off?");
    }
}
