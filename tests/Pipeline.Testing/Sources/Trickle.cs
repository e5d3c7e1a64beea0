namespace Pipeline.Testing;

/// <summary>Gives at most so many bytes at a time.</summary>
internal sealed class Trickle(byte[] bytes, int step) : MemoryStream(bytes, writable: false)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(buffer.Length, step)], cancellationToken);
}
