#nullable disable // The real package carries no nullability annotations; neither may its stand-in.
using Azure.Core;
using Azure.Data.Tables.Batch;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables;

/// <summary>Many writes of one partition that happen together or not at all.</summary>
public partial class TableClient
{
    /// <summary>
    /// Submits 1 to 100 actions of one partition, no key twice, 4 MiB at most, as one transaction. It is written straight into one request body, and
    /// the service's limits are checked on the way: nothing is sent when one is broken.
    /// </summary>
    /// <returns>One response for each action, in their order, with its status and the entity's new <c>ETag</c> header.</returns>
    /// <exception cref="TableTransactionFailedException">An action failed or breaks a rule; nothing was kept. The index says which one.</exception>
    /// <exception cref="InvalidOperationException">There are no actions.</exception>
    public virtual async Task<Response<IReadOnlyList<Response>>> SubmitTransactionAsync(
        IEnumerable<TableTransactionAction> transactionActions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transactionActions);
        var actions = transactionActions as IReadOnlyList<TableTransactionAction> ?? [.. transactionActions];
        var id = Guid.NewGuid();
        using var message = service.Request(RequestMethod.Post, "/$batch", new PooledContent(TransactionBody.Write(service, Name, path, actions, id)));
        message.Request.Headers.SetValue("Content-Type", $"multipart/mixed; boundary=batch_{id:D}");
        message.BufferResponse = false;
        var response = await service.SendAsync(message, $"{Name}: transaction of {actions.Count} actions", 0, cancellationToken).ConfigureAwait(false);
        using var body = response.ContentStream as PooledBody;
        var bytes = body?.Bytes ?? await RestAsync(response, cancellationToken).ConfigureAwait(false);
        var answers = TransactionAnswer.Read(Name, actions, response.Status, response.ClientRequestId, bytes);
        // The bytes go back to the pool: nobody may read them from here on.
        response.ContentStream = null;
        return Response.FromValue(answers, response);
    }

    /// <summary>The body when a policy of the caller has put another answer in the place of the service's.</summary>
    private static async Task<ReadOnlyMemory<byte>> RestAsync(Response response, CancellationToken cancellation)
    {
        if (response.ContentStream is not { } stream) return default;
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, cancellation).ConfigureAwait(false);
        return copy.ToArray();
    }
}
