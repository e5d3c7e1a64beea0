using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Settings;
using Pipeline.Sources.Census;
using Pipeline.Sources.Census.Balance;
using Pipeline.Sources.Census.Trade;
using Pipeline.Sources.Http;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Moex.Capitalisation;
using Pipeline.Sources.Moex.Holders;
using Pipeline.Sources.Moex.Nsd;
using Pipeline.Sources.Moex.Ofz;
using Pipeline.Sources.Unctad;
using Pipeline.Sources.Unctad.FlowsStock;
using Pipeline.Sources.Unctad.Partners;
using Pipeline.Storage;

namespace Pipeline.Sources;

/// <summary>The sources of the program.</summary>
public static class SourceServices
{
    /// <summary>The settings of all sources, in the order in which they are registered.</summary>
    public static IReadOnlyList<SourceSettings> Settings { get; } =
    [
        .. new ServiceCollection()
            .AddSources(new ConfigurationBuilder().Build())
            .Select(service => service.ImplementationInstance)
            .OfType<SourceSettings>(),
    ];

    /// <summary>Adds the datasets and the way to their servers. A new dataset is one more line here.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configuration">The app settings.</param>
    public static IServiceCollection AddSources(this IServiceCollection services, IConfiguration configuration)
    {
        foreach (var series in CensusTradeDataset.All)
            services.AddDataset<CensusTradeDataset, CensusOptions>(configuration, series);
        services.AddDataset<CensusBalanceDataset, CensusOptions>(configuration);
        services.AddDataset<FdiFlowsStockDataset, UnctadOptions>(configuration);
        services.AddDataset<FdiPartnersDataset, UnctadOptions>(configuration);
        services.AddDataset<MoexHoldersDataset, MoexOptions>(configuration);
        services.AddDataset<MoexCapitalisationDataset, MoexOptions>(configuration);
        services.AddDataset<MoexOfzDataset, MoexOptions>(configuration);
        services.AddDataset<MoexNsdDataset, MoexOptions>(configuration);
        return services.AddSingleton<ISourceClientFactory>(provider => new SourceClientFactory(
            provider.GetRequiredService<IOptions<PipelineOptions>>().Value.UseSamples
                ? Path.Combine(provider.GetRequiredService<AppFolder>().Path, "samples")
                : null,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<Random>(),
            () => new CuratedFiles(provider.GetRequiredService<StorageAccount>(), SourceClient.Sockets()),
            provider.GetRequiredService<ILoggerFactory>()
        ));
    }
}
