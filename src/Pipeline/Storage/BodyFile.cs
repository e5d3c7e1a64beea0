using System.Security.Cryptography;
using System.Text;
using Pipeline.Datasets;

namespace Pipeline.Storage;

/// <summary>
/// A body on its way into storage: a temporary file that knows the hash and the two ends of what was written, and that
/// ends with its stream.
/// </summary>
public sealed class BodyFile : IAsyncDisposable
{
    private readonly FileStream file = TemporaryFile.Open();
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] head = new byte[Answer.EndBytes];
    private byte[] tail = [];
    private int headLength;

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <summary>The first bytes, at most <see cref="Answer.EndBytes"/>.</summary>
    public ReadOnlyMemory<byte> Head => head.AsMemory(0, headLength);

    /// <summary>The last bytes, at most <see cref="Answer.EndBytes"/>.</summary>
    public ReadOnlyMemory<byte> Tail => tail;

    /// <summary>Adds to the body.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> part, CancellationToken cancellationToken)
    {
        hash.AppendData(part.Span);
        KeepEnds(part.Span);
        await file.WriteAsync(part, cancellationToken);
        Length += part.Length;
    }

    /// <summary>Adds the rest of a stream, and stops one buffer after the limit.</summary>
    public Task CopyFromAsync(Stream stream, long maxBytes, CancellationToken cancellationToken) =>
        CopyFromAsync(stream, maxBytes, [], cancellationToken);

    /// <summary>The same, with asterisks in the place of secrets.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="maxBytes">The limit.</param>
    /// <param name="hidden">The texts as bytes; none is empty.</param>
    /// <param name="cancellationToken">Stops the copying.</param>
    public async Task CopyFromAsync(
        Stream stream,
        long maxBytes,
        IReadOnlyList<byte[]> hidden,
        CancellationToken cancellationToken
    )
    {
        // So much is held back that a text which comes in two parts is found.
        var held = hidden.Count == 0 ? 0 : hidden.Max(text => text.Length) - 1;
        var buffer = new byte[64 * 1024 + held];
        int count,
            filled = 0;
        while (Length <= maxBytes && (count = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken)) > 0)
        {
            filled += count;
            foreach (var text in hidden)
                Mask(buffer.AsSpan(0, filled), text);
            var ready = Math.Max(0, filled - held);
            await WriteAsync(buffer.AsMemory(0, ready), cancellationToken);
            buffer.AsSpan(ready, filled - ready).CopyTo(buffer);
            filled -= ready;
        }
        await WriteAsync(buffer.AsMemory(0, filled), cancellationToken);
    }

    /// <summary>Servers change the case of what they repeat.</summary>
    private static void Mask(Span<byte> bytes, byte[] text)
    {
        var (lower, upper) = ((byte)char.ToLowerInvariant((char)text[0]), (byte)char.ToUpperInvariant((char)text[0]));
        for (int at; (at = bytes.IndexOfAny(lower, upper)) >= 0 && at + text.Length <= bytes.Length; )
        {
            var found = Ascii.EqualsIgnoreCase(bytes.Slice(at, text.Length), text);
            if (found)
                bytes.Slice(at, text.Length).Fill((byte)'*');
            bytes = bytes[(at + (found ? text.Length : 1))..];
        }
    }

    /// <summary>
    /// Ends the writing: the stream, which is now the caller's, and the SHA-256 in hexadecimal digits.
    /// </summary>
    public (Stream Body, string Sha256) Complete()
    {
        var digest = Convert.ToHexStringLower(hash.GetHashAndReset());
        hash.Dispose();
        return (file, digest);
    }

    public async ValueTask DisposeAsync()
    {
        hash.Dispose();
        await file.DisposeAsync();
    }

    private void KeepEnds(ReadOnlySpan<byte> part)
    {
        var take = Math.Min(part.Length, head.Length - headLength);
        part[..take].CopyTo(head.AsSpan(headLength));
        headLength += take;
        tail =
            part.Length >= Answer.EndBytes
                ? part[^Answer.EndBytes..].ToArray()
                : [.. tail.AsSpan(Math.Max(0, tail.Length + part.Length - Answer.EndBytes)), .. part];
    }
}
