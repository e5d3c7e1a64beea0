using Microsoft.Azure.Functions.Worker;
using Pipeline.Ingestion;

namespace Pipeline.Functions;

/// <summary>The timers: one per source. A timer only plans.</summary>
public sealed class PlanFunctions(Plan plan)
{
    [Function("PlanCensusTrade")]
    public Task CensusTradeAsync(
        [TimerTrigger("%CENSUS_SCHEDULE%")] TimerInfo timer,
        CancellationToken cancellationToken
    ) => plan.RunAsync("census-trade", cancellationToken);

    [Function("PlanUnctadFdi")]
    public Task UnctadFdiAsync(
        [TimerTrigger("%UNCTAD_SCHEDULE%")] TimerInfo timer,
        CancellationToken cancellationToken
    ) => plan.RunAsync("unctad-fdi", cancellationToken);

    [Function("PlanMoexHolders")]
    public Task MoexHoldersAsync(
        [TimerTrigger("%MOEX_SCHEDULE%")] TimerInfo timer,
        CancellationToken cancellationToken
    ) => plan.RunAsync("moex-holders", cancellationToken);
}
