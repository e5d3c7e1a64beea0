using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Pipeline.Storage;

namespace Pipeline.Functions;

/// <summary>
/// <c>GET /api/health</c>: 200 when the data account answers, 503 with the services of it that do not. Both name the
/// commit of the build.
/// </summary>
public sealed class HealthFunction(StorageAccount account, Answers answers, ILogger<HealthFunction> logger)
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
                string?[] asked = await Task.WhenAll(
                    AskAsync("queues", QueuesAsync, token, cancellationToken),
                    AskAsync("blobs", BlobsAsync, token, cancellationToken),
                    AskAsync("tables", TablesAsync, token, cancellationToken)
                );
                var down = asked.OfType<string>().ToArray();
                return down.Length == 0
                    ? Results.Ok(new { status = "healthy", commit = Telemetry.Commit })
                    : Results.Json(
                        new
                        {
                            status = "unhealthy",
                            reason = "the data account does not answer",
                            down,
                            commit = Telemetry.Commit,
                        },
                        statusCode: StatusCodes.Status503ServiceUnavailable
                    );
            },
            cancellationToken
        );

    /// <summary>The name of the service if it does not answer; null if it does.</summary>
    private async Task<string?> AskAsync(
        string service,
        Func<CancellationToken, Task> ask,
        CancellationToken token,
        CancellationToken caller
    )
    {
        try
        {
            await ask(token);
            return null;
        }
        catch (Exception e) when (Answers.IsAway(e) && !caller.IsCancellationRequested)
        {
            logger.LogError(
                e,
                "health: the {Service} of the data account named by {Setting} do not answer",
                service,
                Names.Connection
            );
            return service;
        }
    }

    private Task QueuesAsync(CancellationToken token) =>
        account.Queues.GetQueueClient(Names.PullQueue).ExistsAsync(token);

    private Task BlobsAsync(CancellationToken token) =>
        account.Blobs.GetBlobContainerClient(Names.RawContainer).ExistsAsync(token);

    private async Task TablesAsync(CancellationToken token)
    {
        await foreach (var page in account.Tables.QueryAsync(maxPerPage: 1, cancellationToken: token).AsPages())
            break;
    }
}
