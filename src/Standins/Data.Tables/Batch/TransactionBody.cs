using Azure.Data.Tables.Json;
using Azure.Data.Tables.Rules;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables.Batch;

/// <summary>
/// Writes a transaction as one multipart body and checks, action by action, the rules that the service has and Azurite has not. Addresses are absolute, the
/// boundary starts with <c>batch_</c> and every entity is on one line, as Azurite needs it.
/// </summary>
internal static class TransactionBody
{
    private const int ExpectedBytesOfAction = 768;

    /// <summary>The two last boundaries.</summary>
    private const int ClosingBytes = 100;
    private static ReadOnlySpan<byte> PartHead => "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"u8;
    private static ReadOnlySpan<byte> Headers =>
        "\r\nAccept: application/json;odata=minimalmetadata\r\nPrefer: return-no-content\r\nDataServiceVersion: 3.0;\r\n"u8;

    /// <exception cref="TableTransactionFailedException">An action, or the whole, breaks a rule of the service.</exception>
    /// <exception cref="InvalidOperationException">There is no action.</exception>
    public static PooledBuffer Write(TableService service, string table, string path, IReadOnlyList<TableTransactionAction> actions, Guid id)
    {
        if (actions.Count == 0) throw new InvalidOperationException($"{table}: seen a transaction without actions, " +
            $"expected 1 to {ClientRule.MaxActions}; do not submit it.");
        if (actions.Count > ClientRule.MaxActions)
        {
            throw TransactionFailure.Of(
                ClientRule.Broken("InvalidInput", table, $"seen {actions.Count} actions in a transaction, " +
                    $"expected at most {ClientRule.MaxActions}; submit them in parts."), null);
        }

        var buffer = new PooledBuffer(Math.Min(actions.Count * ExpectedBytesOfAction, 1 << 17));
        try
        {
            var changeset = $"--changeset_{id:D}";
            buffer.AppendAscii($"--batch_{id:D}\r\nContent-Type: multipart/mixed; boundary={changeset.AsSpan(2)}\r\n\r\n");
            using var writer = new EntityWriter(buffer, table);
            var address = $"{service.Base}/{path}";
            var rows = new HashSet<string>(actions.Count, StringComparer.Ordinal);
            for (var index = 0; index < actions.Count; index++)
            {
                buffer.AppendAscii(changeset);
                buffer.Append("\r\n"u8);
                buffer.Append(PartHead);
                WriteAction(buffer, writer, address, table, actions, index, rows);
            }
            buffer.AppendAscii($"{changeset}--\r\n--batch_{id:D}--\r\n");
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static void WriteAction(
        PooledBuffer buffer, EntityWriter writer, string address, string table, IReadOnlyList<TableTransactionAction> actions, int index, HashSet<string> rows)
    {
        var action = actions[index] ?? throw new ArgumentException($"{table}: action {index} is null, expected an action; leave it out.", "transactionActions");
        try
        {
            CheckKeys(table, actions[0].Entity.PartitionKey, action.Entity, rows);
            buffer.Append(Method(action.ActionType));
            buffer.AppendAscii(address);
            if (action.ActionType != TableTransactionActionType.Add)
            {
                buffer.Append("(PartitionKey='"u8);
                EntityPath.Append(buffer, action.Entity.PartitionKey);
                buffer.Append("',RowKey='"u8);
                EntityPath.Append(buffer, action.Entity.RowKey);
                buffer.Append("')"u8);
            }
            buffer.Append(" HTTP/1.1"u8);
            buffer.Append(Headers);
            if (Condition(action) is { } version)
            {
                buffer.Append("If-Match: "u8);
                buffer.AppendAscii(version);
                buffer.Append("\r\n"u8);
            }
            if (action.ActionType != TableTransactionActionType.Delete)
            {
                buffer.Append("Content-Type: application/json\r\n\r\n"u8);
                writer.Write(action.Entity);
            }
            else
            {
                buffer.Append("\r\n"u8);
            }
            buffer.Append("\r\n"u8);
            if (buffer.Length + ClosingBytes > ClientRule.MaxTransactionBytes)
            {
                throw ClientRule.Broken(
                    "RequestBodyTooLarge", table, $"seen more than {ClientRule.MaxTransactionBytes} bytes after {index + 1} of {actions.Count} actions, " +
                    $"expected at most {ClientRule.MaxTransactionBytes} (4 MiB) in a transaction; submit them in parts.", status: 413);
            }
        }
        catch (RequestFailedException broken)
        {
            throw TransactionFailure.Of(broken, index);
        }
    }

    private static void CheckKeys(string table, string? first, ITableEntity entity, HashSet<string> rows)
    {
        KeyRule.Check(table, nameof(entity.PartitionKey), entity.PartitionKey);
        KeyRule.Check(table, nameof(entity.RowKey), entity.RowKey);
        if (!string.Equals(entity.PartitionKey, first, StringComparison.Ordinal))
        {
            throw ClientRule.Broken(
                "CommandsInBatchActOnDifferentPartitions", table,
                $"seen PartitionKey '{entity.PartitionKey}' after '{first}', expected one partition in a transaction; submit one for each partition.");
        }
        if (!rows.Add(entity.RowKey))
        {
            throw ClientRule.Broken(
                "InvalidDuplicateRow", $"{table}: PartitionKey '{entity.PartitionKey}', RowKey '{entity.RowKey}'",
                "seen the key a second time in a transaction, expected each once; combine the actions or submit them one after the other.");
        }
    }

    private static ReadOnlySpan<byte> Method(TableTransactionActionType type) => type switch
    {
        TableTransactionActionType.Add => "POST "u8,
        TableTransactionActionType.UpdateMerge or TableTransactionActionType.UpsertMerge => "PATCH "u8,
        TableTransactionActionType.UpdateReplace or TableTransactionActionType.UpsertReplace => "PUT "u8,
        TableTransactionActionType.Delete => "DELETE "u8,
        _ => throw new InvalidOperationException($"seen the action type {type}, expected a member of TableTransactionActionType."),
    };

    /// <summary>As in the real client: an update without a version has no condition, a delete without one applies to any version.</summary>
    private static string? Condition(TableTransactionAction action) => action.ActionType switch
    {
        TableTransactionActionType.Delete => action.ETag == default ? "*" : action.ETag.ToString(),
        TableTransactionActionType.UpdateMerge or TableTransactionActionType.UpdateReplace when action.ETag != default => action.ETag.ToString(),
        _ => null,
    };
}
