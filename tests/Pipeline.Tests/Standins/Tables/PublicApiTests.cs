using System.Reflection;
using System.Text;
using Azure.Data.Tables;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public sealed class PublicApiTests
{
    /// <summary>
    /// The stand-in may have less than the real package, never more. PublicApi.txt was compared with the API listing of Azure.Data.Tables 12.11.0; whoever changes it
    /// compares again. Set UPDATE_PUBLIC_API=1 to write the new list.
    /// </summary>
    [Fact]
    public void The_public_surface_is_the_reviewed_one()
    {
        var file = Path.Combine(Repository.Root, "tests", "Pipeline.Tests", "Standins", "Tables", "PublicApi.txt");
        var surface = Surface(typeof(TableClient).Assembly);
        if (Environment.GetEnvironmentVariable("UPDATE_PUBLIC_API") == "1") File.WriteAllText(file, surface);
        Assert.Equal(File.ReadAllText(file), surface);
    }

    private static string Surface(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Kind(type)).Append(' ').Append(type.FullName!.Replace('+', '.'));
            var bases = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []).Where(i => !type.IsEnum).Select(Name).Order(StringComparer.Ordinal).ToList();
            if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum)) bases.Insert(0, Name(parent));
            text.Append(bases.Count > 0 ? $" : {string.Join(", ", bases)}\n" : "\n");
            var lines = type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(Line).OfType<string>();
            foreach (var line in lines.Order(StringComparer.Ordinal)) text.Append("    ").Append(line).Append('\n');
        }
        return text.ToString();
    }

    private static string? Line(MemberInfo member) => member switch
    {
        ConstructorInfo c when Visible(c) => $"{Access(c)}.ctor({Parameters(c)})",
        MethodInfo m when Visible(m) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)) =>
            $"{Access(m)}{Name(m.ReturnType)} {m.Name}{(m.IsGenericMethod ? $"<{string.Join(", ", m.GetGenericArguments().Select(Constraint))}>" : "")}({Parameters(m)})",
        PropertyInfo p when p.GetMethod is { } get && Visible(get) =>
            $"{Access(get)}{Name(p.PropertyType)} {p.Name}{(p.GetIndexParameters().Length > 0 ? "[]" : "")} {{ get;{(p.SetMethod is { } set && Visible(set) ? " set;" : "")} }}",
        FieldInfo { IsPublic: true, IsLiteral: true } f => $"{f.Name} = {f.GetRawConstantValue()}",
        FieldInfo { IsPublic: true, IsSpecialName: false } f => $"{Name(f.FieldType)} {f.Name}",
        _ => null,
    };

    private static bool Visible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;
    private static string Access(MethodBase m) => (m.IsPublic ? "" : "protected ") + (m.IsStatic ? "static " : m is MethodInfo { IsVirtual: true, IsFinal: false } ? "virtual " : "");
    private static string Kind(Type type) => type.IsInterface ? "interface" : type.IsEnum ? "enum" : type.IsValueType ? "struct" : type.IsSealed ? "sealed class" : "class";

    private static string Constraint(Type argument)
    {
        var parts = argument.GetGenericParameterConstraints().Select(Name).ToList();
        if (argument.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint)) parts.Insert(0, "class");
        return parts.Count > 0 ? $"{argument.Name}: {string.Join("+", parts)}" : argument.Name;
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        (p.IsOut ? "out " : "") + $"{Name(p.ParameterType)} {p.Name}" + (p.HasDefaultValue ? $" = {p.DefaultValue ?? "default"}" : "")));

    private static string Name(Type type)
    {
        if (type.IsByRef) return Name(type.GetElementType()!);
        if (type.IsArray) return Name(type.GetElementType()!) + "[]";
        if (Nullable.GetUnderlyingType(type) is { } inner) return Name(inner) + "?";
        return type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`')]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : type.Name;
    }
}
