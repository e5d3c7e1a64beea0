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

    /// <summary>The JSON of all members, which copies of the entity have, too; null until it was needed.</summary>
    private string? all;

    public string Version { get; init; } = "";
    public DateTimeOffset Timestamp { get; init; }

    public static MemoryEntity Read(byte[] body)
    {
        using var document = JsonDocument.Parse(body);
        var types = new Dictionary<string, string?>(StringComparer.Ordinal);
        var given = new List<(string Name, JsonElement Value)>();
        // A property makes its name anew each time that it is asked for it.
        foreach (var member in document.RootElement.EnumerateObject())
        {
            var name = member.Name;
            if (name.EndsWith(TypeSuffix, StringComparison.Ordinal))
                types[name[..^TypeSuffix.Length]] = member.Value.GetString();
            else if (member.Value.ValueKind != JsonValueKind.Null)
                given.Add((name, member.Value));
        }
        var (partition, row) = ("", "");
        var members = new List<(string, string)>(2 * given.Count);
        foreach (var (name, value) in given)
        {
            if (name == "PartitionKey")
                partition = value.GetString()!;
            else if (name == "RowKey")
                row = value.GetString()!;
            else if (!IsSystem(name))
                Add(members, name, value, types.GetValueOrDefault(name));
        }
        return new MemoryEntity((partition, row), members);
    }

    /// <summary>
    /// A number needs no annotation, because the service gives a whole one of type Double a decimal point.
    /// </summary>
    private static void Add(List<(string, string)> members, string name, JsonElement value, string? type)
    {
        var json = value.GetRawText();
        if (type == "Edm.Double" && value.ValueKind == JsonValueKind.Number)
        {
            members.Add((name, json.AsSpan().ContainsAny('.', 'e', 'E') ? json : json + ".0"));
            return;
        }
        if (type is not null)
            members.Add((name + TypeSuffix, Quote(type)));
        members.Add((name, json));
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
        // A row is read far more often than it is written.
        if (columns is null)
        {
            all ??= string.Concat(Members.Select(member => $",\"{member.Name}\":{member.Json}"));
            return text.Append(all).Append('}').ToString();
        }
        foreach (var (name, json) in Members.Where(member => columns.Contains(Column(member.Name))))
            Add(name, json);
        return text.Append('}').ToString();

        void Add(string name, string json) =>
            text.Append(text.Length > 1 ? ",\"" : "\"").Append(name).Append("\":").Append(json);
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    private static bool IsSystem(string name) => name is "PartitionKey" or "RowKey" or "Timestamp" or "odata.etag";
}
