using Azure.Core;

namespace Azure.Data.Tables.Wire;

/// <summary>
/// A request body in a pooled buffer, sent again as it is on every retry. The buffer goes back to the pool only if every send has ended
/// well: a send that was cancelled may still be reading from it, and must not come to see the bytes of another request.
/// </summary>
internal sealed class PooledContent(PooledBuffer buffer) : RequestContent
{
    private int unfinished;
    private int disposed;

    public override bool TryComputeLength(out long length)
    {
        length = buffer.Length;
        return true;
    }

    public override async Task WriteToAsync(Stream stream, CancellationToken cancellation)
    {
        Interlocked.Increment(ref unfinished);
        await stream.WriteAsync(buffer.Memory, cancellation).ConfigureAwait(false);
        Interlocked.Decrement(ref unfinished);
    }

    public override void WriteTo(Stream stream, CancellationToken cancellation)
    {
        Interlocked.Increment(ref unfinished);
        stream.Write(buffer.Span);
        Interlocked.Decrement(ref unfinished);
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        if (Volatile.Read(ref unfinished) == 0) buffer.Dispose();
        else buffer.Abandon();
    }
}
