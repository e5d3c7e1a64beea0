using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pipeline.Report.Page;

/// <summary>Makes the page of a report.</summary>
public sealed class PageRenderer(IServiceScopeFactory scopes, ILoggerFactory loggers)
{
    /// <summary>The page as HTML. Equal reports make equal pages.</summary>
    public async Task<string> RenderAsync(StatusReport report)
    {
        // The renderer resolves scoped services, which the root provider refuses in Development.
        await using var scope = scopes.CreateAsyncScope();
        await using var renderer = new HtmlRenderer(scope.ServiceProvider, loggers);
        var parameters = ParameterView.FromDictionary(
            new Dictionary<string, object?>
            {
                [nameof(ReportPage.Report)] = report,
                [nameof(ReportPage.Styles)] = ReportAsset.Styles.Address,
                [nameof(ReportPage.Script)] = ReportAsset.Script.Address,
            }
        );
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<ReportPage>(parameters)).ToHtmlString()
        );
    }
}
