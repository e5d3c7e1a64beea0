using System.Buffers.Binary;

namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>Reads the numbers of a header. Running past its end is damage, reported with the place.</summary>
internal sealed class SevenZipBytes(ReadOnlyMemory<byte> bytes, string where, int position = 0)
{
    /// <summary>The next byte to be read, counted from the beginning of the header.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Bytes left.</summary>
    public int Left => bytes.Length - Position;

    public byte Byte() => Take(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > Left)
            throw Broken($"{Left} bytes left", $"{count} more");
        var span = bytes.Span.Slice(Position, count);
        Position += count;
        return span;
    }

    /// <summary>A number of 1 to 9 bytes: as many leading ones in the first byte as bytes follow.</summary>
    public ulong Number()
    {
        var first = Byte();
        ulong value = 0;
        var mask = 0x80;
        for (var index = 0; index < 8; index++, mask >>= 1)
        {
            if ((first & mask) == 0)
                return value | (ulong)(first & (mask - 1)) << (8 * index);
            value |= (ulong)Byte() << (8 * index);
        }
        return value;
    }

    /// <summary>A number that must not exceed a limit; nothing is allocated by a number that was not limited.</summary>
    public int Number(int most, string what)
    {
        var number = Number();
        return number <= (ulong)most ? (int)number : throw Broken($"{number} {what}", $"at most {most}");
    }

    /// <summary>A byte that must have a certain value.</summary>
    public void Expect(byte expected, string what)
    {
        var seen = Byte();
        if (seen != expected)
            throw Broken($"{seen:X2}", $"{expected:X2}, {what}");
    }

    public SevenZipException Broken(string seen, string expected) => new($"{where}, byte {Position}", seen, expected);
}
