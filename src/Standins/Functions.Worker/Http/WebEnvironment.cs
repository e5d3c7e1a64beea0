using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;

namespace Standin.Functions.Worker.Http;

/// <summary>What ASP.NET Core's results ask for; functions have no web root.</summary>
internal sealed class WebEnvironment(IHostEnvironment host) : IWebHostEnvironment
{
    public string WebRootPath { get; set; } = "";
    public IFileProvider WebRootFileProvider { get; set; } = new NullFileProvider();
    public string ApplicationName { get; set; } = host.ApplicationName;
    public IFileProvider ContentRootFileProvider { get; set; } = host.ContentRootFileProvider;
    public string ContentRootPath { get; set; } = host.ContentRootPath;
    public string EnvironmentName { get; set; } = host.EnvironmentName;
}
