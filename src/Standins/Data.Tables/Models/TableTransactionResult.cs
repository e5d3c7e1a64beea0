#nullable disable // The real package carries no nullability annotations; neither may its stand-in.

namespace Azure.Data.Tables.Models;

/// <summary>
/// The answers to a transaction, by row key. The real package declares it and returns it nowhere; <see cref="TableClient.SubmitTransactionAsync"/> returns the
/// answers as a list, in the order of the actions.
/// </summary>
public class TableTransactionResult
{
    private readonly Dictionary<string, Response> responses = new(StringComparer.Ordinal);

    internal TableTransactionResult(IReadOnlyList<TableTransactionAction> actions, IReadOnlyList<Response> answers)
    {
        for (var index = 0; index < actions.Count; index++) responses.Add(actions[index].Entity.RowKey, answers[index]);
    }

    /// <summary>How many actions were answered.</summary>
    public int ResponseCount => responses.Count;

    /// <exception cref="InvalidOperationException">No action had the key.</exception>
    public Response GetResponseForEntity(string rowKey) =>
        responses.TryGetValue(rowKey, out var response)
            ? response
            : throw new InvalidOperationException($"seen the RowKey '{rowKey}', expected one of the {ResponseCount} that the transaction had.");
}
