#nullable disable // The real package carries no nullability annotations; neither may its stand-in.

namespace Azure.Data.Tables;

/// <summary>One step of a transaction: an entity and what to do with it.</summary>
public class TableTransactionAction
{
    /// <summary>An action without a version condition.</summary>
    public TableTransactionAction(TableTransactionActionType actionType, ITableEntity entity)
        : this(actionType, entity, default) { }

    /// <summary>An action that fails with 412 when the stored entity's version is not <paramref name="etag"/>.</summary>
    /// <param name="actionType">What to do.</param>
    /// <param name="entity">With what.</param>
    /// <param name="etag">Looked at by updates and deletes only. An update without one inserts an entity that is not there.</param>
    public TableTransactionAction(TableTransactionActionType actionType, ITableEntity entity, ETag etag = default)
    {
        ArgumentNullException.ThrowIfNull(entity);
        ActionType = actionType;
        Entity = entity;
        ETag = etag;
    }

    public TableTransactionActionType ActionType { get; }
    public ITableEntity Entity { get; }
    public ETag ETag { get; }
}
