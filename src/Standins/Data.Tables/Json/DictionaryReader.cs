using System.Text;
using System.Text.Json;

namespace Azure.Data.Tables.Json;

/// <summary>Reads <see cref="TableEntity"/> rows. Column names are made once a page, not once a row.</summary>
internal sealed class DictionaryReader(string table)
{
    private readonly List<Known> names = [];
    private readonly Dictionary<string, string> types = new(StringComparer.Ordinal);
    private int next;

    public TableEntity Read(ref Utf8JsonReader reader)
    {
        var entity = new TableEntity();
        types.Clear();
        next = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Name(ref reader);
            reader.Read();
            if (name.Annotates is { } column) Annotate(entity, column, reader.GetString()!);
            else if (name.Text == TableEntity.ETagName || !name.Text.StartsWith("odata.", StringComparison.Ordinal)) Column(ref reader, entity, name.Text);
            else reader.Skip();
        }
        return entity;
    }

    private void Column(ref Utf8JsonReader reader, TableEntity entity, string name)
    {
        if (reader.TokenType == JsonTokenType.Null) return;
        var type = name == nameof(ITableEntity.Timestamp) ? "Edm.DateTime" : types.GetValueOrDefault(name);
        try
        {
            entity.Properties[name] = Value(ref reader, type);
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException or OverflowException)
        {
            throw new InvalidOperationException(
                $"{table}: PartitionKey '{entity.PartitionKey}', RowKey '{entity.RowKey}', property '{name}': " +
                $"seen {reader.TokenType} {Encoding.UTF8.GetString(reader.ValueSpan)}, " +
                    $"expected {type ?? "a text, a number, true or false"}; correct the stored value.", exception);
        }
    }

    /// <summary>A type mostly stands before its value; one that comes after it turns the text that was read into what it is.</summary>
    private void Annotate(TableEntity entity, string name, string type)
    {
        if (!entity.Properties.TryGetValue(name, out var value))
        {
            types[name] = type;
            return;
        }
        var reader = new Utf8JsonReader(JsonSerializer.SerializeToUtf8Bytes(value));
        reader.Read();
        Column(ref reader, entity, name, type);
    }

    private void Column(ref Utf8JsonReader reader, TableEntity entity, string name, string type)
    {
        types[name] = type;
        Column(ref reader, entity, name);
    }

    private static object Value(ref Utf8JsonReader reader, string? type) => (type, reader.TokenType) switch
    {
        ("Edm.Int64", _) => EdmCodec.ReadInt64(ref reader),
        ("Edm.Double", _) => EdmCodec.ReadDouble(ref reader),
        ("Edm.DateTime", _) => EdmCodec.ReadDateTime(ref reader),
        ("Edm.Guid", _) => reader.GetGuid(),
        ("Edm.Binary", _) => reader.GetBytesFromBase64(),
        (_, JsonTokenType.String) => reader.GetString()!,
        (_, JsonTokenType.True) => true,
        (_, JsonTokenType.False) => false,
        _ when reader.TryGetInt32(out var small) => small,
        _ when reader.TryGetInt64(out var large) => large,
        _ => reader.GetDouble(),
    };

    private Known Name(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped) return new Known([], reader.GetString()!);
        for (var offset = 0; offset < names.Count; offset++)
        {
            var at = (next + offset) % names.Count;
            if (!reader.ValueSpan.SequenceEqual(names[at].Utf8)) continue;
            next = at + 1;
            return names[at];
        }
        var name = new Known(reader.ValueSpan.ToArray(), reader.GetString()!);
        names.Add(name);
        next = names.Count;
        return name;
    }

    /// <summary>A name met before, and the column it gives the type of, if it does.</summary>
    private sealed class Known(byte[] utf8, string text)
    {
        public byte[] Utf8 { get; } = utf8;
        public string Text { get; } = text;
        public string? Annotates { get; } = text.EndsWith(EdmName.TypeSuffix, StringComparison.Ordinal) ? text[..^EdmName.TypeSuffix.Length] : null;
    }
}
