using System.Buffers.Text;
using System.Text;

namespace Azure.Data.Tables.Batch;

/// <summary>
/// Reads the multipart answer to a transaction. It looks for the inner status lines and takes boundaries and part heads as they come: Azurite
/// puts stray lines between them. The outer status says nothing: it is 202 when the transaction failed, too.
/// </summary>
internal static class TransactionAnswer
{
    private static ReadOnlySpan<byte> StatusLine => "HTTP/1.1 "u8;

    /// <exception cref="TableTransactionFailedException">The service refused the transaction.</exception>
    /// <exception cref="RequestFailedException">The answer cannot be understood: whether the transaction was kept is not known.</exception>
    public static IReadOnlyList<Response> Read(
        string table, IReadOnlyList<TableTransactionAction> actions, int outerStatus, string clientRequestId, ReadOnlyMemory<byte> body)
    {
        var responses = new Response[actions.Count];
        var count = 0;
        var rest = body;
        for (var at = rest.Span.IndexOf(StatusLine); at >= 0; at = rest.Span.IndexOf(StatusLine), count++)
        {
            rest = rest[(at + StatusLine.Length)..];
            var end = EndOfPart(rest.Span);
            var part = rest[..end];
            rest = rest[end..];
            if (!Utf8Parser.TryParse(part.Span, out int status, out var digits)) continue;
            var line = Line(part.Span[digits..]);
            if (status >= 400) throw TransactionFailure.Of(table, actions, status, Reason(status, line), Content(part));
            if (count < responses.Length) responses[count] = new ActionResponse(status, Reason(status, line), ETag(part.Span), clientRequestId);
        }
        if (count == actions.Count) return responses;
        throw new RequestFailedException(
            outerStatus,
            $"{table}: transaction of {actions.Count} actions: seen {count} answers in {body.Length} bytes, expected one for each action; " +
            $"read the entities to learn whether it was kept. The answer starts: {Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, 200)])}");
    }

    /// <summary>A part ends where the next boundary starts a line.</summary>
    private static int EndOfPart(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf("\n--"u8);
        return end < 0 ? text.Length : end;
    }

    private static ReadOnlySpan<byte> Line(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAny((byte)'\r', (byte)'\n');
        return (end < 0 ? text : text[..end]).Trim((byte)' ');
    }

    private static string Reason(int status, ReadOnlySpan<byte> line) => status switch
    {
        204 => "No Content",
        201 => "Created",
        _ => Encoding.ASCII.GetString(line),
    };

    private static string? ETag(ReadOnlySpan<byte> part)
    {
        for (var at = part.IndexOf((byte)'\n'); at >= 0; at = part.IndexOf((byte)'\n'))
        {
            part = part[(at + 1)..];
            if (part.Length > 5 && part[4] == ':' && Ascii.EqualsIgnoreCase(part[..4], "etag"u8)) return Encoding.ASCII.GetString(Line(part[5..]));
        }
        return null;
    }

    /// <summary>The error body: what starts with a brace or an angle bracket after the head, up to its last one.</summary>
    private static ReadOnlyMemory<byte> Content(ReadOnlyMemory<byte> part)
    {
        var start = part.Span.IndexOfAny((byte)'{', (byte)'<');
        if (start < 0) return default;
        var end = part.Span.LastIndexOfAny((byte)'}', (byte)'>');
        return end < start ? part[start..] : part[start..(end + 1)];
    }
}
