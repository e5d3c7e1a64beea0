using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline;
using Pipeline.Functions;
using Pipeline.Insight.Claims;
using Pipeline.Settings;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
if (SettingsReader.Read(builder.Configuration, out var findings) is not { } settings)
{
    foreach (var finding in findings)
        Console.Error.WriteLine(finding);
    return 1;
}
if (ClaimBook.Load(out var wrong) is null)
{
    foreach (var finding in wrong)
        Console.Error.WriteLine(finding);
    return 1;
}
builder.Services.AddPipeline(builder.Configuration, settings).AddSingleton<Answers>();
await builder.Build().RunAsync();
return Environment.ExitCode;
