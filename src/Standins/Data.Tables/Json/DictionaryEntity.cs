namespace Azure.Data.Tables.Json;

/// <summary>The columns of a <see cref="TableEntity"/>.</summary>
internal static class DictionaryEntity
{
    public static void Write(EntityWriter writer, TableEntity entity)
    {
        foreach (var (key, value) in entity.Properties)
        {
            if (value is null || IsNoColumn(key)) continue;
            var name = EdmName.Of(key);
            switch (value)
            {
                case string text: writer.String(name, text); break;
                case int number: writer.Int32(name, number); break;
                case long number: writer.Int64(name, number); break;
                case double number: writer.Double(name, number); break;
                case bool truth: writer.Boolean(name, truth); break;
                case DateTimeOffset moment: writer.DateTime(name, moment.UtcDateTime); break;
                case DateTime moment: writer.DateTime(name, moment); break;
                case Guid guid: writer.Guid(name, guid); break;
                case byte[] bytes: writer.Binary(name, bytes); break;
                case BinaryData bytes: writer.Binary(name, bytes.ToMemory().Span); break;
                default: throw new NotSupportedException($"{writer.Where(name)}: {EdmCodec.Unsupported(value.GetType())}");
            }
        }
    }

    /// <summary>
    /// Keys are written by themselves; version and time are the service's; annotations are written with their values. A column may be named
    /// <c>ETag</c>: the version's entry is <c>odata.etag</c>.
    /// </summary>
    private static bool IsNoColumn(string key) =>
        key is nameof(ITableEntity.PartitionKey) or nameof(ITableEntity.RowKey) or nameof(ITableEntity.Timestamp) ||
        key.StartsWith("odata.", StringComparison.Ordinal) || key.EndsWith(EdmName.TypeSuffix, StringComparison.Ordinal);
}
