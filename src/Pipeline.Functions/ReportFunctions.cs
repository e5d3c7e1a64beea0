using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Report;
using Pipeline.Report.Page;

namespace Pipeline.Functions;

/// <summary>
/// The report for people, <c>GET /api/report</c>, and for monitors, <c>GET /api/status</c>. Both need the
/// function key; the page's files do not.
/// </summary>
public sealed class ReportFunctions(ReportReader reader, PageRenderer page, Answers answers)
{
    /// <summary>A cold reading of large tables takes some seconds; a reader gives up on a page that takes
    /// longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    [Function("Report")]
    public Task<IResult> ReportAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "report")] HttpRequest request,
        CancellationToken cancellationToken
    ) =>
        answers.WithinAsync(
            "report",
            Patience,
            async token => Answers.Page(request, await page.RenderAsync(await reader.ReadAsync(token))),
            cancellationToken
        );

    [Function("Status")]
    public Task<IResult> StatusAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "status")] HttpRequest request,
        CancellationToken cancellationToken
    ) =>
        answers.WithinAsync(
            "status",
            Patience,
            async token =>
                Answers.Document(
                    request,
                    JsonSerializer.SerializeToUtf8Bytes(await reader.ReadAsync(token), Json),
                    "application/json"
                ),
            cancellationToken
        );

    [Function("ReportAsset")]
    public static IResult Asset(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "report/{name}")] HttpRequest request,
        string name
    ) =>
        ReportAsset.All.FirstOrDefault(asset => asset.Name == name) is { } asset
            ? Answers.File(request, asset)
            : Results.NotFound();
}
