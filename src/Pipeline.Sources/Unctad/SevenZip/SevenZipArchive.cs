using System.IO.Hashing;
using Pipeline.Issues;

namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>
/// How large an archive may be before it is refused. Checked against what the headers declare before anything
/// is allocated.
/// </summary>
/// <param name="MaxPacked">Size of the archive, in bytes.</param>
/// <param name="MaxUnpacked">Size of the member, in bytes. The dictionary is at most half as large again, whatever the
/// archive declares.</param>
/// <param name="MaxHeader">Size of the archive's table of contents, packed or not, in bytes.</param>
internal sealed record SevenZipLimits(long MaxPacked, long MaxUnpacked, int MaxHeader);

/// <summary>
/// Reads 7z archives of exactly one kind: one member, one coder, LZMA or LZMA2, with a CRC-32. Everything else is
/// refused with a finding that says where, what was seen and what was expected.
/// </summary>
/// <remarks>
/// SharpCompress decodes LZMA and LZMA2. Its own reader of the headers is not used: it allocates as many files,
/// folders, coders and bytes of a packed table of contents as the headers declare, before it knows whether the archive
/// has them. Layout: the public description of the 7z format (7zFormat.txt of the LZMA SDK).
/// </remarks>
internal sealed class SevenZipArchive
{
    private static readonly byte[] Signature = [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C];

    private const int StartHeaderSize = 32;

    /// <summary>
    /// A packed table of contents may hold a packed one again; more levels than this have no honest use.
    /// </summary>
    private const int MaxHeaderLevels = 4;

    private readonly Stream stream;
    private readonly SevenZipFolder folder;

    private SevenZipArchive(Stream stream, SevenZipFolder folder, string name)
    {
        this.stream = stream;
        this.folder = folder;
        Name = name;
    }

    /// <summary>The member's name.</summary>
    public string Name { get; }

    /// <summary>
    /// The member's size in bytes, as the archive declares it; <see cref="OpenMember"/> gives exactly so
    /// many.
    /// </summary>
    public long Length => folder.UnpackedSize;

    /// <summary>Looks at an archive's headers; nothing of the member is unpacked yet.</summary>
    /// <param name="stream">The archive, seekable. It stays open and belongs to the caller.</param>
    /// <param name="limits">What is too large.</param>
    /// <param name="finding">Why the archive is refused; null when it is not.</param>
    /// <returns>The archive, or null when it is refused.</returns>
    public static SevenZipArchive? Open(Stream stream, SevenZipLimits limits, out Finding? finding)
    {
        try
        {
            finding = null;
            return Open(stream, limits);
        }
        catch (SevenZipException e)
        {
            finding = e.Finding;
            return null;
        }
    }

    /// <summary>
    /// The member's bytes, unpacked while they are read. The stream throws <see cref="SevenZipException"/> where the
    /// packed data is damaged, and at its end when the CRC-32 does not fit.
    /// </summary>
    public Stream OpenMember() => folder.Open(stream, "member");

    private static SevenZipArchive Open(Stream stream, SevenZipLimits limits)
    {
        if (stream.Length > limits.MaxPacked)
            throw new SevenZipException("archive", $"{stream.Length} bytes", $"at most {limits.MaxPacked}");
        var start = new byte[StartHeaderSize];
        stream.Position = 0;
        var length = stream.ReadAtLeast(start, StartHeaderSize, throwOnEndOfStream: false);
        if (!start.AsSpan(0, Math.Min(length, Signature.Length)).SequenceEqual(Signature) || length < Signature.Length)
        {
            throw new SevenZipException(
                "byte 0",
                Hex(start.AsSpan(0, Math.Min(length, Signature.Length))),
                $"{Hex(Signature)}, the signature of a 7z archive"
            );
        }

        if (length < StartHeaderSize)
            throw new SevenZipException("start header", $"{length} bytes", $"{StartHeaderSize} bytes");
        if (start[6] != 0)
            throw new SevenZipException("byte 6", $"format version {start[6]}.{start[7]}", "version 0");
        var reader = new SevenZipBytes(start, "start header", position: 8);
        CheckCrc("start header", start.AsSpan(12), reader.UInt32());
        var offset = reader.UInt64();
        var size = reader.UInt64();
        var crc = reader.UInt32();
        if (size == 0)
            throw new SevenZipException("start header", "an archive without a table of contents", "one member");
        if (size > (ulong)limits.MaxHeader)
        {
            throw new SevenZipException(
                "start header",
                $"a table of contents of {size} bytes",
                $"at most {limits.MaxHeader}"
            );
        }

        if (offset > (ulong)stream.Length || StartHeaderSize + offset + size > (ulong)stream.Length)
        {
            throw new SevenZipException(
                "start header",
                $"a table of contents at byte {StartHeaderSize + offset} of {size} bytes",
                $"one inside the archive of {stream.Length} bytes; is the file cut off?"
            );
        }

        var contents = new byte[(int)size];
        stream.Position = StartHeaderSize + (long)offset;
        stream.ReadExactly(contents);
        CheckCrc("table of contents", contents, crc);
        for (var level = 0; ; level++)
        {
            var header = new SevenZipHeader(contents, StartHeaderSize + (long)offset, limits);
            if (header.Packed is not { } packed)
                return new SevenZipArchive(stream, header.Member(), header.Name);
            if (level == MaxHeaderLevels)
            {
                throw new SevenZipException(
                    "table of contents",
                    $"more than {MaxHeaderLevels} packed tables of contents inside one another",
                    "at most one"
                );
            }

            contents = new byte[(int)packed.UnpackedSize];
            using var unpacked = packed.Open(stream, "table of contents");
            unpacked.ReadExactly(contents);
            if (unpacked.ReadByte() >= 0)
                throw new SevenZipException("table of contents", "more bytes than declared", $"{contents.Length}");
        }
    }

    private static void CheckCrc(string where, ReadOnlySpan<byte> bytes, uint expected)
    {
        var seen = Crc32.HashToUInt32(bytes);
        if (seen != expected)
            throw new SevenZipException(where, $"CRC-32 {seen:X8}", $"{expected:X8}; the file is damaged");
    }

    private static string Hex(ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty
            ? "nothing"
            : string.Join(
                ' ',
                bytes.ToArray().Select(b => b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture))
            );
}
