using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text;
using System.Text.Json;

namespace Azure.Data.Tables.Json;

/// <summary>
/// The columns of a class that implements <see cref="ITableEntity"/>: its public properties and fields, except those marked with
/// <see cref="IgnoreDataMemberAttribute"/>; a <see cref="DataMemberAttribute"/> may name a column. Looked up once for each type; values then pass through
/// compiled,
/// typed accessors, without boxing.
/// </summary>
internal sealed class EntityShape
{
    private static readonly ConcurrentDictionary<Type, EntityShape> Shapes = new();
    private readonly Member[] members;

    private EntityShape(Type type)
    {
        var found = new Dictionary<string, Member>(StringComparer.Ordinal);
        foreach (var info in type.GetMembers(BindingFlags.Public | BindingFlags.Instance))
        {
            if (info is not (PropertyInfo or FieldInfo) || info.IsDefined(typeof(IgnoreDataMemberAttribute))) continue;
            if (info is PropertyInfo property && (property.GetIndexParameters().Length > 0 || property.GetMethod is not { IsPublic: true })) continue;
            var name = info.GetCustomAttribute<DataMemberAttribute>()?.Name ?? info.Name;
            // These four belong to the interface, which may be implemented explicitly.
            if (name is nameof(ITableEntity.PartitionKey) or nameof(ITableEntity.RowKey) or nameof(ITableEntity.Timestamp) or nameof(ITableEntity.ETag))
                continue;
            var valueType = info is PropertyInfo { PropertyType: var ofProperty } ? ofProperty : ((FieldInfo)info).FieldType;
            var member = (Member)Activator.CreateInstance(typeof(Member<>).MakeGenericType(valueType), info, name)!;
            // A property that hides an inherited one of the same name wins.
            if (!found.TryGetValue(name, out var other) || other.DeclaringType.IsAssignableFrom(info.DeclaringType)) found[name] = member;
        }
        members = [.. found.Values];
    }

    public static EntityShape Of(Type type) => Shapes.GetOrAdd(type, static t => new EntityShape(t));

    public void Write(EntityWriter writer, object entity)
    {
        foreach (var member in members) member.Write(writer, entity);
    }

    /// <param name="name">The column's name as it stands in the JSON, without escapes.</param>
    /// <param name="next">Where to look first; left behind the member that was found. Columns come in the same order row after row.</param>
    public Member? Find(ReadOnlySpan<byte> name, ref int next)
    {
        for (var offset = 0; offset < members.Length; offset++)
        {
            var at = (next + offset) % members.Length;
            if (!name.SequenceEqual(members[at].Utf8Name)) continue;
            next = at + 1;
            return members[at];
        }
        return null;
    }

    public abstract class Member(MemberInfo info, string name)
    {
        public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(name);
        public Type DeclaringType { get; } = info.DeclaringType!;
        protected EdmName Name { get; } = EdmName.Of(name);
        public abstract string Expected { get; }
        public abstract void Write(EntityWriter writer, object entity);
        public abstract void Read(ref Utf8JsonReader reader, object entity);
    }

    private sealed class Member<T> : Member
    {
        private readonly Func<object, T> get;
        private readonly Action<object, T>? set;
        private readonly EdmCodec.Codec<T> codec;

        public Member(MemberInfo info, string name) : base(info, name)
        {
            codec = EdmCodec.Of<T>() ?? throw new NotSupportedException($"{info.DeclaringType!.Name}.{info.Name}: {EdmCodec.Unsupported(typeof(T))}");
            var entity = Expression.Parameter(typeof(object));
            var value = Expression.Parameter(typeof(T));
            var access = Expression.MakeMemberAccess(Expression.Convert(entity, info.DeclaringType!), info);
            get = Expression.Lambda<Func<object, T>>(access, entity).Compile();
            var settable = info is PropertyInfo { SetMethod.IsPublic: true } or FieldInfo { IsInitOnly: false };
            if (settable && !info.DeclaringType!.IsValueType)
                set = Expression.Lambda<Action<object, T>>(Expression.Assign(access, value), entity, value).Compile();
        }

        public override string Expected => (Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T)).Name;
        public override void Write(EntityWriter writer, object entity) => codec.Put(writer, Name, get(entity));

        public override void Read(ref Utf8JsonReader reader, object entity)
        {
            if (set is not null && codec.TryTake(ref reader, out var value)) set(entity, value);
        }
    }
}
