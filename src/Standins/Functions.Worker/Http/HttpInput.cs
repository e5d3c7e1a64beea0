using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Invocations;

namespace Standin.Functions.Worker.Http;

/// <summary>A request as a trigger's value; its result becomes the response.</summary>
internal sealed class HttpInput(HttpContext http, ILogger logger) : TriggerInput
{
    public override IReadOnlyDictionary<string, object?> BindingData { get; } = new Dictionary<string, object?>(http.Request.RouteValues, StringComparer.OrdinalIgnoreCase);

    public override object Convert(Type type) => http.Request;

    public override void Attach(RunContext context)
    {
        http.RequestServices = context.InstanceServices;
        context.Items[HostRules.HttpContextItem] = http;
    }

    public override async Task CompleteAsync(RunContext context)
    {
        var result = context.Entry.HttpResult is { } property && context.Result is not null ? property.GetValue(context.Result) : context.Result;
        switch (result)
        {
            case IResult minimal:
                await minimal.ExecuteAsync(http);
                break;
            case IActionResult action:
                await action.ExecuteResultAsync(new ActionContext(http, http.GetRouteData(), new ActionDescriptor()));
                break;
            case null:
                break;
            default:
                logger.LogWarning("the result is a {Type}, which makes no response body; return an IActionResult or an IResult", result.GetType().Name);
                break;
        }
    }
}
