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
    /// Adds the engine. It needs sources (<see cref="AddSource{TOptions}"/>), the way to their servers
    /// (<see cref="ISourceClientFactory"/>) and what is derived from the facts (<see cref="IDerivedTables"/>).
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
            provider.GetServices<ISource>(),
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
            .AddSingleton<NextSteps>();
        services.AddSingleton<RejectSummaryReader>().AddSingleton<RunVerdictReader>();
        services
            .AddSingleton<Plan>()
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

    /// <summary>Adds a source with its settings.</summary>
    /// <typeparam name="TOptions">Its options.</typeparam>
    /// <param name="services">The app's services.</param>
    /// <param name="configuration">The app settings.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="read">Reads the options; what is wrong is reported to the reader.</param>
    /// <param name="create">Makes the source.</param>
    public static IServiceCollection AddSource<TOptions>(
        this IServiceCollection services,
        IConfiguration configuration,
        SourceSettings settings,
        Func<SettingsReader, TOptions> read,
        Func<TOptions, ISource> create
    )
        where TOptions : class =>
        services
            .AddSingleton(settings)
            .AddSettings(configuration, (_, reader) => read(reader))
            .AddSingleton(provider => create(provider.GetRequiredService<IOptions<TOptions>>().Value));
}
