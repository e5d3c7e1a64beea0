using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pipeline.Testing.Storage;

/// <summary>
/// An entity as the service gives it back: names and JSON texts, a type annotation before the value that it
/// belongs to.
/// </summary>
internal sealed record MemoryEntity(
    (string Partition, string Row) Key,
    IReadOnlyList<(string Name, string Json)> Members
)
{
    private const string TypeSuffix = "@odata.type";
    private readonly Dictionary<string, object?> values = new(StringComparer.Ordinal);

    public string Version { get; init; } = "";
    public DateTimeOffset Timestamp { get; init; }

    public static MemoryEntity Read(byte[] body)
    {
        using var document = JsonDocument.Parse(body);
        var types = new Dictionary<string, string?>(StringComparer.Ordinal);
        var members = new List<JsonProperty>();
        foreach (var member in document.RootElement.EnumerateObject())
        {
            if (member.Name.EndsWith(TypeSuffix, StringComparison.Ordinal))
                types[member.Name[..^TypeSuffix.Length]] = member.Value.GetString();
            else if (member.Value.ValueKind != JsonValueKind.Null)
                members.Add(member);
        }
        return new MemoryEntity(
            (
                members.Single(member => member.Name == "PartitionKey").Value.GetString()!,
                members.Single(member => member.Name == "RowKey").Value.GetString()!
            ),
            [
                .. members
                    .Where(member => !IsSystem(member.Name))
                    .SelectMany(member => Given(member.Name, member.Value, types.GetValueOrDefault(member.Name))),
            ]
        );
    }

    /// <summary>
    /// A number needs no annotation, because the service gives a whole one of type Double a decimal point.
    /// </summary>
    private static IEnumerable<(string Name, string Json)> Given(string name, JsonElement value, string? type)
    {
        var json = value.GetRawText();
        if (type == "Edm.Double" && value.ValueKind == JsonValueKind.Number)
            return [(name, json.AsSpan().ContainsAny('.', 'e', 'E') ? json : json + ".0")];
        return type is null ? [(name, json)] : [(name + TypeSuffix, Quote(type)), (name, json)];
    }

    public MemoryEntity With(MemoryEntity other)
    {
        var theirs = other.Members.Select(member => Column(member.Name)).ToHashSet(StringComparer.Ordinal);
        return new(Key, [.. Members.Where(member => !theirs.Contains(Column(member.Name))), .. other.Members]);
    }

    /// <summary>The column that a value or an annotation belongs to.</summary>
    private static string Column(string name) =>
        name.EndsWith(TypeSuffix, StringComparison.Ordinal) ? name[..^TypeSuffix.Length] : name;

    /// <summary>The value of a column as a filter compares it; null when there is none.</summary>
    public object? Value(string name)
    {
        if (name == "PartitionKey")
            return Key.Partition;
        if (name == "RowKey")
            return Key.Row;
        if (name == "Timestamp")
            return Timestamp;
        if (values.TryGetValue(name, out var known))
            return known;
        return values[name] = Parse(name);
    }

    private object? Parse(string name)
    {
        var json = Members.FirstOrDefault(member => member.Name == name).Json;
        if (json is null)
            return null;
        var type = Members.FirstOrDefault(member => member.Name == name + TypeSuffix).Json?.Trim('"');
        using var document = JsonDocument.Parse(json);
        var value = document.RootElement;
        return type switch
        {
            "Edm.Int64" => long.Parse(value.ToString(), CultureInfo.InvariantCulture),
            "Edm.DateTime" => DateTimeOffset.Parse(
                value.GetString()!,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal
            ),
            "Edm.Double" => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN,
            _ => value.ValueKind switch
            {
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                JsonValueKind.Number => json.Contains('.', StringComparison.Ordinal)
                || !value.TryGetInt64(out var whole)
                    ? value.GetDouble()
                    : whole,
                _ => value.GetString(),
            },
        };
    }

    public string Json(HashSet<string>? columns)
    {
        var text = new StringBuilder("{");
        Add("odata.etag", Quote(Version));
        if (columns?.Contains("PartitionKey") != false)
            Add("PartitionKey", Quote(Key.Partition));
        if (columns?.Contains("RowKey") != false)
            Add("RowKey", Quote(Key.Row));
        if (columns?.Contains("Timestamp") != false)
            Add("Timestamp", Quote(Timestamp.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)));
        foreach (var (name, json) in Members)
        {
            if (columns is null || columns.Contains(Column(name)))
                Add(name, json);
        }

        return text.Append('}').ToString();

        void Add(string name, string json) =>
            text.Append(text.Length > 1 ? ",\"" : "\"").Append(name).Append("\":").Append(json);
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    private static bool IsSystem(string name) => name is "PartitionKey" or "RowKey" or "Timestamp" or "odata.etag";
}
