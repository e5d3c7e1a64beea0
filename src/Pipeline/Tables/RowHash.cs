using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Pipeline.Tables;

/// <summary>Turns the own columns of a row into 32 hexadecimal digits; equal digits mean equal columns.</summary>
internal static class RowHash
{
    [ThreadStatic] private static XxHash128? hash;

    public static string Of(FactRow row)
    {
        var sink = new Sink(hash ??= new XxHash128());
        row.Describe(ref sink);
        sink.Add(nameof(FactRow.Basis), row.Basis);
        Span<byte> digest = stackalloc byte[16];
        sink.Hash.GetHashAndReset(digest);
        return Convert.ToHexStringLower(digest);
    }

    private readonly struct Sink(XxHash128 hash) : IColumnSink
    {
        public XxHash128 Hash => hash;

        public void Add(string name, string value)
        {
            Add(name, value.Length);
            hash.Append(MemoryMarshal.AsBytes(value.AsSpan()));
        }

        public void Add(string name, long value)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            hash.Append(bytes);
        }

        public void Add(string name, double value) => Add(name, BitConverter.DoubleToInt64Bits(value));
        public void Add(string name, DateTimeOffset value) => Add(name, value.UtcTicks);
    }
}
