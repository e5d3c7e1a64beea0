using System.Text;
using System.Text.Json;

namespace Azure.Data.Tables.Json;

/// <summary>Reads entities of one type from the service's JSON (minimal metadata). One for each page: it remembers the names of the row before.</summary>
internal sealed class EntityReader<T>(string table) where T : class, ITableEntity
{
    private readonly EntityShape? shape = typeof(T) == typeof(TableEntity) ? null : Shape(table);
    private readonly DictionaryReader? dictionary = typeof(T) == typeof(TableEntity) ? new DictionaryReader(table) : null;

    /// <summary>An answer that is one entity.</summary>
    public T One(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        reader.Read();
        return Read(ref reader);
    }

    /// <summary>An answer that is a page of entities.</summary>
    public List<T> Many(ReadOnlySpan<byte> body)
    {
        var entities = new List<T>();
        var reader = new Utf8JsonReader(body);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isValue = reader.ValueTextEquals("value"u8);
            reader.Read();
            if (isValue && reader.TokenType == JsonTokenType.StartArray)
                while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                    entities.Add(Read(ref reader));
            else reader.Skip();
        }
        return entities;
    }

    private T Read(ref Utf8JsonReader reader)
    {
        if (dictionary is not null) return (T)(object)dictionary.Read(ref reader);
        var entity = Activator.CreateInstance<T>();
        var next = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("PartitionKey"u8)) entity.PartitionKey = Next(ref reader).GetString()!;
            else if (reader.ValueTextEquals("RowKey"u8)) entity.RowKey = Next(ref reader).GetString()!;
            else if (reader.ValueTextEquals("odata.etag"u8)) entity.ETag = new ETag(Next(ref reader).GetString()!);
            else if (reader.ValueTextEquals("Timestamp"u8))
            {
                reader.Read();
                entity.Timestamp = EdmCodec.ReadDateTime(ref reader);
            }
            else Column(ref reader, entity, ref next);
        }
        return entity;
    }

    private void Column(ref Utf8JsonReader reader, T entity, ref int next)
    {
        var member = reader.ValueIsEscaped ? shape!.Find(Encoding.UTF8.GetBytes(reader.GetString()!), ref next) : shape!.Find(reader.ValueSpan, ref next);
        reader.Read();
        if (member is null || reader.TokenType == JsonTokenType.Null)
        {
            reader.Skip();
            return;
        }
        try
        {
            member.Read(ref reader, entity);
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException or OverflowException)
        {
            throw new InvalidOperationException(
                $"{table}: PartitionKey '{entity.PartitionKey}', RowKey '{entity.RowKey}', property '{Encoding.UTF8.GetString(member.Utf8Name)}': " +
                $"seen {reader.TokenType} {Encoding.UTF8.GetString(reader.ValueSpan)}, " +
                    $"expected {member.Expected}; give {typeof(T).Name} the type that is stored.", exception);
        }
    }

    private static Utf8JsonReader Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader;
    }

    private static EntityShape Shape(string table) =>
        typeof(T).GetConstructor(Type.EmptyTypes) is not null
            ? EntityShape.Of(typeof(T))
            : throw new InvalidOperationException($"{table}: seen {typeof(T).Name} without a public constructor that takes nothing, " +
                $"expected one to read rows into; add it.");
}
