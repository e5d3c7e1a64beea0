using System.Security.Cryptography;

namespace Pipeline.Sources.Http;

/// <summary>
/// A body on its way into storage: a temporary file that knows the hash and the two ends of what was written, and that ends
/// with its stream.
/// </summary>
public sealed class BodyFile : IAsyncDisposable
{
    private readonly FileStream file = Open();
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
        await file.WriteAsync(part, cancellationToken).ConfigureAwait(false);
        Length += part.Length;
    }

    /// <summary>Adds the rest of a stream, and stops one buffer after the limit.</summary>
    public async Task CopyFromAsync(Stream stream, long maxBytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        int count;
        while (Length <= maxBytes && (count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            await WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the writing: the stream, which is now the caller's, and the SHA-256 in hexadecimal digits.</summary>
    public (Stream Body, string Sha256) Complete()
    {
        var digest = Convert.ToHexStringLower(hash.GetHashAndReset());
        hash.Dispose();
        return (file, digest);
    }

    public async ValueTask DisposeAsync()
    {
        hash.Dispose();
        await file.DisposeAsync().ConfigureAwait(false);
    }

    private void KeepEnds(ReadOnlySpan<byte> part)
    {
        var take = Math.Min(part.Length, head.Length - headLength);
        part[..take].CopyTo(head.AsSpan(headLength));
        headLength += take;
        tail = part.Length >= Answer.EndBytes ? part[^Answer.EndBytes..].ToArray() : [.. tail.AsSpan(Math.Max(0, tail.Length + part.Length - Answer.EndBytes)), .. part];
    }

    /// <summary>Where the system allows it the file has no name any more, so that it does not outlive a killed process either.</summary>
    private static FileStream Open()
    {
        var path = Path.Combine(Path.GetTempPath(), $"pipeline-{Path.GetRandomFileName()}");
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.Asynchronous | (OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None),
            BufferSize = 64 * 1024
        });
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        return file;
    }
}
