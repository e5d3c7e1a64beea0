using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Report.News;

namespace Pipeline.Functions;

/// <summary>Compresses the responses that hold rows, by what the caller accepts.</summary>
/// <remarks>
/// The worker builds its web server itself and gives no access to its middleware but by a startup filter.
/// </remarks>
public sealed class DataCompression : IStartupFilter
{
    private static readonly string[] Compressed = ["/api/data", "/api/openapi.json", $"/api/{AtomFeed.Name}"];

    /// <summary>Adds the compression.</summary>
    public static IServiceCollection Add(IServiceCollection services) =>
        services
            .AddResponseCompression(options =>
            {
                // Rows hold no secret that a caller could find out by its own text beside it.
                options.EnableForHttps = true;
                options.MimeTypes = ["application/json", "text/csv", AtomFeed.MediaType];
            })
            .AddTransient<IStartupFilter, DataCompression>();

    /// <inheritdoc/>
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
        app =>
        {
            app.UseWhen(
                context =>
                    Compressed.Any(path =>
                        context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase)
                    ),
                rows => rows.UseResponseCompression()
            );
            next(app);
        };
}
