using Microsoft.Extensions.DependencyInjection;
using Pipeline.Ingestion;
using Pipeline.Insight.Claims;

namespace Pipeline.Insight;

/// <summary>Indicators and claims.</summary>
public static class InsightServices
{
    /// <summary>Adds what computes indicators and checks claims.</summary>
    /// <param name="services">The app's services.</param>
    /// <exception cref="InvalidOperationException">The files of claims that are part of the program are wrong; the
    /// message says where.</exception>
    public static IServiceCollection AddInsight(this IServiceCollection services) =>
        services
            .AddSingleton(
                ClaimBook.Load(out var findings) ?? throw new InvalidOperationException(string.Join('\n', findings))
            )
            .AddSingleton<InsightRun>()
            .AddSingleton<IDerivedTables>(provider => provider.GetRequiredService<InsightRun>());
}
