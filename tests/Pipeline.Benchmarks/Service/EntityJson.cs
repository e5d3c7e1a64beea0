using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Benchmarks.Service;

/// <summary>
/// Finds columns in the JSON of an entity without parsing it: a quote inside a text is escaped, so that
/// <c>"Name":</c> stands where the column is.
/// </summary>
internal static class EntityJson
{
    public static byte[] Mark(string column) => Encoding.UTF8.GetBytes($"\"{column}\":");

    /// <summary>The value as it stands in the JSON, quotes included; empty when there is none.</summary>
    public static ReadOnlySpan<byte> Token(ReadOnlySpan<byte> json, ReadOnlySpan<byte> mark)
    {
        var at = json.IndexOf(mark);
        if (at < 0)
            return default;
        var rest = json[(at + mark.Length)..];
        if (rest[0] != '"')
            return rest[..rest.IndexOfAny((byte)',', (byte)'}')];
        var end = 1;
        while (true)
        {
            end += rest[end..].IndexOf((byte)'"');
            var slashes = 0;
            while (rest[end - 1 - slashes] == '\\')
                slashes++;
            end++;
            if (slashes % 2 == 0)
                return rest[..end];
        }
    }

    /// <summary>A text's bytes; empty when there is none.</summary>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> json, ReadOnlySpan<byte> mark)
    {
        var token = Token(json, mark);
        if (token.Length < 2)
            return default;
        var text = token[1..^1];
        return text.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(JsonSerializer.Deserialize<string>(token)!) : text;
    }

    /// <summary>
    /// An entity as the service gives it back: a number of type Double has a decimal point and no annotation.
    /// Most entities have none, and stay as they are.
    /// </summary>
    public static ReadOnlyMemory<byte> AsGiven(ReadOnlyMemory<byte> json)
    {
        if (json.Span.IndexOf("\"Edm.Double\""u8) < 0)
            return json;
        const string suffix = "@odata.type";
        var entity = JsonNode.Parse(json.Span)!.AsObject();
        foreach (var (mark, type) in entity.ToList())
        {
            if (type?.ToString() != "Edm.Double" || !mark.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            var name = mark[..^suffix.Length];
            if (entity[name]!.GetValueKind() != JsonValueKind.Number)
                continue;
            var number = entity[name]!.ToJsonString();
            entity[name] = JsonNode.Parse(number.AsSpan().ContainsAny('.', 'e', 'E') ? number : number + ".0");
            entity.Remove(mark);
        }
        return JsonSerializer.SerializeToUtf8Bytes(entity);
    }

    /// <summary>An entity with the columns of another in the place of its own.</summary>
    public static byte[] Merged(ReadOnlySpan<byte> before, ReadOnlySpan<byte> change)
    {
        var merged = JsonNode.Parse(before)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
            merged[name] = value?.DeepClone();
        return JsonSerializer.SerializeToUtf8Bytes(merged);
    }
}
