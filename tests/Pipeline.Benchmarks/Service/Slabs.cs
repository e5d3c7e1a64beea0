namespace Pipeline.Benchmarks.Service;

/// <summary>
/// Bytes kept one after the other in large arrays, so that a million rows are no work for the garbage
/// collector.
/// </summary>
internal sealed class Slabs
{
    private const int Size = 32 << 20;
    private readonly List<byte[]> slabs = [];
    private int used = Size;

    public (int Slab, int Offset) Keep(ReadOnlySpan<byte> bytes)
    {
        if (Size - used < bytes.Length)
        {
            slabs.Add(GC.AllocateUninitializedArray<byte>(Size));
            used = 0;
        }
        bytes.CopyTo(slabs[^1].AsSpan(used));
        used += bytes.Length;
        return (slabs.Count - 1, used - bytes.Length);
    }

    public ReadOnlySpan<byte> At(int slab, int offset, int length) => slabs[slab].AsSpan(offset, length);
}

/// <summary>Keys as UTF-8, looked up without making an array of them.</summary>
internal sealed class KeyBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static KeyBytes Comparer { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)System.IO.Hashing.XxHash3.HashToUInt64(alternate);
}
