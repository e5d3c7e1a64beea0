using System.Buffers.Text;
using System.Text.Json;
using Azure.Data.Tables.Rules;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables.Json;

/// <summary>
/// Writes entities as the service reads them, one line of JSON each: a type is given for everything that JSON does not have, and for every
/// Double, which Azurite would take for an Int32 when it is whole. Counts what the service counts and refuses what it would refuse.
/// </summary>
internal sealed class EntityWriter(PooledBuffer buffer, string table) : IDisposable
{
    private static readonly JsonEncodedText PartitionKey = JsonEncodedText.Encode(nameof(ITableEntity.PartitionKey));
    private static readonly JsonEncodedText RowKey = JsonEncodedText.Encode(nameof(ITableEntity.RowKey));
    private static readonly JsonEncodedText EdmInt64 = JsonEncodedText.Encode("Edm.Int64");
    private static readonly JsonEncodedText EdmDouble = JsonEncodedText.Encode("Edm.Double");
    private static readonly JsonEncodedText EdmDateTime = JsonEncodedText.Encode("Edm.DateTime");
    private static readonly JsonEncodedText EdmGuid = JsonEncodedText.Encode("Edm.Guid");
    private static readonly JsonEncodedText EdmBinary = JsonEncodedText.Encode("Edm.Binary");
    private static readonly DateTime FirstDate = new(1601, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    // The service's own checks are repeated here, and names are encoded already: the writer need not check its caller.
    private readonly Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = EdmName.Encoder, SkipValidation = true });
    private ITableEntity current = null!;
    private int properties;
    private long size;

    /// <param name="entity">What to write. Its keys are checked too.</param>
    /// <exception cref="RequestFailedException">The service would refuse the entity.</exception>
    public void Write(ITableEntity entity)
    {
        current = entity;
        properties = 0;
        var partition = entity.PartitionKey;
        var row = entity.RowKey;
        KeyRule.Check(table, nameof(ITableEntity.PartitionKey), partition);
        KeyRule.Check(table, nameof(ITableEntity.RowKey), row);
        // https://learn.microsoft.com/archive/blogs/avkashchauhan/how-the-size-of-an-entity-is-caclulated-in-windows-azure-table-storage
        size = 4 + (partition.Length + row.Length) * 2L;

        json.Reset(buffer);
        json.WriteStartObject();
        json.WriteString(PartitionKey, partition);
        json.WriteString(RowKey, row);
        if (entity is TableEntity dictionary) DictionaryEntity.Write(this, dictionary);
        else EntityShape.Of(entity.GetType()).Write(this, entity);
        json.WriteEndObject();
        json.Flush();

        if (properties > ClientRule.MaxProperties)
        {
            throw ClientRule.Broken(
                "TooManyProperties", Where(), $"seen {properties} properties, " +
                    $"expected at most {ClientRule.MaxProperties} besides keys and Timestamp; split the entity.");
        }
        if (size > ClientRule.MaxEntityBytes)
            throw ClientRule.Broken("EntityTooLarge", Where(), $"seen {size} bytes, expected at most {ClientRule.MaxEntityBytes}; split the entity.");
    }

    public void String(EdmName name, string value)
    {
        if (value.Length * 2L > ClientRule.MaxPropertyBytes)
            throw TooLarge(name, $"a text of {value.Length} characters ({value.Length * 2L} bytes)");
        if (!Text.IsWellFormed(value, out var at))
        {
            throw ClientRule.Broken(
                "InvalidInput", Where(name), $"seen half of a surrogate pair (U+{(int)value[at]:X4}) at position {at}, " +
                    $"expected whole characters; correct the text.");
        }
        Count(name, value.Length * 2L + 4);
        json.WriteString(name.Value, value);
    }

    public void Int32(EdmName name, int value)
    {
        Count(name, 4);
        json.WriteNumber(name.Value, value);
    }

    public void Int64(EdmName name, long value)
    {
        Count(name, 8);
        json.WriteString(name.Type, EdmInt64);
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, text, out var length);
        json.WriteString(name.Value, text[..length]);
    }

    public void Double(EdmName name, double value)
    {
        Count(name, 8);
        json.WriteString(name.Type, EdmDouble);
        if (double.IsFinite(value)) json.WriteNumber(name.Value, value);
        else json.WriteString(name.Value, double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }

    public void Boolean(EdmName name, bool value)
    {
        Count(name, 1);
        json.WriteBoolean(name.Value, value);
    }

    public void Guid(EdmName name, Guid value)
    {
        Count(name, 16);
        json.WriteString(name.Type, EdmGuid);
        json.WriteString(name.Value, value);
    }

    public void Binary(EdmName name, ReadOnlySpan<byte> value)
    {
        if (value.Length > ClientRule.MaxPropertyBytes) throw TooLarge(name, $"{value.Length} bytes");
        Count(name, value.Length + 4L);
        json.WriteString(name.Type, EdmBinary);
        json.WriteBase64String(name.Value, value);
    }

    /// <exception cref="NotSupportedException">The time is not in UTC: as the real client, this one does not guess a time zone.</exception>
    public void DateTime(EdmName name, DateTime value)
    {
        if (value.Kind != DateTimeKind.Utc)
        {
            throw new NotSupportedException(
                $"{Where(name)}: seen {value:s} of kind {value.Kind}, expected kind Utc; say what it is with DateTime.SpecifyKind, or use DateTimeOffset.");
        }
        if (value < FirstDate)
            throw ClientRule.Broken("OutOfRangeInput", Where(name), $"seen {value:s}, " +
                $"expected a time from 1601-01-01 on; leave the property null where there is no time.");
        Count(name, 8);
        json.WriteString(name.Type, EdmDateTime);
        // yyyy-MM-ddTHH:mm:ss.fffffffZ: what O means for a time in UTC.
        Span<byte> text = stackalloc byte[28];
        Utf8Formatter.TryFormat(value, text, out var length, 'O');
        json.WriteString(name.Value, text[..length]);
    }

    public void Dispose() => json.Dispose();

    /// <summary>For messages: table, keys and property.</summary>
    public string Where(EdmName name) => $"{Where()}, property '{name.Text}'";

    private string Where() => $"{table}: PartitionKey '{current.PartitionKey}', RowKey '{current.RowKey}'";

    private void Count(EdmName name, long bytes)
    {
        if (name.IsFaulty) name.Check(Where());
        properties++;
        size += 8 + name.Text.Length * 2 + bytes;
    }

    private RequestFailedException TooLarge(EdmName name, string seen) =>
        ClientRule.Broken("PropertyValueTooLarge", Where(name), $"seen {seen}, " +
            $"expected at most {ClientRule.MaxPropertyBytes}; shorten it or keep it in a blob.");
}
