#nullable disable // The real package carries no nullability annotations; neither may its stand-in.

namespace Azure.Data.Tables.Models;

/// <summary>A table as the service lists it.</summary>
public class TableItem
{
    public TableItem(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Name = name;
    }

    public string Name { get; }
}
