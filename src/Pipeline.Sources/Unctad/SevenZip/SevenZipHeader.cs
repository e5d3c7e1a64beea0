using System.Text;
using Pipeline.Issues;

namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>A table of contents: either packed itself, or the one member's place and name.</summary>
internal sealed class SevenZipHeader
{
    private const byte End = 0x00,
        Header = 0x01,
        Properties = 0x02,
        AdditionalStreams = 0x03,
        MainStreams = 0x04,
        Files = 0x05,
        PackInfo = 0x06,
        UnpackInfo = 0x07,
        SubStreams = 0x08,
        Size = 0x09,
        Crc = 0x0A,
        Folder = 0x0B,
        UnpackSize = 0x0C,
        UnpackStreams = 0x0D,
        EmptyStream = 0x0E,
        Names = 0x11,
        Encoded = 0x17;

    private const string Where = "table of contents";

    /// <summary>Characters of a member's name.</summary>
    private const int MaxName = 260;

    private readonly long dataEnd;
    private readonly SevenZipLimits limits;
    private readonly SevenZipBytes bytes;
    private SevenZipFolder? member;

    /// <param name="contents">The bytes of the table.</param>
    /// <param name="dataEnd">Where packed data must end: the table begins there.</param>
    /// <param name="limits">What is too large.</param>
    public SevenZipHeader(byte[] contents, long dataEnd, SevenZipLimits limits)
    {
        this.dataEnd = dataEnd;
        this.limits = limits;
        bytes = new SevenZipBytes(contents, Where);
        var kind = bytes.Byte();
        if (kind == Encoded)
        {
            Packed = Streams(limits.MaxHeader);
            return;
        }
        if (kind != Header)
            throw bytes.Broken($"{kind:X2}", $"{Header:X2} (plain) or {Encoded:X2} (packed)");
        Contents();
    }

    /// <summary>
    /// Where the real table of contents is, when this one says that it is packed; null when this is the real
    /// one.
    /// </summary>
    public SevenZipFolder? Packed { get; }

    /// <summary>The member's name.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Where the member's bytes are.</summary>
    public SevenZipFolder Member() =>
        member ?? throw new SevenZipException(Where, "a member without bytes", "one member with bytes");

    private void Contents()
    {
        var named = false;
        while (true)
        {
            var kind = bytes.Byte();
            switch (kind)
            {
                case End:
                    if (!named)
                        throw new SevenZipException(Where, "no member", "one member");
                    return;
                case Properties:
                    SkipProperties();
                    break;
                case MainStreams:
                    if (member is not null)
                        throw bytes.Broken("a second list of streams", "one");
                    member = Streams(limits.MaxUnpacked);
                    break;
                case Files:
                    if (named)
                        throw bytes.Broken("a second list of members", "one");
                    FileList();
                    named = true;
                    break;
                case AdditionalStreams:
                    throw bytes.Broken("additional streams", "none");
                default:
                    throw bytes.Broken($"{kind:X2}", "a part of a table of contents");
            }
        }
    }

    private void SkipProperties()
    {
        while (bytes.Byte() != End)
            bytes.Take(bytes.Number(bytes.Left, "bytes of properties"));
    }

    private SevenZipFolder Streams(long maxUnpacked)
    {
        bytes.Expect(PackInfo, "the place of the packed data");
        var offset = bytes.Number();
        var count = bytes.Number();
        if (count != 1)
            throw bytes.Broken($"{count} packed streams", "one");
        bytes.Expect(Size, "the size of the packed data");
        var packed = bytes.Number();
        var kind = bytes.Byte();
        if (kind == Crc)
        {
            if (bytes.Byte() == 0)
                bytes.Byte(); // which streams have one: of one stream, a byte of flags
            bytes.UInt32(); // the CRC of the packed bytes adds nothing to that of the unpacked ones
            kind = bytes.Byte();
        }
        if (kind != End)
            throw bytes.Broken($"{kind:X2}", "the end of the place of the packed data");
        const int beforeData = 32;
        if (offset > (ulong)dataEnd || packed > (ulong)dataEnd || beforeData + offset + packed > (ulong)dataEnd)
        {
            throw bytes.Broken(
                $"packed data at byte {beforeData + offset} of {packed} bytes",
                $"data between byte {beforeData} and byte {dataEnd}"
            );
        }

        var (coder, unpacked, crc) = Coder(maxUnpacked);
        kind = bytes.Byte();
        if (kind == SubStreams)
        {
            crc = SubStream(crc);
            kind = bytes.Byte();
        }
        if (kind != End)
            throw bytes.Broken($"{kind:X2}", "the end of the streams");
        return new SevenZipFolder(
            beforeData + (long)offset,
            (long)packed,
            unpacked,
            crc ?? throw bytes.Broken("no CRC-32", "a CRC-32 of the unpacked bytes"),
            coder
        );
    }

    private (SevenZipCoder Coder, long Unpacked, uint? Crc) Coder(long maxUnpacked)
    {
        bytes.Expect(UnpackInfo, "how the data is packed");
        bytes.Expect(Folder, "the coders");
        var folders = bytes.Number();
        if (folders != 1)
            throw bytes.Broken($"{folders} folders", "one");
        bytes.Expect(0, "coders in this place, not in another stream");
        var coders = bytes.Number();
        if (coders != 1)
            throw bytes.Broken($"{coders} coders, so a filter or encryption", "one");
        var flags = bytes.Byte();
        var id = Convert.ToHexString(bytes.Take(flags & 0x0F));
        if ((flags & 0xD0) != 0)
            throw bytes.Broken($"coder flags {flags:X2}", "a coder with one input and one output");
        var properties = (flags & 0x20) != 0 ? bytes.Take(bytes.Number(64, "bytes of coder properties")).ToArray() : [];
        var coder = SevenZipCoder.Of(id, properties, bytes);
        bytes.Expect(UnpackSize, "the unpacked size");
        var size = bytes.Number();
        if (size > (ulong)maxUnpacked)
            throw bytes.Broken($"{size} bytes when unpacked", $"at most {maxUnpacked}");
        uint? crc = null;
        var kind = bytes.Byte();
        if (kind == Crc)
        {
            crc = Digest();
            kind = bytes.Byte();
        }
        return kind == End
            ? (coder, (long)size, crc)
            : throw bytes.Broken($"{kind:X2}", "the end of how the data is packed");
    }

    private uint? SubStream(uint? crc)
    {
        var kind = bytes.Byte();
        if (kind == UnpackStreams)
        {
            var count = bytes.Number();
            if (count != 1)
                throw new SevenZipException(Where, $"{count} members", "one member");
            kind = bytes.Byte();
        }
        if (kind == Crc)
        {
            crc = Digest() ?? crc;
            kind = bytes.Byte();
        }
        return kind == End ? crc : throw bytes.Broken($"{kind:X2}", "the end of the members' streams");
    }

    /// <summary>
    /// The CRC of one stream: a byte that says "all have one", or a byte of flags; then the CRC if there is
    /// one.
    /// </summary>
    private uint? Digest() => bytes.Byte() != 0 || (bytes.Byte() & 0x80) != 0 ? bytes.UInt32() : null;

    private void FileList()
    {
        var count = bytes.Number();
        if (count != 1)
            throw new SevenZipException(Where, $"{count} members", "one member");
        while (true)
        {
            var kind = bytes.Byte();
            if (kind == End)
                return;
            var size = bytes.Number(bytes.Left, "bytes of a member's property");
            var property = bytes.Take(size);
            switch (kind)
            {
                case EmptyStream:
                    throw new SevenZipException(Where, "a folder or an empty member", "one member with bytes");
                case Names:
                    Name = NameOf(property);
                    break;
            }
        }
    }

    private string NameOf(ReadOnlySpan<byte> property)
    {
        if (
            property.Length < 3
            || property[0] != 0
            || property.Length % 2 == 0
            || property[^2] != 0
            || property[^1] != 0
        )
        {
            throw bytes.Broken("a member's name of another form", "UTF-16 ended by zero");
        }

        var name = Encoding.Unicode.GetString(property[1..^2]);
        if (name.Length is 0 or > MaxName || name.Contains('\0', StringComparison.Ordinal))
            throw bytes.Broken(Finding.Quote(name), $"one name of 1 to {MaxName} characters");
        return name;
    }
}
