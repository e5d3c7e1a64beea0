using System.Buffers;

namespace Azure.Data.Tables.Wire;

/// <summary>Bytes that grow in arrays rented from the shared pool.</summary>
internal sealed class PooledBuffer(int capacity) : IBufferWriter<byte>, IDisposable
{
    private byte[] array = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }
    public ReadOnlyMemory<byte> Memory => array.AsMemory(0, Length);
    public ReadOnlySpan<byte> Span => array.AsSpan(0, Length);

    /// <summary>The bytes for those who need an array; of no use once more is written.</summary>
    public ArraySegment<byte> Segment => new(array, 0, Length);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(array.Length - Length), nameof(count));
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return array.AsSpan(Length);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(array.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>Appends text that is known to be ASCII.</summary>
    public void AppendAscii(ReadOnlySpan<char> text)
    {
        Reserve(text.Length);
        Length += System.Text.Encoding.ASCII.GetBytes(text, array.AsSpan(Length));
    }

    /// <summary>Gives the array back. Only for the last user of the bytes.</summary>
    public void Dispose()
    {
        if (array.Length > 0) ArrayPool<byte>.Shared.Return(array);
        Abandon();
    }

    /// <summary>Lets go of the array without giving it back, when someone may still read from it.</summary>
    public void Abandon()
    {
        array = [];
        Length = 0;
    }

    private void Reserve(int size)
    {
        size = Math.Max(size, 1);
        if (array.Length - Length >= size) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(array.Length * 2, Length + size));
        array.AsSpan(0, Length).CopyTo(larger);
        if (array.Length > 0) ArrayPool<byte>.Shared.Return(array);
        array = larger;
    }
}
