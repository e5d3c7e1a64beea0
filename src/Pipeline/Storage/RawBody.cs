namespace Pipeline.Storage;

/// <summary>A stored body on this machine. It is to be disposed of.</summary>
/// <param name="sha256">Its SHA-256, computed while it was fetched; 64 hexadecimal digits.</param>
/// <param name="from">The address or the file that was asked for it, without secrets; empty where that is not
/// known.</param>
/// <param name="content">Its bytes, seekable; they end with the body.</param>
public sealed class RawBody(string sha256, string from, Stream content) : IAsyncDisposable
{
    /// <summary>Its SHA-256, computed while it was fetched; 64 hexadecimal digits.</summary>
    public string Sha256 => sha256;

    /// <summary>The address or the file that was asked for it, without secrets; empty where that is not
    /// known.</summary>
    public string From => from;

    /// <summary>The bytes from their beginning, for one reading at a time. The stream stays the body's.</summary>
    public Stream Rewind()
    {
        content.Position = 0;
        return content;
    }

    public ValueTask DisposeAsync() => content.DisposeAsync();
}
