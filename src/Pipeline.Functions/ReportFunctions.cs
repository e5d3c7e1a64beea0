using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Issues;
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

    /// <summary>
    /// The report as JSON. <c>?brief</c> gives less than 2 KB of it; with <c>?strict</c> a state that needs attention is
    /// 503, for monitors that look at the status code alone. 400 for another value of either than true or false.
    /// </summary>
    [Function("Status")]
    public Task<IResult> StatusAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "status")] HttpRequest request,
        CancellationToken cancellationToken
    ) =>
        answers.WithinAsync(
            "status",
            Patience,
            async token =>
            {
                foreach (var name in (string[])["brief", "strict"])
                {
                    if (IsAsked(request, name) is null)
                    {
                        var finding = new Finding(
                            $"status, {name}",
                            Finding.Quote(request.Query[name].ToString()),
                            "nothing, true or false",
                            "or leave it out"
                        );
                        return Results.BadRequest(new { error = finding.ToString() });
                    }
                }

                var report = await reader.ReadAsync(token);
                var body =
                    IsAsked(request, "brief") == true ? StatusDocument.Brief(report) : StatusDocument.Whole(report);
                return IsAsked(request, "strict") == true && report.State != StatusReport.Ok
                    ? Answers.Unready(request, body, "application/json")
                    : Answers.Document(request, body, "application/json");
            },
            cancellationToken
        );

    /// <summary>Whether a switch of the address is on; null if its value is neither true nor false.</summary>
    private static bool? IsAsked(HttpRequest request, string name) =>
        request.Query.TryGetValue(name, out var value)
            ? value.ToString() switch
            {
                "" or "true" => true,
                "false" => false,
                _ => null,
            }
            : false;

    [Function("ReportAsset")]
    public static IResult Asset(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "report/{name}")] HttpRequest request,
        string name
    ) =>
        ReportAsset.All.FirstOrDefault(asset => asset.Name == name) is { } asset
            ? Answers.File(request, asset)
            : Results.NotFound();
}
