using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>Turns the own columns of a row into 32 hexadecimal digits; equal digits mean equal columns.</summary>
internal static class RowHash
{
    /// <summary>Room for the columns of nearly every row.</summary>
    private const int FirstRoom = 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? columns;

    public static string Of(FactRow row)
    {
        var written = columns ??= new ArrayBufferWriter<byte>(FirstRoom);
        written.ResetWrittenCount();
        var sink = new Sink(written);
        row.Describe(ref sink);
        sink.Add(nameof(FactRow.Basis), row.Basis);
        Span<byte> digest = stackalloc byte[16];
        XxHash128.Hash(written.WrittenSpan, digest);
        return Convert.ToHexStringLower(digest);
    }

    /// <summary>A hash of a row in 16 bytes; equal digests mean equal hashes.</summary>
    public static UInt128 Digest(string hash) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(hash.AsSpan()));

    private readonly struct Sink(ArrayBufferWriter<byte> columns) : IColumnSink
    {
        public void Add(string name, string value)
        {
            Add(name, value.Length);
            columns.Write(MemoryMarshal.AsBytes(value.AsSpan()));
        }

        public void Add(string name, long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(columns.GetSpan(sizeof(long)), value);
            columns.Advance(sizeof(long));
        }

        public void Add(string name, long? value)
        {
            if (value is { } number)
                Add(name, number);
            else
                Add(name, "");
        }

        public void Add(string name, double value) => Add(name, BitConverter.DoubleToInt64Bits(value));

        public void Add(string name, DateTimeOffset value) => Add(name, value.UtcTicks);
    }
}
