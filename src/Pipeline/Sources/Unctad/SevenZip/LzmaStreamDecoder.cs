namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>Method LZMA: one stretch of range-coded bits, with or without an end marker.</summary>
internal sealed class LzmaStreamDecoder : ILzmaDecoder
{
    private readonly LzmaInput input;
    private readonly LzmaModel model;
    private readonly LzmaDecoder decoder;
    private bool started;

    public LzmaStreamDecoder(LzmaInput input, LzmaModel model, int window)
    {
        this.input = input;
        this.model = model;
        decoder = new LzmaDecoder(input, new LzmaWindow(window));
    }

    public int Read(Span<byte> buffer)
    {
        if (!started)
        {
            started = true;
            decoder.ResetState(model);
            decoder.StartRange();
        }
        return decoder.Read(buffer);
    }

    public void Finish()
    {
        if (decoder.IsCopying)
            throw input.Broken("a reference that goes on after the declared size", "the end of the packed data");
        // What may follow is the end marker; anything else is not looked at, since the CRC-32 covers all that was
        // declared.
    }
}
