using Microsoft.Extensions.DependencyInjection;
using Pipeline.Report.Data;
using Pipeline.Report.Monitoring;
using Pipeline.Report.News;
using Pipeline.Report.Page;

namespace Pipeline.Report;

/// <summary>Status, report, figures and news over HTTP, and monitor.</summary>
public static class ReportServices
{
    /// <summary>Adds what reads the tables for status, report, figures and news over HTTP, and monitor.</summary>
    public static IServiceCollection AddReport(this IServiceCollection services)
    {
        services
            .AddSingleton<StandingReader>()
            .AddSingleton<FigureReader>()
            .AddSingleton<RevisionReader>()
            .AddSingleton<ClaimStatusReader>()
            .AddSingleton<ReportReader>()
            .AddSingleton<PageRenderer>();
        services
            .AddSingleton<DataTables>()
            .AddSingleton<DataQueryReader>()
            .AddSingleton<DataReader>()
            .AddSingleton<BodyLookup>()
            .AddSingleton<FigureLookup>()
            .AddSingleton<OpenApiDocument>()
            .AddSingleton<NewsReader>()
            .AddSingleton<NewsFeed>();
        return services
            .AddMetrics()
            .AddSingleton<PipelineMetrics>()
            .AddSingleton<QueueReadings>()
            .AddSingleton<DataReadings>()
            .AddSingleton<LedgerReadings>()
            .AddSingleton<PipelineMonitor>();
    }
}
