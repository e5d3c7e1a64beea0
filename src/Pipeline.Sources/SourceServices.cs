using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Settings;
using Pipeline.Sources.Census;
using Pipeline.Sources.Http;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;
using Pipeline.Storage;

namespace Pipeline.Sources;

/// <summary>The sources of the program.</summary>
public static class SourceServices
{
    /// <summary>The settings of all sources, in the order in which they are listed.</summary>
    public static IReadOnlyList<SourceSettings> Settings { get; } =
    [CensusOptions.Settings, UnctadOptions.Settings, MoexOptions.Settings];

    /// <summary>Adds the sources and the way to their servers. A new source is one more line here.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configuration">The app settings.</param>
    public static IServiceCollection AddSources(this IServiceCollection services, IConfiguration configuration) =>
        services
            .AddSource(configuration, CensusOptions.Settings, CensusOptions.Read, options => new CensusSource(options))
            .AddSource(configuration, UnctadOptions.Settings, UnctadOptions.Read, options => new UnctadSource(options))
            .AddSource(configuration, MoexOptions.Settings, MoexOptions.Read, options => new MoexSource(options))
            .AddSingleton<ISourceClientFactory>(provider => new SourceClientFactory(
                provider.GetRequiredService<IOptions<PipelineOptions>>().Value.UseSamples
                    ? Path.Combine(provider.GetRequiredService<AppFolder>().Path, "samples")
                    : null,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<Random>(),
                () => new CuratedFiles(provider.GetRequiredService<StorageAccount>(), SourceClient.Sockets()),
                provider.GetRequiredService<ILoggerFactory>()
            ));
}
