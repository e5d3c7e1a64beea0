using Microsoft.Extensions.DependencyInjection;
using Pipeline.Ingestion;
using Pipeline.Insight.Claims;
using Pipeline.Insight.Views;

namespace Pipeline.Insight;

/// <summary>Indicators, claims, dimensions and views.</summary>
public static class InsightServices
{
    /// <summary>Adds what computes indicators, dimensions and views, and checks claims.</summary>
    /// <param name="services">The app's services.</param>
    /// <exception cref="InvalidOperationException">The files of claims that are part of the program are wrong; the
    /// message says where.</exception>
    public static IServiceCollection AddInsight(this IServiceCollection services) =>
        services
            .AddSingleton(
                ClaimBook.Load(out var findings) ?? throw new InvalidOperationException(string.Join('\n', findings))
            )
            .AddSingleton<InsightRun>()
            .AddSingleton<FigureChecks>()
            .AddSingleton<IDerivedTables>(provider => provider.GetRequiredService<InsightRun>())
            .AddSingleton<IExportViews, FactViews>();
}
