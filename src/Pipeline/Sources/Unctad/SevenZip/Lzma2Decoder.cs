namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>
/// Method LZMA2: chunks of up to 2 MiB, each packed by LZMA or stored as it is, ended by a zero
/// byte.
/// </summary>
internal sealed class Lzma2Decoder : ILzmaDecoder
{
    /// <summary>More literal bits than this are not allowed in LZMA2.</summary>
    private const int MaxLiteralBits = 4;

    private readonly LzmaInput input;
    private readonly LzmaWindow window;
    private readonly LzmaDecoder decoder;
    private int left;
    private long packedEnd;
    private bool stored,
        ended;
    private bool needsDictionary = true,
        needsModel = true,
        needsState = true;

    public Lzma2Decoder(LzmaInput input, int window)
    {
        this.input = input;
        this.window = new LzmaWindow(window);
        decoder = new LzmaDecoder(input, this.window);
    }

    public int Read(Span<byte> buffer)
    {
        var count = 0;
        while (count < buffer.Length)
        {
            if (left == 0)
            {
                if (ended || !NextChunk())
                    break;
                continue;
            }
            var part = buffer.Slice(count, Math.Min(left, buffer.Length - count));
            if (stored)
                Store(part);
            else
                Unpack(part);
            count += part.Length;
            left -= part.Length;
            if (left == 0 && !stored)
                EndChunk();
        }
        return count;
    }

    public void Finish()
    {
        if (left > 0)
            throw input.Broken($"{left} bytes of a chunk beyond the declared size", "the end of the packed data");
        if (ended)
            return;
        if (NextChunk())
            throw input.Broken("one more chunk beyond the declared size", "the end of the packed data");
    }

    private void Store(Span<byte> part)
    {
        input.Copy(part);
        foreach (var value in part)
            window.Put(value);
        decoder.Advance(part.Length);
    }

    private void Unpack(Span<byte> part)
    {
        if (decoder.Read(part) < part.Length)
            throw input.Broken("an end marker inside a chunk", "none in LZMA2");
    }

    private void EndChunk()
    {
        if (decoder.IsCopying)
            throw input.Broken("a reference that goes on after its chunk", "one that ends with it");
        if (input.Position != packedEnd || !decoder.IsAtRest)
            throw input.Broken($"a chunk that ends at packed byte {input.Position}", $"{packedEnd}, as it declares");
    }

    /// <summary>Reads the head of a chunk; false when it is the end.</summary>
    private bool NextChunk()
    {
        var control = input.Byte();
        if (control == 0)
        {
            ended = true;
            return false;
        }
        stored = control < 0x80;
        if (stored && control > 2)
            throw input.Broken($"chunk head {control:X2}", "00, 01, 02 or 80 to FF");
        if (control == 1 || control >= 0xE0)
        {
            window.Reset();
            decoder.ResetPosition();
            needsDictionary = false;
        }
        else if (needsDictionary)
        {
            throw input.Broken($"chunk head {control:X2} before the window was reset", "01 or E0 to FF first");
        }

        if (stored)
        {
            left = Short() + 1;
            return true;
        }
        left = ((control & 0x1F) << 16) + Short() + 1;
        var packed = Short() + 1;
        switch (control >> 5 & 3)
        {
            case 3:
            case 2:
                var properties = input.Byte();
                if (!LzmaModel.TryParse(properties, out var model) || model.Lc + model.Lp > MaxLiteralBits)
                    throw input.Broken($"model {properties:X2}", "one with at most 4 literal bits");
                decoder.ResetState(model);
                needsModel = needsState = false;
                break;
            case 1:
                if (needsModel)
                    throw input.Broken($"chunk head {control:X2} before a model", "C0 to FF first");
                decoder.ResetState();
                needsState = false;
                break;
            default:
                if (needsState)
                    throw input.Broken($"chunk head {control:X2} before a state", "A0 to FF first");
                break;
        }
        packedEnd = input.Position + packed;
        decoder.StartRange();
        return true;
    }

    private int Short() => input.Byte() << 8 | input.Byte();
}
