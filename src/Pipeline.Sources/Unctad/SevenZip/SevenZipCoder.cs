using System.Buffers.Binary;
using SharpCompress.Compressors.LZMA;

namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>A method of packing, LZMA or LZMA2, with its properties.</summary>
internal sealed class SevenZipCoder
{
    private readonly byte[] properties;

    private SevenZipCoder(bool isLzma2, byte[] properties)
    {
        IsLzma2 = isLzma2;
        this.properties = properties;
    }

    /// <summary>True if the packed data consists of chunks.</summary>
    public bool IsLzma2 { get; }

    /// <exception cref="SevenZipException">Another method, or properties that the method does not have.</exception>
    public static SevenZipCoder Of(string id, byte[] properties, SevenZipBytes place) =>
        id switch
        {
            "030101" when properties.Length == 5 && LzmaModel.TryParse(properties[0], out _) => new SevenZipCoder(
                isLzma2: false,
                properties
            ),
            "21" when properties.Length == 1 && properties[0] <= 40 => new SevenZipCoder(isLzma2: true, properties),
            "030101" or "21" => throw place.Broken(
                $"properties {Convert.ToHexString(properties)}",
                id == "21" ? "one byte from 00 to 28" : "5 bytes, the first up to E0"
            ),
            _ => throw place.Broken($"method {Name(id)}", "LZMA (030101) or LZMA2 (21)"),
        };

    /// <summary>Makes the decoder of one stretch.</summary>
    /// <param name="packed">The packed bytes.</param>
    /// <param name="unpackedSize">How many bytes they hold; the dictionary is never much larger.</param>
    public LzmaStream Decoder(SevenZipPacked packed, long unpackedSize) =>
        LzmaStream.Create(
            IsLzma2 ? [Lzma2Dictionary(unpackedSize)] : LzmaProperties(unpackedSize),
            packed,
            inputSize: -1,
            IsLzma2 ? -1 : unpackedSize,
            presetDictionary: null,
            IsLzma2
        );

    /// <summary>No distance reaches beyond the unpacked bytes, whatever dictionary (up to 4 GiB) is declared.</summary>
    private byte[] LzmaProperties(long unpackedSize)
    {
        var declared = BinaryPrimitives.ReadUInt32LittleEndian(properties.AsSpan(1));
        byte[] bounded = [.. properties];
        BinaryPrimitives.WriteUInt32LittleEndian(
            bounded.AsSpan(1),
            (uint)Math.Max(1, Math.Min(declared, unpackedSize))
        );
        return bounded;
    }

    /// <summary>The code of the smallest dictionary that holds the unpacked bytes, or the declared one.</summary>
    private byte Lzma2Dictionary(long unpackedSize)
    {
        byte code = 0;
        while (code < properties[0] && (2L | code & 1L) << (code / 2 + 11) < unpackedSize)
            code++;
        return code;
    }

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
