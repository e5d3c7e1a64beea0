namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>
/// The bytes unpacked last, which packed data may refer back to, and the place where unpacked bytes
/// go.
/// </summary>
internal sealed class LzmaWindow(int size)
{
    private readonly byte[] bytes = new byte[size];
    private int next;

    /// <summary>Bytes unpacked since the last reset, as far as a distance may reach.</summary>
    public long Written { get; private set; }

    /// <summary>The byte unpacked last; 0 before the first.</summary>
    public byte Last => Written == 0 ? (byte)0 : bytes[next == 0 ? size - 1 : next - 1];

    /// <summary>Whether a distance (0 = the last byte) lies in what was unpacked and is kept.</summary>
    public bool Holds(uint distance) => distance < Written && distance < (uint)size;

    public byte At(uint distance)
    {
        var index = next - (int)distance - 1;
        return bytes[index < 0 ? index + size : index];
    }

    public void Put(byte value)
    {
        bytes[next] = value;
        if (++next == size)
            next = 0;
        Written++;
    }

    /// <summary>Forgets everything: nothing unpacked before can be referred to.</summary>
    public void Reset() => Written = 0;
}
