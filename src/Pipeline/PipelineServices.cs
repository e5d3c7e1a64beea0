using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Datasets;
using Pipeline.Exports;
using Pipeline.Ingestion;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Settings;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline;

/// <summary>Puts the engine together.</summary>
public static class PipelineServices
{
    /// <summary>
    /// Adds the engine. It needs datasets (<see cref="AddDataset{TDataset,TOptions}"/>), the way to their servers
    /// (<see cref="ISourceClientFactory"/>) and what is derived from the facts (<see cref="IDerivedTables"/>,
    /// <see cref="IExportViews"/>).
    /// </summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configuration">The app settings.</param>
    /// <param name="folder">The folder of the function app, which holds its samples; null for the folder of this
    /// program.</param>
    public static IServiceCollection AddPipelineEngine(
        this IServiceCollection services,
        IConfiguration configuration,
        string? folder = null
    )
    {
        var app = new AppFolder(folder ?? AppContext.BaseDirectory);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new Random());
        services.AddSingleton(app);
        services.AddSingleton(_ => ProgramVersion.Of(app));
        services.AddSettings(configuration, (provider, reader) =>
            PipelineOptions.Read(reader, [.. provider.GetServices<SourceSettings>()])
        );
        services.AddSingleton(_ =>
        {
            var wrong = new List<Finding>();
            return StorageAccount.Open(configuration, Names.Connection, wrong)
                ?? throw new InvalidOperationException(wrong[0].ToString());
        });
        services.AddSingleton(provider => new SourceCatalog(
            provider.GetServices<Source>(),
            provider.GetRequiredService<ISourceClientFactory>()
        ));
        services
            .AddSingleton<TableSet>()
            .AddSingleton<StepQueues>()
            .AddSingleton<RawStore>()
            .AddSingleton<CuratedReader>()
            .AddSingleton<FactStore>();
        services
            .AddSingleton<SliceBook>()
            .AddSingleton<RunBook>()
            .AddSingleton<RecentRuns>()
            .AddSingleton<RejectBook>()
            .AddSingleton<GapBook>()
            .AddSingleton<DatasetBook>()
            .AddSingleton<DeadLetterBook>()
            .AddSingleton<SliceRecords>();
        services
            .AddSingleton<SliceLeases>()
            .AddSingleton<EmptySlices>()
            .AddSingleton<Judgement>()
            .AddSingleton<SliceComparison>()
            .AddSingleton<Exporter>()
            .AddSingleton<DerivedOutputs>()
            .AddSingleton<RefreshRequests>()
            .AddSingleton<PullRequests>()
            .AddSingleton<NextSteps>();
        services.AddSingleton<RejectSummaryReader>().AddSingleton<RunVerdictReader>();
        services
            .AddSingleton<Plan>()
            .AddSingleton<PullEnding>()
            .AddSingleton<PullWithoutBody>()
            .AddSingleton<Pull>()
            .AddSingleton<BodyJudge>()
            .AddSingleton<BodyLoad>()
            .AddSingleton<Normalize>()
            .AddSingleton<CompleteRun>()
            .AddSingleton<RefreshSource>()
            .AddSingleton<StepRunner>()
            .AddSingleton<DeadLetters>()
            .AddSingleton<Replay>()
            .AddSingleton<Restore>();
        return services;
    }

    /// <summary>Adds a dataset, and its source with its settings when this is its first one.</summary>
    /// <typeparam name="TDataset">The dataset.</typeparam>
    /// <typeparam name="TOptions">The options of its source.</typeparam>
    /// <param name="services">The app's services.</param>
    /// <param name="configuration">The app settings.</param>
    /// <param name="arguments">What its constructor takes beside the options.</param>
    public static IServiceCollection AddDataset<TDataset, TOptions>(
        this IServiceCollection services,
        IConfiguration configuration,
        params object[] arguments
    )
        where TDataset : class, IDataset
        where TOptions : class, ISourceOptions<TOptions>
    {
        if (services.All(service => service.ServiceType != typeof(IOptionsFactory<TOptions>)))
        {
            services
                .AddSingleton(TOptions.Settings)
                .AddSettings(configuration, (_, reader) => TOptions.Read(reader))
                .AddSingleton(provider => new Source(
                    TOptions.Settings.Source,
                    Options(provider).Courtesy,
                    provider.GetServices<IDataset>().Where(dataset => dataset.Info.Source == TOptions.Settings.Source)
                ));
        }
        return services.AddSingleton<IDataset>(provider =>
            ActivatorUtilities.CreateInstance<TDataset>(provider, [Options(provider), .. arguments])
        );

        static TOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<TOptions>>().Value;
    }
}
