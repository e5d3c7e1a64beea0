#nullable disable // The real package carries no nullability annotations; neither may its stand-in.
using System.Collections;

namespace Azure.Data.Tables;

/// <summary>
/// An entity of any columns, as a dictionary. Values read from the service are string, int, long, double, bool, byte[],
/// <see cref="Guid"/> and <see cref="DateTimeOffset"/>. Keys, <see cref="Timestamp"/> and <see cref="ETag"/> are entries as well, the last one as
/// <c>odata.etag</c>; the service's and no columns to send.
/// </summary>
public sealed class TableEntity : ITableEntity, IDictionary<string, object>
{
    internal const string ETagName = "odata.etag";

    public TableEntity() => Properties = [];

    public TableEntity(string partitionKey, string rowKey) : this()
    {
        PartitionKey = partitionKey;
        RowKey = rowKey;
    }

    /// <summary>An entity with a copy of <paramref name="values"/>.</summary>
    public TableEntity(IDictionary<string, object> values) => Properties = values is null ? [] : new Dictionary<string, object>(values);

    /// <summary>The entries themselves, for writing an entity without going through the interface.</summary>
    internal Dictionary<string, object> Properties { get; }

    public string PartitionKey
    {
        get => GetString(nameof(PartitionKey));
        set => Properties[nameof(PartitionKey)] = value;
    }

    public string RowKey
    {
        get => GetString(nameof(RowKey));
        set => Properties[nameof(RowKey)] = value;
    }

    public DateTimeOffset? Timestamp
    {
        get => GetDateTimeOffset(nameof(Timestamp));
        set => Properties[nameof(Timestamp)] = value;
    }

    public ETag ETag
    {
        get => GetString(ETagName) is { } text ? new ETag(text) : default;
        set => Properties[ETagName] = value.ToString();
    }

    public int Count => Properties.Count;
    public ICollection<string> Keys => Properties.Keys;
    ICollection<object> IDictionary<string, object>.Values => Properties.Values;
    bool ICollection<KeyValuePair<string, object>>.IsReadOnly => false;

    /// <summary>The value of a column; null when there is none. An int set over a long or a double takes that type.</summary>
    public object this[string key]
    {
        get
        {
            ArgumentException.ThrowIfNullOrEmpty(key);
            return Properties.GetValueOrDefault(key);
        }
        set
        {
            ArgumentException.ThrowIfNullOrEmpty(key);
            Properties[key] = (Properties.GetValueOrDefault(key), value) switch
            {
                (long, int whole) => (long)whole,
                (double, int whole) => (double)whole,
                _ => value,
            };
        }
    }

    public string GetString(string key) => (string)Get(key, typeof(string));
    public byte[] GetBinary(string key) => (byte[])Get(key, typeof(byte[]));
    public BinaryData GetBinaryData(string key) => this[key] is byte[] bytes ? new BinaryData(bytes) : (BinaryData)Get(key, typeof(BinaryData));
    public bool? GetBoolean(string key) => (bool?)Get(key, typeof(bool));
    public double? GetDouble(string key) => (double?)Get(key, typeof(double));
    public Guid? GetGuid(string key) => (Guid?)Get(key, typeof(Guid));
    public int? GetInt32(string key) => (int?)Get(key, typeof(int));
    public long? GetInt64(string key) => (long?)Get(key, typeof(long));

    /// <summary>A point in time in UTC; null when there is none.</summary>
    public DateTime? GetDateTime(string key) => this[key] is DateTimeOffset moment ? moment.UtcDateTime : (DateTime?)Get(key, typeof(DateTime));

    public DateTimeOffset? GetDateTimeOffset(string key) =>
        this[key] is DateTime moment ? new DateTimeOffset(moment) : (DateTimeOffset?)Get(key, typeof(DateTimeOffset));

    public void Add(string key, object value) => Properties.Add(key, value);
    public bool ContainsKey(string key) => Properties.ContainsKey(key);
    public bool Remove(string key) => Properties.Remove(key);
    public bool TryGetValue(string key, out object value) => Properties.TryGetValue(key, out value);
    public void Clear() => Properties.Clear();

    void ICollection<KeyValuePair<string, object>>.Add(KeyValuePair<string, object> item) => Add(item.Key, item.Value);
    bool ICollection<KeyValuePair<string, object>>.Contains(KeyValuePair<string, object> item) =>
        ((ICollection<KeyValuePair<string, object>>)Properties).Contains(item);

    void ICollection<KeyValuePair<string, object>>.CopyTo(KeyValuePair<string, object>[] array, int arrayIndex) =>
        ((ICollection<KeyValuePair<string, object>>)Properties).CopyTo(array, arrayIndex);

    bool ICollection<KeyValuePair<string, object>>.Remove(KeyValuePair<string, object> item) =>
        ((ICollection<KeyValuePair<string, object>>)Properties).Remove(item);
    IEnumerator<KeyValuePair<string, object>> IEnumerable<KeyValuePair<string, object>>.GetEnumerator() => Properties.GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => Properties.GetEnumerator();

    /// <exception cref="InvalidOperationException">The column holds another type: nothing is converted silently.</exception>
    private object Get(string key, Type expected)
    {
        var value = this[key];
        if (value is not null && value.GetType() != expected)
        {
            throw new InvalidOperationException(
                $"PartitionKey '{Properties.GetValueOrDefault(nameof(PartitionKey))}', RowKey '{Properties.GetValueOrDefault(nameof(RowKey))}', " +
                $"property '{key}': seen {value.GetType().Name}, expected {expected.Name}; read it with the method of its type.");
        }
        return value;
    }
}
