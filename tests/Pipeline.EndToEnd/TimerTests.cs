using System.Text.RegularExpressions;
using Pipeline.Local.Listeners;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>Timers under the WebJobs SDK's listener, as the local host starts it.</summary>
public sealed partial class TimerTests(Azurite azurite)
{
    [Fact]
    public async Task A_timer_fires_by_its_schedule_and_of_two_hosts_on_one_storage_one_fires_until_the_other_takes_over()
    {
        var connection = azurite.NewAccount();
        var settings = App.Small(connection, ("CENSUS_SCHEDULE", "*/2 * * * * *"));
        await using var first = App.Start(settings, "--port", $"{Loopback.FreePort()}");
        await first.UntilAsync("three plans by the schedule", () => Task.FromResult(Plans(first).Count >= 3));
        await using var second = App.Start(settings, "--port", $"{Loopback.FreePort()}");
        await second.UntilSaysAsync("ready: ");
        var before = Plans(first).Count;
        await first.UntilAsync("three plans more", () =>
            Task.FromResult(Plans(first).Count >= before + 3 || Plans(second).Count > 0)
        );
        await first.TerminateAsync();
        Assert.Equal(0, (await first.EndAsync()).ExitCode);
        await second.UntilAsync("the second host takes over", () => Task.FromResult(Plans(second).Count >= 2));
        // Also on a machine that stands still for so long that the lock moves by itself.
        Assert.Empty(Plans(first).Intersect(Plans(second)));
    }

    [Fact]
    public async Task After_a_pause_a_timer_fires_once_as_past_due()
    {
        var connection = azurite.NewAccount();
        var container = new Account(connection).Blobs.GetBlobContainerClient("azure-webjobs-hosts");
        await container.CreateAsync();
        // As it stands when no host ran at the turn of the year.
        var year = new DateTime(TimeProvider.System.GetUtcNow().Year, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var status = container.GetBlobClient($"timers/{TriggerHost.HostId}/Host.Functions.PlanCensusTrade/status");
        await status.UploadAsync(
            BinaryData.FromObjectAsJson(
                new
                {
                    Last = year.AddYears(-1),
                    Next = year,
                    LastUpdated = year.AddYears(-1),
                }
            )
        );
        var settings = App.Small(connection, ("CENSUS_SCHEDULE", "0 0 0 1 1 *"));
        await using (var app = App.Start(settings, "--verbose", "--port", $"{Loopback.FreePort()}"))
        {
            await app.UntilSaysAsync("PlanCensusTrade: Trigger Details: UnscheduledInvocationReason: IsPastDue");
            await app.UntilAsync("the plan has run", () => Task.FromResult(Plans(app).Count == 1));
            await app.UntilSaysAsync("Executed 'PlanCensusTrade' (Succeeded");
            await app.TerminateAsync();
            Assert.Equal(0, (await app.EndAsync()).ExitCode);
        }
        // Once: the next host finds that it has run.
        var (next, address) = await ReportSite.ServeAsync(connection, ("CENSUS_SCHEDULE", "0 0 0 1 1 *"));
        await using var running = next;
        using var http = new HttpClient();
        using var other = await http.PostAsync($"{address}admin/functions/PlanMoexHolders", null);
        await next.UntilSaysAsync("PlanMoexHolders: moex-holders: ");
        Assert.Empty(Plans(next));
    }

    /// <summary>When the plan has run, in whole seconds of two.</summary>
    private static List<long> Plans(App app) =>
        [
            .. Plan()
                .Matches(app.Out)
                .Select(line =>
                    DateTimeOffset
                        .Parse(line.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)
                        .ToUnixTimeSeconds() / 2
                ),
        ];

    [GeneratedRegex("^([0-9T:.Z-]+) info: PlanCensusTrade: census-trade: ", RegexOptions.Multiline)]
    private static partial Regex Plan();
}
