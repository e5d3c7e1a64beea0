using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline;
using Pipeline.Functions;
using Pipeline.Insight;
using Pipeline.Insight.Claims;
using Pipeline.Issues;
using Pipeline.Report;
using Pipeline.Settings;
using Pipeline.Sources;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.UseMiddleware<TelemetryMiddleware>();
if (ClaimBook.Load(out var findings) is null)
    return Refuse(findings);
builder
    .Services.AddPipelineEngine(builder.Configuration)
    .AddSources(builder.Configuration)
    .AddInsight()
    .AddReport()
    .AddSingleton<Answers>();
DataCompression.Add(builder.Services);
findings = Telemetry.Add(builder.Services, builder.Configuration);
if (findings.Count > 0)
    return Refuse(findings);
using var app = builder.Build();
findings = app.Services.CheckSettings();
if (findings.Count > 0)
    return Refuse(findings);
await app.RunAsync();
return Environment.ExitCode;

static int Refuse(IReadOnlyList<Finding> findings)
{
    foreach (var finding in findings)
        Console.Error.WriteLine(finding);
    return 1;
}
