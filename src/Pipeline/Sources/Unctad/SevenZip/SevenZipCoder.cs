using System.Buffers.Binary;

namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>A method of packing, with its properties: LZMA or LZMA2.</summary>
internal abstract record SevenZipCoder
{
    /// <summary>Makes the decoder of one stretch.</summary>
    /// <param name="input">The packed bytes.</param>
    /// <param name="unpackedSize">How many bytes they hold; the window is never larger.</param>
    public abstract ILzmaDecoder Decoder(LzmaInput input, long unpackedSize);

    /// <exception cref="SevenZipException">Another method, or properties that the method does not have.</exception>
    public static SevenZipCoder Of(string id, byte[] properties, SevenZipBytes place) =>
        id switch
        {
            "030101" when properties.Length == 5 && LzmaModel.TryParse(properties[0], out var model) => new Lzma(
                model,
                BinaryPrimitives.ReadUInt32LittleEndian(properties.AsSpan(1))
            ),
            "21" when properties.Length == 1 && properties[0] <= 40 => new Lzma2(
                properties[0] == 40 ? uint.MaxValue : (2u | properties[0] & 1u) << (properties[0] / 2 + 11)
            ),
            "030101" or "21" => throw place.Broken(
                $"properties {Convert.ToHexString(properties)}",
                id == "21" ? "one byte from 00 to 28" : "5 bytes, the first up to E0"
            ),
            _ => throw place.Broken($"method {Name(id)}", "LZMA (030101) or LZMA2 (21)"),
        };

    private static string Name(string id) =>
        id switch
        {
            "00" => "00, stored without packing",
            "030401" => "030401, PPMd",
            "040202" => "040202, BZip2",
            "040108" => "040108, Deflate",
            "06F10701" => "06F10701, AES encryption",
            _ => id,
        };

    private static int Window(uint dictionary, long unpackedSize) =>
        (int)Math.Max(1, Math.Min(dictionary, unpackedSize));

    private sealed record Lzma(LzmaModel Model, uint Dictionary) : SevenZipCoder
    {
        public override ILzmaDecoder Decoder(LzmaInput input, long unpackedSize) =>
            new LzmaStreamDecoder(input, Model, Window(Dictionary, unpackedSize));
    }

    private sealed record Lzma2(uint Dictionary) : SevenZipCoder
    {
        public override ILzmaDecoder Decoder(LzmaInput input, long unpackedSize) =>
            new Lzma2Decoder(input, Window(Dictionary, unpackedSize));
    }
}

/// <summary>Gives the bytes of one packed stretch.</summary>
internal interface ILzmaDecoder
{
    /// <summary>Fills the buffer; fewer bytes only when the packed data ends.</summary>
    int Read(Span<byte> buffer);

    /// <summary>Called when all declared bytes were given: checks that the packed data ends here too.</summary>
    void Finish();
}

/// <summary>
/// The three numbers that say how LZMA predicts: literal context bits, literal position bits, position
/// bits.
/// </summary>
internal readonly record struct LzmaModel(int Lc, int Lp, int Pb)
{
    public static bool TryParse(byte packed, out LzmaModel model)
    {
        model = new LzmaModel(packed % 9, packed / 9 % 5, packed / 45);
        return packed < 9 * 5 * 5;
    }
}
