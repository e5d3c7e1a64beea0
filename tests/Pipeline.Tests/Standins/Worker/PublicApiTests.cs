using System.Reflection;
using Standin.Functions.Worker;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class PublicApiTests
{
    [Fact]
    public void Nothing_is_public_in_the_packages_namespaces_but_what_was_reviewed()
    {
        var file = Path.Combine(Repository.Root, "tests", "Pipeline.Tests", "Standins", "Worker", "PublicApi.txt");
        var actual = string.Join('\n', Lines()) + "\n";
        if (Environment.GetEnvironmentVariable("WRITE_PUBLIC_API") == "1") File.WriteAllText(file, actual);
        Assert.Equal(File.ReadAllText(file), actual);
    }

    [Fact]
    public void Of_the_stand_ins_own_types_only_the_contract_of_once_is_public() =>
        Assert.Equal(
            ["IOnceRun", "OnceProgress", "OnceReplay", "OnceSummary"],
            typeof(IOnceRun).Assembly.GetExportedTypes().Where(type => type.Namespace!.StartsWith("Standin", StringComparison.Ordinal)).Select(type => type.Name).Order());

    private static IEnumerable<string> Lines()
    {
        const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var type in typeof(IOnceRun).Assembly.GetExportedTypes().Where(type => type.Namespace!.StartsWith("Microsoft", StringComparison.Ordinal)).OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            var kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.BaseType == typeof(MulticastDelegate) ? "delegate" : type is { IsAbstract: true, IsSealed: true } ? "static class"
                : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";
            yield return $"{kind} {type.FullName}";
            foreach (var member in type.GetMembers(Own).Where(IsVisible).Select(member => Text(member)).Order(StringComparer.Ordinal)) yield return $"  {member}";
        }
    }

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase { IsSpecialName: true } and not ConstructorInfo => false,
        MethodBase method => method.IsPublic || method.IsFamily,
        FieldInfo field => field.IsPublic && field.Name != "value__",
        PropertyInfo property => property.GetAccessors().Length > 0,
        _ => false,
    };

    private static string Text(MemberInfo member) => member switch
    {
        PropertyInfo property => $"{Name(property.PropertyType)} {property.Name} {{{(property.GetGetMethod() is null ? "" : " get;")}{(property.GetSetMethod() is null ? "" : " set;")} }}",
        ConstructorInfo constructor => $"ctor({Parameters(constructor)})",
        MethodInfo method => $"{Name(method.ReturnType)} {method.Name}{(method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "")}({Parameters(method)})",
        FieldInfo field => field.IsLiteral ? $"{field.Name} = {Convert.ToInt32(field.GetRawConstantValue(), System.Globalization.CultureInfo.InvariantCulture)}" : $"{Name(field.FieldType)} {field.Name}",
        _ => member.ToString()!,
    };

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(parameter => $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? " = default" : "")}"));

    private static string Name(Type type) => type.IsGenericType
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;
}
