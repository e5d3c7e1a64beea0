using System.Text;

namespace Pipeline.Benchmarks.Service;

/// <summary>
/// Reads the parts of a transaction from its body, as every client here writes them: lines may end with or
/// without a carriage return.
/// </summary>
internal static class BatchBody
{
    private static readonly byte[] PartitionKey = EntityJson.Mark("PartitionKey"),
        RowKey = EntityJson.Mark("RowKey");

    /// <param name="body">The whole body of the request.</param>
    /// <param name="prefix">The path of the account, which addresses begin with.</param>
    /// <param name="writes">Receives the writes.</param>
    /// <returns>The table.</returns>
    public static string Read(ReadOnlyMemory<byte> body, string prefix, List<Write> writes)
    {
        var (at, table) = (0, "");
        var bytes = body.Span;
        while (true)
        {
            var next = bytes[at..].IndexOf("application/http"u8);
            if (next < 0)
                return table;
            at += next;
            while (Line(bytes, ref at).Length > 0)
            {
                // The head of the part.
            }
            var request = Line(bytes, ref at);
            string? match = null;
            for (var header = Line(bytes, ref at); header.Length > 0; header = Line(bytes, ref at))
            {
                if (
                    header.Length > 9
                    && (header[0] | 0x20) == 'i'
                    && Ascii.EqualsIgnoreCase(header[..9], "if-match:"u8)
                )
                {
                    match = Encoding.ASCII.GetString(header[9..]).Trim();
                }
            }

            var json = request.StartsWith("DELETE "u8) ? default : EntityJson.AsGiven(Entity(body, ref at));
            var space = request.IndexOf((byte)' ');
            var kind = KindOf(request[..space]);
            var address = request[(space + 1)..request.LastIndexOf((byte)' ')];
            if (kind == WriteKind.Insert)
            {
                if (table.Length == 0)
                    table = EntityAddress.Of(Encoding.ASCII.GetString(address), prefix).Table;
                writes.Add(new Write(kind, Key(json, PartitionKey), Key(json, RowKey), null, json));
                continue;
            }
            var entity = EntityAddress.Of(Encoding.ASCII.GetString(address), prefix);
            table = entity.Table;
            writes.Add(new Write(kind, entity.PartitionKey, entity.RowKey, match, json));
        }
    }

    public static WriteKind KindOf(ReadOnlySpan<byte> method) =>
        method switch
        {
            _ when method.SequenceEqual("POST"u8) => WriteKind.Insert,
            _ when method.SequenceEqual("PUT"u8) => WriteKind.Replace,
            _ when method.SequenceEqual("DELETE"u8) => WriteKind.Delete,
            _ when method.SequenceEqual("PATCH"u8) || method.SequenceEqual("MERGE"u8) => WriteKind.Merge,
            _ => throw new FormatException(
                $"seen the method {Encoding.ASCII.GetString(method)}, expected POST, PUT, PATCH, MERGE or DELETE"
            ),
        };

    /// <summary>The key in an entity that is inserted, where it stands in the body.</summary>
    public static ReadOnlyMemory<byte> Key(ReadOnlyMemory<byte> json, byte[] mark)
    {
        var text = EntityJson.Text(json.Span, mark);
        return json.Span.Overlaps(text, out var offset) ? json.Slice(offset, text.Length) : text.ToArray();
    }

    /// <summary>The keys in an entity that is inserted.</summary>
    public static (ReadOnlyMemory<byte> Partition, ReadOnlyMemory<byte> Row) Keys(ReadOnlyMemory<byte> json) =>
        (Key(json, PartitionKey), Key(json, RowKey));

    /// <summary>The next line that is not empty: the client from npm puts one more blank line in front.</summary>
    private static ReadOnlyMemory<byte> Entity(ReadOnlyMemory<byte> body, ref int at)
    {
        while (true)
        {
            var start = at;
            var length = Line(body.Span, ref at).Length;
            if (length > 0)
                return body.Slice(start, length);
        }
    }

    private static ReadOnlySpan<byte> Line(ReadOnlySpan<byte> bytes, ref int at)
    {
        var end = bytes[at..].IndexOf((byte)'\n');
        if (end < 0)
            throw new FormatException("the body of a transaction ends inside a part");
        var line = bytes.Slice(at, end);
        at += end + 1;
        return line is [.. var text, (byte)'\r'] ? text : line;
    }
}

/// <summary>
/// What the address of an entity says: <c>…/table</c>, <c>…/table()</c> or
/// <c>…/table(PartitionKey='a',RowKey='b')</c>.
/// </summary>
internal sealed record EntityAddress(string Table, byte[]? PartitionKey, byte[]? RowKey)
{
    private const string First = "(PartitionKey='",
        Second = "',RowKey='";

    /// <param name="address">Percent-encoded; a query is passed over.</param>
    /// <param name="prefix">The path of the account.</param>
    public static EntityAddress Of(string address, string prefix)
    {
        var path = Uri.UnescapeDataString(
            address.Split('?')[0][(address.IndexOf(prefix, StringComparison.Ordinal) + prefix.Length)..]
        );
        var open = path.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
            return new EntityAddress(path, null, null);
        var cut = path.IndexOf(Second, StringComparison.Ordinal);
        return cut < 0
            ? new EntityAddress(path[..open], null, null)
            : new EntityAddress(
                path[..open],
                Bytes(path[(open + First.Length)..cut]),
                Bytes(path[(cut + Second.Length)..^2])
            );
    }

    private static byte[] Bytes(string key) => Encoding.UTF8.GetBytes(key.Replace("''", "'", StringComparison.Ordinal));
}
