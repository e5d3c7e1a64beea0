using System.Globalization;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Azure.Data.Tables.Wire;

/// <summary>
/// Reads the answers of transactions into a pooled buffer: they are long, and nobody needs them once they are understood. It stands inside the
/// retries, so that an answer that breaks off is tried again like any other failed read.
/// </summary>
internal sealed class PooledBodyPolicy : HttpPipelinePolicy
{
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await ProcessNextAsync(message, pipeline).ConfigureAwait(false);
        if (message.BufferResponse || message.Response.ContentStream is not { } stream || stream is MemoryStream) return;
        await using (stream.ConfigureAwait(false))
        {
            if (message.Response.Status / 100 != 2)
            {
                // An error keeps its body: it travels with the exception.
                var kept = new MemoryStream();
                await stream.CopyToAsync(kept, message.CancellationToken).ConfigureAwait(false);
                kept.Position = 0;
                message.Response.ContentStream = kept;
                return;
            }
            message.Response.ContentStream = new PooledBody(await ReadAsync(stream, message).ConfigureAwait(false));
        }
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException("the stand-in of Azure.Data.Tables has no synchronous methods; use the asynchronous ones.");

    private static async Task<PooledBuffer> ReadAsync(Stream stream, HttpMessage message)
    {
        var announced = message.Response.Headers.TryGetValue("Content-Length", out var text) && int.TryParse(text, CultureInfo.InvariantCulture, out var length)
            ? length
            : 1 << 16;
        // One byte more than announced: the read that finds the end needs room too.
        var buffer = new PooledBuffer(Math.Clamp(announced, 1 << 8, 1 << 20) + 1);
        while (true)
        {
            var read = await stream.ReadAsync(buffer.GetMemory(1), message.CancellationToken).ConfigureAwait(false);
            if (read == 0) return buffer;
            buffer.Advance(read);
        }
    }
}

/// <summary>The answer of a transaction. Whoever has understood it disposes it.</summary>
internal sealed class PooledBody(PooledBuffer buffer) : MemoryStream(buffer.Segment.Array!, 0, buffer.Length, writable: false, publiclyVisible: true)
{
    public ReadOnlyMemory<byte> Bytes => buffer.Memory;

    protected override void Dispose(bool disposing)
    {
        if (disposing) buffer.Dispose();
        base.Dispose(disposing);
    }
}
