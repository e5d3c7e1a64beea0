using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Issues;

namespace Pipeline.Functions;

/// <summary>
/// <c>POST /api/replay/{source}/{slice}</c>, for example <c>…/replay/census-trade/exports-total/2019</c>: runs a slice
/// again. <c>?from=raw</c> reads its newest stored body, <c>?from=source</c> asks for a new one; <c>?accept=true</c>
/// takes a body, or figures of it, that a check keeps out. 202 with what was set going, 400 with why not.
/// </summary>
public sealed class ReplayFunction(Replay replay, Restore restore, SourceCatalog sources)
{
    /// <summary>
    /// <c>POST /api/restore/{source}</c>: makes lost tables of a source again from its stored bodies; see the
    /// runbook. 200 with what was read, 400 for another source.
    /// </summary>
    [Function("Restore")]
    public async Task<IActionResult> RestoreAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "restore/{source}")] HttpRequest request,
        CancellationToken cancellationToken
    )
    {
        var source = (string)request.RouteValues["source"]!;
        return sources.Has(source)
            ? new OkObjectResult(await restore.RunAsync(source, cancellationToken))
            : new BadRequestObjectResult(
                new
                {
                    error = new Finding(
                        "restore",
                        Finding.Quote(source),
                        $"a source: {string.Join(", ", sources.All.Select(known => known.Name))}",
                        "correct the address"
                    ).ToString(),
                }
            );
    }

    [Function("Replay")]
    public async Task<IActionResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "replay/{source}/{*slice}")] HttpRequest request,
        CancellationToken cancellationToken
    )
    {
        var slice = $"{request.RouteValues["source"]}/{request.RouteValues["slice"]}";
        var accept = request.Query["accept"].ToString();
        if (accept is not ("" or "true" or "false"))
        {
            return new BadRequestObjectResult(
                new
                {
                    error = new Finding(
                        "replay, accept",
                        Finding.Quote(accept),
                        "true or false",
                        "or leave it out"
                    ).ToString(),
                }
            );
        }

        var replaying = await replay.RunAsync(slice, request.Query["from"], accept == "true", cancellationToken);
        return replaying.Refusal is { } refusal
            ? new BadRequestObjectResult(new { error = refusal.ToString() })
            : new ObjectResult(
                new
                {
                    slice = replaying.Slice,
                    from = replaying.From,
                    rawBlob = replaying.RawBlob,
                }
            )
            {
                StatusCode = StatusCodes.Status202Accepted,
            };
    }
}
