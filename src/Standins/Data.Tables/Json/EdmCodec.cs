using System.Globalization;
using System.Text.Json;

namespace Azure.Data.Tables.Json;

/// <summary>Which .NET types can be columns, and how each is written and read.</summary>
internal static class EdmCodec
{
    private static readonly Dictionary<Type, object> Codecs = new()
    {
        [typeof(string)] = new Codec<string>(static (w, n, v) => w.String(n, v), static (ref r) => r.GetString()!),
        [typeof(int)] = new Codec<int>(static (w, n, v) => w.Int32(n, v), static (ref r) => r.GetInt32()),
        [typeof(long)] = new Codec<long>(static (w, n, v) => w.Int64(n, v), ReadInt64),
        [typeof(double)] = new Codec<double>(static (w, n, v) => w.Double(n, v), ReadDouble),
        [typeof(bool)] = new Codec<bool>(static (w, n, v) => w.Boolean(n, v), static (ref r) => r.GetBoolean()),
        [typeof(Guid)] = new Codec<Guid>(static (w, n, v) => w.Guid(n, v), static (ref r) => r.GetGuid()),
        [typeof(DateTimeOffset)] = new Codec<DateTimeOffset>(static (w, n, v) => w.DateTime(n, v.UtcDateTime), ReadDateTime),
        [typeof(DateTime)] = new Codec<DateTime>(static (w, n, v) => w.DateTime(n, v), static (ref r) => ReadDateTime(ref r).UtcDateTime),
        [typeof(byte[])] = new Codec<byte[]>(static (w, n, v) => w.Binary(n, v), static (ref r) => r.GetBytesFromBase64()),
        [typeof(BinaryData)] = new Codec<BinaryData>(static (w, n, v) => w.Binary(n, v.ToMemory().Span),
            static (ref r) => new BinaryData(r.GetBytesFromBase64())),
    };

    /// <summary>The codec of a type; null when a column cannot hold it.</summary>
    public static Codec<T>? Of<T>()
    {
        if (Codecs.TryGetValue(typeof(T), out var codec)) return (Codec<T>)codec;
        var inner = Nullable.GetUnderlyingType(typeof(T));
        if (inner is not null && (inner.IsEnum || Codecs.ContainsKey(inner)))
            return (Codec<T>)Activator.CreateInstance(typeof(NullableCodec<>).MakeGenericType(inner), Inner(inner))!;
        return typeof(T).IsEnum ? (Codec<T>)Inner(typeof(T)) : null;
    }

    public static string Unsupported(Type type) =>
        $"seen the type {type.Name}, " +
            $"expected string, int, long, double, bool, DateTimeOffset, DateTime, Guid, byte[], BinaryData or an enum; " +
            "convert it, or mark the property with [IgnoreDataMember].";

    /// <summary>A text of digits with the type Edm.Int64; a plain number is understood as well.</summary>
    public static long ReadInt64(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number
            ? reader.GetInt64()
            : long.Parse(reader.GetString()!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    /// <summary>A number, or a text for what JSON has no number for.</summary>
    public static double ReadDouble(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number
            ? reader.GetDouble()
            : reader.GetString() switch
            {
                "NaN" => double.NaN,
                "Infinity" or "INF" => double.PositiveInfinity,
                "-Infinity" or "-INF" => double.NegativeInfinity,
                var text => double.Parse(text!, NumberStyles.Float, CultureInfo.InvariantCulture),
            };

    /// <summary>A time in UTC, to 100 ns. One without a zone is UTC too: the service knows no other.</summary>
    public static DateTimeOffset ReadDateTime(ref Utf8JsonReader reader) =>
        DateTimeOffset.Parse(reader.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    private static object Inner(Type type) =>
        Codecs.TryGetValue(type, out var codec) ? codec : Activator.CreateInstance(typeof(EnumCodec<>).MakeGenericType(type))!;

    public delegate void Write<in T>(EntityWriter writer, EdmName name, T value);
    public delegate T Read<out T>(ref Utf8JsonReader reader);

    public class Codec<T>(Write<T> write, Read<T> read)
    {
        public virtual void Put(EntityWriter writer, EdmName name, T value)
        {
            if (value is not null) write(writer, name, value);
        }

        /// <returns>False when the column holds nothing that the type has.</returns>
        public virtual bool TryTake(ref Utf8JsonReader reader, out T value)
        {
            value = read(ref reader);
            return true;
        }
    }

    private sealed class NullableCodec<T>(Codec<T> inner) : Codec<T?>(null!, null!) where T : struct
    {
        public override void Put(EntityWriter writer, EdmName name, T? value)
        {
            if (value is { } present) inner.Put(writer, name, present);
        }

        public override bool TryTake(ref Utf8JsonReader reader, out T? value)
        {
            var taken = inner.TryTake(ref reader, out var present);
            value = taken ? present : null;
            return taken;
        }
    }

    /// <summary>Enums travel by name. A name that the enum does not have leaves the property as it was, as the real client does.</summary>
    private sealed class EnumCodec<T>() : Codec<T>(null!, null!) where T : struct, Enum
    {
        public override void Put(EntityWriter writer, EdmName name, T value) => writer.String(name, value.ToString());
        public override bool TryTake(ref Utf8JsonReader reader, out T value) => Enum.TryParse(reader.GetString(), out value) && Enum.IsDefined(value);
    }
}
