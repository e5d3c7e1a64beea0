using System.Reflection;

namespace Pipeline.Storage;

/// <summary>The tables that tell how the figures came, such as <c>history</c> and <c>runs</c>.</summary>
public static class LedgerTables
{
    /// <summary>The row type of each, by the table's name.</summary>
    public static IReadOnlyDictionary<string, Type> All { get; } =
        typeof(LedgerRow)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(LedgerRow)))
            .ToDictionary(type => type.GetCustomAttribute<LedgerAttribute>()!.Table, StringComparer.Ordinal);
}
