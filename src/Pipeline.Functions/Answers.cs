using System.Security.Cryptography;
using System.Text;
using Azure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Pipeline.Report;
using Pipeline.Report.Data;
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
    internal static bool IsAway(Exception e) =>
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
        Protect(request);
        return Results.Bytes(body, contentType, entityTag: TagOf(body, isWeak: false));
    }

    /// <summary>A document about a state that needs attention, as 503.</summary>
    public static IResult Unready(HttpRequest request, byte[] body, string contentType)
    {
        Protect(request);
        return Results.Text(body, contentType, StatusCodes.Status503ServiceUnavailable);
    }

    private static void Protect(HttpRequest request)
    {
        var headers = request.HttpContext.Response.Headers;
        // The address may hold the function key: no shared cache and no other site's log may have it.
        headers.CacheControl = "private, no-cache";
        headers["Referrer-Policy"] = "no-referrer";
        headers.XContentTypeOptions = "nosniff";
    }

    private static EntityTagHeaderValue TagOf(byte[] body, bool isWeak) =>
        new($"\"{Convert.ToHexStringLower(SHA256.HashData(body))[..32]}\"", isWeak);

    /// <summary>Figures: 304 while they are the same. They may be compressed on their way.</summary>
    /// <param name="request">The request.</param>
    /// <param name="body">The response as it is before it is compressed.</param>
    /// <param name="contentType">Its content type.</param>
    /// <param name="next">The address of the next response; null if there is none.</param>
    public static IResult Data(HttpRequest request, byte[] body, string contentType, string? next = null)
    {
        Protect(request);
        if (next is not null)
            request.HttpContext.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        // Weak: the bytes depend on the compression that the caller accepts, the figures do not.
        return Results.Bytes(body, contentType, entityTag: TagOf(body, isWeak: true));
    }

    /// <summary>A request that cannot be met: 400 or 404, with what was wrong as problem details.</summary>
    public static IResult Problem(DataRefusedException refusal) =>
        Results.Problem(
            detail: refusal.Message,
            statusCode: refusal.IsMissing ? StatusCodes.Status404NotFound : StatusCodes.Status400BadRequest,
            extensions: new Dictionary<string, object?>
            {
                ["where"] = refusal.Finding.Where,
                ["seen"] = refusal.Finding.Seen,
                ["expected"] = refusal.Finding.Expected,
                ["advice"] = refusal.Finding.Advice,
            }
        );

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
