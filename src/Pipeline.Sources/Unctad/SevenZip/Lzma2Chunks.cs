namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>
/// Reads the heads of LZMA2 chunks before the decoder does. For every head, SharpCompress allocates a new model of up
/// to 12 MiB, although LZMA2 allows 48 KiB, and it may leave a chunk at another byte than its head says.
/// </summary>
internal sealed class Lzma2Chunks(SevenZipPacked packed)
{
    /// <summary>More literal bits than this are not allowed in LZMA2.</summary>
    private const int MaxLiteralBits = 4;

    private long end;

    /// <summary>Bytes of the current chunk that are not unpacked yet.</summary>
    public int Left { get; private set; }

    /// <summary>Moves to the next chunk; false at the end of the packed data.</summary>
    public bool MoveNext()
    {
        var control = packed.Peek(1)[0];
        if (control == 0)
            return false;
        // The decoder refuses a control byte that does not exist or may not come here.
        var isStored = control < 0x80;
        var hasModel = control >= 0xC0;
        var length = (isStored, hasModel) switch
        {
            (true, _) => 3,
            (_, false) => 5,
            _ => 6,
        };
        var head = packed.Peek(length);
        Left = (head[1] << 8 | head[2]) + 1 + (isStored ? 0 : (control & 0x1F) << 16);
        end = packed.Position + length + (isStored ? Left : (head[3] << 8 | head[4]) + 1);
        if (hasModel && (!LzmaModel.TryParse(head[5], out var model) || model.Lc + model.Lp > MaxLiteralBits))
            throw packed.Broken($"model {head[5]:X2}", "one with at most 4 literal bits");
        return true;
    }

    /// <summary>Counts bytes of the current chunk as unpacked.</summary>
    public void Advance(int count)
    {
        Left -= count;
        if (Left == 0 && packed.Position != end)
            throw packed.Broken($"a chunk that ends at packed byte {packed.Position}", $"{end}, as it declares");
    }

    /// <summary>Checks that the packed data ends where the declared size does.</summary>
    public void Finish()
    {
        if (Left > 0)
            throw packed.Broken($"{Left} bytes of a chunk beyond the declared size", "the end of the packed data");
        if (MoveNext())
            throw packed.Broken("one more chunk beyond the declared size", "the end of the packed data");
    }
}
