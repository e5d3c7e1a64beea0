using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Pipeline.Storage;

namespace Pipeline.Functions;

/// <summary><c>GET /api/health</c>: 200 when the data account answers, 503 when it does not.</summary>
public sealed class HealthFunction(StorageAccount account, ILogger<HealthFunction> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Function("Health")]
    public async Task<IActionResult> RunAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            await account.Queues.GetQueueClient(Names.PullQueue).ExistsAsync(limit.Token);
            await account.Blobs.GetBlobContainerClient(Names.RawContainer).ExistsAsync(limit.Token);
            await foreach (var page in account.Tables.QueryAsync(maxPerPage: 1, cancellationToken: limit.Token).AsPages()) break;
            return new OkObjectResult(new { status = "healthy" });
        }
        catch (Exception e) when (e is Azure.RequestFailedException or OperationCanceledException or AggregateException)
        {
            // The cause goes to the log; whoever asks anonymously learns only that there is one.
            logger.LogError(e, "health: the data account named by {Setting} does not answer", Names.Connection);
            return new ObjectResult(new { status = "unhealthy", reason = "the data account does not answer" }) { StatusCode = StatusCodes.Status503ServiceUnavailable };
        }
    }
}
