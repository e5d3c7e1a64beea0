using System.Security.Cryptography;
using System.Text;
using Azure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Pipeline.Report;
using Pipeline.Storage;

namespace Pipeline.Functions;

/// <summary>
/// How HTTP functions answer: within a time, with validators, and without a word about what is inside when the
/// data account is away.
/// </summary>
public sealed class Answers(ILogger<Answers> logger)
{
    /// <summary>
    /// Nothing but the page's own files runs or is loaded, whatever a figure, a name or a message holds.
    /// </summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action "
        + "'none'; frame-ancestors 'none'";

    /// <summary>Gives the answer, or 503 when the data account does not answer in time.</summary>
    /// <param name="what">What was asked for, for the log.</param>
    /// <param name="patience">The time.</param>
    /// <param name="answer">Makes the answer.</param>
    /// <param name="cancellationToken">Fires when the caller is gone.</param>
    public async Task<IResult> WithinAsync(
        string what,
        TimeSpan patience,
        Func<CancellationToken, Task<IResult>> answer,
        CancellationToken cancellationToken
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            return await answer(limit.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Results.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
        catch (Exception e) when (IsAway(e))
        {
            // The cause goes to the log; the caller learns only that there is one.
            logger.LogError(e, "{What}: the data account named by {Setting} does not answer", what, Names.Connection);
            return Results.Json(
                new { status = "unhealthy", reason = "the data account does not answer" },
                statusCode: StatusCodes.Status503ServiceUnavailable
            );
        }
    }

    /// <summary>
    /// What the storage clients throw when the service does not answer: after several tries, all of their
    /// causes together.
    /// </summary>
    private static bool IsAway(Exception e) =>
        e is RequestFailedException or OperationCanceledException or HttpRequestException or IOException
        || (e is AggregateException all && all.InnerExceptions.All(IsAway));

    /// <summary>A page of HTML.</summary>
    public static IResult Page(HttpRequest request, string html)
    {
        request.HttpContext.Response.Headers.ContentSecurityPolicy = Policy;
        return Document(request, Encoding.UTF8.GetBytes(html), "text/html; charset=utf-8");
    }

    /// <summary>A document that is asked for again and again: 304 while it is the same.</summary>
    public static IResult Document(HttpRequest request, byte[] body, string contentType)
    {
        var headers = request.HttpContext.Response.Headers;
        // The address may hold the function key: no shared cache and no other site's log may have it.
        headers.CacheControl = "private, no-cache";
        headers["Referrer-Policy"] = "no-referrer";
        headers.XContentTypeOptions = "nosniff";
        return Results.Bytes(
            body,
            contentType,
            entityTag: new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(body))[..32]}\"")
        );
    }

    /// <summary>A file of the page. Its address changes with its content.</summary>
    public static IResult File(HttpRequest request, ReportAsset asset)
    {
        var headers = request.HttpContext.Response.Headers;
        headers.CacheControl = "public, max-age=31536000, immutable";
        headers.XContentTypeOptions = "nosniff";
        return Results.Bytes(
            asset.Bytes,
            asset.ContentType,
            entityTag: new EntityTagHeaderValue($"\"{asset.Version}\"")
        );
    }
}
