using System.Text.Json;
using Pipeline.Local.Listeners;
using Xunit;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Timers under the WebJobs SDK's listener, as the local host starts it.</summary>
public sealed class TimerTests(Azurite azurite)
{
    private const string Plan = "PlanCensusTrade: census-trade: ";

    [Fact]
    public async Task A_timer_fires_by_its_schedule_and_of_two_hosts_on_one_storage_one_fires()
    {
        var connection = azurite.NewAccount();
        await using var first = App.Start(App.Small(connection, ("CENSUS_SCHEDULE", "*/2 * * * * *")), "--port", $"{Loopback.FreePort()}");
        await first.UntilAsync("three plans by the schedule", () => Task.FromResult(Plans(first) >= 3));
        await using var second = App.Start(App.Small(connection, ("CENSUS_SCHEDULE", "*/2 * * * * *")), "--port", $"{Loopback.FreePort()}");
        await second.UntilSaysAsync("ready: ");
        var before = Plans(first);
        await first.UntilAsync("three plans more", () => Task.FromResult(Plans(first) >= before + 3));
        Assert.Equal(0, Plans(second));
    }

    [Fact]
    public async Task After_a_pause_a_timer_fires_once_as_past_due()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        // As it stands after three hours in which no host ran.
        var hour = new DateTime(DateTime.UnixEpoch.Ticks + (TimeProvider.System.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour, DateTimeKind.Utc);
        var status = account.Blobs.GetBlobContainerClient("azure-webjobs-hosts");
        await status.CreateAsync();
        var blob = status.GetBlobClient($"timers/{TriggerHost.HostId}/Host.Functions.PlanCensusTrade/status");
        await blob.UploadAsync(BinaryData.FromObjectAsJson(new { Last = hour.AddHours(-3), Next = hour.AddHours(-2), LastUpdated = hour.AddHours(-3) }));
        await using var app = App.Start(App.Small(connection, ("CENSUS_SCHEDULE", "0 0 * * * *")), "--port", $"{Loopback.FreePort()}");
        await app.UntilAsync("the run is written down", async () =>
        {
            var now = JsonDocument.Parse((await blob.DownloadContentAsync()).Value.Content).RootElement.GetProperty("Last").GetDateTime();
            return now > hour.AddHours(-2);
        });
        Assert.Equal(1, Plans(app));
    }

    private static int Plans(App app) => app.Out.Split('\n').Count(line => line.Contains(Plan, StringComparison.Ordinal));
}
