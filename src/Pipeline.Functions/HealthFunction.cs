using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Storage;

namespace Pipeline.Functions;

/// <summary><c>GET /api/health</c>: 200 when the data account answers, 503 when it does not.</summary>
public sealed class HealthFunction(StorageAccount account, Answers answers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Function("Health")]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "health")] HttpRequest request,
        CancellationToken cancellationToken
    ) =>
        answers.WithinAsync(
            "health",
            Patience,
            async token =>
            {
                await account.Queues.GetQueueClient(Names.PullQueue).ExistsAsync(token);
                await account.Blobs.GetBlobContainerClient(Names.RawContainer).ExistsAsync(token);
                await foreach (var page in account.Tables.QueryAsync(maxPerPage: 1, cancellationToken: token).AsPages())
                    break;
                return Results.Ok(new { status = "healthy" });
            },
            cancellationToken
        );
}
