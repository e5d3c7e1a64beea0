namespace Azure.Data.Tables;

/// <summary>What happens to columns of a stored entity that the sent entity does not have.</summary>
public enum TableUpdateMode
{
    /// <summary>They stay as they are.</summary>
    Merge = 0,

    /// <summary>They are removed: the sent entity takes the place of the stored one.</summary>
    Replace = 1,
}
