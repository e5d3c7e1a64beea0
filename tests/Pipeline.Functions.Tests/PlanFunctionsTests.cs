using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Ingestion;
using Pipeline.Sources;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Functions.Tests;

/// <summary>Each timer plans the source whose schedule it has.</summary>
public sealed class PlanFunctionsTests
{
    private const string Remedy = "correct PlanFunctions.cs";

    private static IEnumerable<MethodInfo> Timers =>
        typeof(PlanFunctions).GetMethods().Where(method => method.IsDefined(typeof(FunctionAttribute)));

    [Fact]
    public async Task Every_plan_function_plans_the_source_of_its_schedule()
    {
        Assert.NotEmpty(Timers);
        foreach (var method in Timers)
        {
            var name = method.GetCustomAttribute<FunctionAttribute>()!.Name;
            var timer = method.GetParameters()[0].GetCustomAttribute<TimerTriggerAttribute>()!;
            var fault = await FaultAsync(name, timer.Schedule, plan =>
                (Task)method.Invoke(new PlanFunctions(plan), [new TimerInfo(), CancellationToken.None])!
            );
            Assert.True(fault is null, fault);
        }
    }

    [Theory]
    [InlineData("census-trade", "%CENSUS_SCHEDULE%", null)]
    [InlineData("census-trade", "%MOEX_SCHEDULE%", "seen a plan of census-trade, expected one of moex-holders")]
    [InlineData("census-trade", "%NO_SCHEDULE%", "seen a timer of %NO_SCHEDULE%, expected one of %CENSUS_SCHEDULE%, ")]
    [InlineData("cencus-trade", "%CENSUS_SCHEDULE%", "source: seen \"cencus-trade\", expected one of census-trade, ")]
    public async Task A_timer_that_plans_another_source_or_none_is_named(string source, string schedule, string? words)
    {
        var fault = await FaultAsync("PlanCensusTrade", schedule, plan =>
            plan.RunAsync(source, CancellationToken.None)
        );
        if (words is null)
        {
            Assert.Null(fault);
            return;
        }
        Assert.StartsWith($"PlanCensusTrade: {words}", fault, StringComparison.Ordinal);
        Assert.EndsWith($"; {Remedy}", fault, StringComparison.Ordinal);
    }

    /// <summary>What is wrong with a timer; null if nothing is.</summary>
    private static async Task<string?> FaultAsync(string function, string schedule, Func<Plan, Task> run)
    {
        var expected = SourceServices.Settings.SingleOrDefault(source => $"%{source.Schedule.Name}%" == schedule);
        if (expected is null)
        {
            var schedules = SourceServices.Settings.Select(source => $"%{source.Schedule.Name}%");
            return $"{function}: seen a timer of {schedule}, expected one of {string.Join(", ", schedules)}; {Remedy}";
        }
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System));
        try
        {
            await run(pipeline.Get<Plan>());
        }
        catch (KeyNotFoundException e)
        {
            return $"{function}: {e.Message}; {Remedy}";
        }
        var planned = SourceServices
            .Settings.Select(source => source.Source)
            .Where(source =>
                pipeline.Log.Exists(line => line.StartsWith($"Information: {source}: ", StringComparison.Ordinal))
            );
        var seen = string.Join(", ", planned);
        return seen == expected.Source
            ? null
            : $"{function}: seen a plan of {(seen.Length == 0 ? "nothing" : seen)}, expected one of "
                + $"{expected.Source}; {Remedy}";
    }
}
