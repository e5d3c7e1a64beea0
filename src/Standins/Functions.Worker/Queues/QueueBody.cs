using System.Text;
using System.Text.Json;

namespace Standin.Functions.Worker.Queues;

/// <summary>How bodies stand in a queue: base64 or as they are, by host.json's messageEncoding. Producer, trigger and replay share it.</summary>
internal static class QueueBody
{
    /// <summary>The worker's default: property case is ignored when reading, kept when writing.</summary>
    public static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true };

    public static string Encode(BinaryData body, bool base64) => base64 ? Convert.ToBase64String(body.ToMemory().Span) : body.ToString();

    /// <summary>The decoded body, or false when it is not base64.</summary>
    public static bool TryDecode(string stored, bool base64, out BinaryData body)
    {
        if (!base64)
        {
            body = BinaryData.FromString(stored);
            return true;
        }
        var buffer = new byte[stored.Length];
        var valid = Convert.TryFromBase64String(stored, buffer, out var length);
        body = BinaryData.FromBytes(buffer.AsMemory(0, valid ? length : 0));
        return valid;
    }

    /// <summary>An output value as a body: text and bytes as they are, everything else as JSON.</summary>
    public static BinaryData FromOutput(object value) => value switch
    {
        string text => BinaryData.FromString(text),
        byte[] bytes => BinaryData.FromBytes(bytes),
        BinaryData data => data,
        _ => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(value, value.GetType())),
    };

    /// <summary>Whether a value stands for several messages.</summary>
    public static bool IsList(object value) => value is System.Collections.IEnumerable and not (string or byte[] or BinaryData) and not System.Collections.IDictionary;

    /// <summary>The top-level properties of a JSON object that are not arrays; none for any other body.</summary>
    public static IEnumerable<KeyValuePair<string, object?>> TopLevel(BinaryData body)
    {
        Dictionary<string, object?> found = new(StringComparer.OrdinalIgnoreCase);
        var text = Encoding.UTF8.GetString(body.ToMemory().Span);
        if (!text.TrimStart().StartsWith('{')) return found;
        try
        {
            using var document = JsonDocument.Parse(text);
            foreach (var property in document.RootElement.EnumerateObject())
                if (property.Value.ValueKind != JsonValueKind.Array)
                    found[property.Name] = property.Value.ValueKind switch
                    {
                        JsonValueKind.String => property.Value.GetString(),
                        JsonValueKind.Null => null,
                        _ => property.Value.GetRawText(),
                    };
        }
        catch (JsonException)
        {
            found.Clear(); // not JSON after all: a text body has no properties
        }
        return found;
    }
}
