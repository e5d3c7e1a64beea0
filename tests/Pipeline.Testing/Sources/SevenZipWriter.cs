using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Pipeline.Testing;

/// <summary>
/// Writes small 7z archives, good ones and ones with a fault that no packing program would make. The data is
/// stored in an LZMA2 chunk as it is.
/// </summary>
internal static class SevenZipWriter
{
    public static ReadOnlySpan<byte> Signature => [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C];

    public static byte[] Write(byte[] data, string fault)
    {
        byte chunk = fault switch
        {
            "chunk head" => 3,
            "chunk without window" => 2,
            "chunk without model" => 0x80,
            "chunk model" => 0xE0,
            _ => 1,
        };
        byte[] packed = [chunk, 0, (byte)(data.Length - 1), .. data, .. fault == "no end" ? Array.Empty<byte>() : [0]];
        var unpacked = fault switch
        {
            "declares more" => data.Length + 1,
            "declares less" => data.Length - 1,
            _ => data.Length,
        };
        var crc = Crc32.HashToUInt32(data) ^ (fault == "member CRC" ? 1u : 0u);
        byte[] size = fault == "bomb" ? [0xF8, 0, 0, 0, 0x80, 2] : [(byte)unpacked];
        byte[] coder = fault switch
        {
            "encrypted" => [0x24, 0x06, 0xF1, 0x07, 0x01, 1, 0],
            "window size" => [0x21, 0x21, 1, 41],
            _ => [0x21, 0x21, 1, 0x18],
        };
        byte[] streams =
        [
            0x04,
            0x06,
            fault == "data outside" ? (byte)100 : (byte)0,
            fault == "two packed streams" ? (byte)2 : (byte)1,
            0x09,
            (byte)packed.Length,
            0x00,
            0x07,
            0x0B,
            fault == "two folders" ? (byte)2 : (byte)1,
            0x00,
            0x01,
            .. coder,
            0x0C,
            .. size,
            .. fault == "no CRC" ? Array.Empty<byte>() : [0x0A, 0x01, .. Bytes(crc)],
            0x00,
            0x00,
        ];
        byte[] name = [0, .. Encoding.Unicode.GetBytes(fault == "two names" ? "a\0b\0" : "a.csv\0")];
        byte[] files =
        [
            0x05,
            fault == "two members" ? (byte)2 : (byte)1,
            .. fault == "a folder" ? [0x0E, 0x01, 0x80] : Array.Empty<byte>(),
            0x11,
            (byte)name.Length,
            .. name,
            0x00,
        ];
        byte[] contents = fault switch
        {
            "kind" => [0x42, 0x00],
            "no member" => [0x01, .. streams, 0x00],
            "nothing packed" => [0x01, .. files, 0x00],
            "additional streams" => [0x01, 0x03, 0x00],
            "cut contents" => [0x01, .. streams[..12]],
            "contents too large" => new byte[(1 << 20) + 1],
            _ => [0x01, .. streams, .. files, 0x00],
        };
        var offset = fault switch
        {
            "contents outside" => 100_000,
            "contents far outside" => long.MaxValue,
            _ => packed.Length,
        };
        var start = new byte[32];
        Signature.CopyTo(start);
        start[6] = fault == "version" ? (byte)1 : (byte)0;
        start[7] = 4;
        BinaryPrimitives.WriteInt64LittleEndian(start.AsSpan(12), offset);
        BinaryPrimitives.WriteInt64LittleEndian(start.AsSpan(20), fault == "empty" ? 0 : contents.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(
            start.AsSpan(28),
            Crc32.HashToUInt32(contents) ^ (fault == "contents damaged" ? 1u : 0u)
        );
        BinaryPrimitives.WriteUInt32LittleEndian(
            start.AsSpan(8),
            Crc32.HashToUInt32(start.AsSpan(12)) ^ (fault == "start header damaged" ? 1u : 0u)
        );
        return [.. start, .. packed, .. contents];
    }

    /// <summary>
    /// Makes the two CRCs of the headers fit whatever the headers have become, so that a mutation gets past
    /// them.
    /// </summary>
    public static void MendCrcs(byte[] archive)
    {
        var offset = BinaryPrimitives.ReadInt64LittleEndian(archive.AsSpan(12));
        var size = BinaryPrimitives.ReadInt64LittleEndian(archive.AsSpan(20));
        if (offset >= 0 && size >= 0 && offset <= archive.Length - 32 && size <= archive.Length - 32 - offset)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(
                archive.AsSpan(28),
                Crc32.HashToUInt32(archive.AsSpan(32 + (int)offset, (int)size))
            );
        }

        BinaryPrimitives.WriteUInt32LittleEndian(archive.AsSpan(8), Crc32.HashToUInt32(archive.AsSpan(12, 20)));
    }

    private static byte[] Bytes(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
