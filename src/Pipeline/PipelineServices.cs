using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.Exports;
using Pipeline.Insight;
using Pipeline.Insight.Claims;
using Pipeline.Ledger;
using Pipeline.Monitoring;
using Pipeline.Report;
using Pipeline.Report.Page;
using Pipeline.Settings;
using Pipeline.Sources;
using Pipeline.Sources.Census;
using Pipeline.Sources.Http;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;
using Pipeline.Steps;
using Pipeline.Storage;
using Pipeline.Tables;

namespace Pipeline;

/// <summary>Puts the pipeline together.</summary>
public static class PipelineServices
{
    /// <summary>The sources. A new one is one more line here and a folder under <c>Sources</c>.</summary>
    private static IEnumerable<ISource> Sources(PipelineSettings settings)
    {
        yield return new CensusSource(settings.Census);
        yield return new UnctadSource(settings.Unctad);
        yield return new MoexSource(settings.Moex);
    }

    /// <summary>Adds everything the functions need.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configuration">The app settings, for the storage account.</param>
    /// <param name="settings">The checked settings.</param>
    /// <param name="folder">The folder of the function app, which holds its samples; null for the folder of this
    /// program.</param>
    /// <exception cref="InvalidOperationException">The files of claims that are part of the program are wrong; the
    /// message says where.</exception>
    public static IServiceCollection AddPipeline(
        this IServiceCollection services,
        IConfiguration configuration,
        PipelineSettings settings,
        string? folder = null
    )
    {
        services.AddSingleton(
            ClaimBook.Load(out var findings) ?? throw new InvalidOperationException(string.Join('\n', findings))
        );
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new Random());
        services.AddSingleton(_ => ProgramVersion.Of(folder));
        services.AddSingleton(settings);
        services.AddSingleton(_ =>
        {
            var wrong = new List<Finding>();
            return StorageAccount.Open(configuration, Names.Connection, wrong)
                ?? throw new InvalidOperationException(wrong[0].ToString());
        });
        services.AddSingleton(provider => new SourceCatalog(
            Sources(settings),
            settings.UseSamples ? Path.Combine(folder ?? AppContext.BaseDirectory, "samples") : null,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<Random>(),
            () => new CuratedFiles(provider.GetRequiredService<StorageAccount>(), SourceClient.Sockets())
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
            .AddSingleton<DeadLetterBook>();
        services
            .AddSingleton<PlannedSlices>()
            .AddSingleton<EmptySlices>()
            .AddSingleton<Judgement>()
            .AddSingleton<InsightRun>()
            .AddSingleton<Exporter>()
            .AddSingleton<Digest>();
        services.AddSingleton<RejectSummaryReader>().AddSingleton<RunVerdictReader>();
        services
            .AddSingleton<StandingReader>()
            .AddSingleton<FigureReader>()
            .AddSingleton<RevisionReader>()
            .AddSingleton<ReportReader>()
            .AddSingleton<PageRenderer>();
        services
            .AddSingleton<QueueReadings>()
            .AddSingleton<DataReadings>()
            .AddSingleton<LedgerReadings>()
            .AddSingleton<PipelineMonitor>();
        services
            .AddSingleton<Plan>()
            .AddSingleton<Pull>()
            .AddSingleton<Normalize>()
            .AddSingleton<Publish>()
            .AddSingleton<DeadLetters>()
            .AddSingleton<Replay>()
            .AddSingleton<Restore>();
        return services;
    }
}
