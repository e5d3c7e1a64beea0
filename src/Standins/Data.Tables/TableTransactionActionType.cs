namespace Azure.Data.Tables;

/// <summary>What one action of a transaction does with its entity.</summary>
public enum TableTransactionActionType
{
    /// <summary>Insert; an entity with the same key fails the transaction with 409 <c>EntityAlreadyExists</c>.</summary>
    Add = 0,

    /// <summary>Merge into the stored entity under the action's ETag.</summary>
    UpdateMerge = 1,

    /// <summary>Replace the stored entity under the action's ETag.</summary>
    UpdateReplace = 2,

    /// <summary>Delete under the action's ETag, or unconditionally without one.</summary>
    Delete = 3,

    /// <summary>Insert, or merge into what is there.</summary>
    UpsertMerge = 4,

    /// <summary>Insert, or replace what is there.</summary>
    UpsertReplace = 5,
}
