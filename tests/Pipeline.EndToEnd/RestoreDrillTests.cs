using System.Net;
using System.Text.Json;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The drill of infra/RESTORE.md on the recorded sources: every derived table is lost and made again.</summary>
public sealed class RestoreDrillTests(Azurite azurite)
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(5) };

    /// <summary>The tables that the page deletes, in its order.</summary>
    private static readonly string[] Lost = [.. Account.FactTables, "history", "gaps", "slices"];

    [Fact]
    public async Task All_tables_come_back_from_raw_with_their_history_and_the_dates_they_had()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        var settings = App.Settings(connection);
        // With the year of which two vintages were recorded.
        settings["Census__From"] = "2022-01";
        var first = await App.RunAsync(settings, "--once");
        Assert.True(first.ExitCode == 0, first.ToString());
        string[] kept = [.. Account.FactTables, "history", "gaps", "indicators", "claims", "partners", "commodities"];
        var before = await RowsAsync(account, kept);
        Assert.All(kept, table =>
            Assert.True(before[table].Count > 0, $"{table} is empty: the drill would show little")
        );
        var outcome = await account.OutcomeAsync();

        foreach (var table in Lost)
            await account.Tables.DeleteTableAsync(table);
        var port = Loopback.FreePort();
        await using var app = App.Start(settings, "--port", $"{port}");
        await app.UntilSaysAsync("ready: ");
        foreach (var source in (string[])["census-trade", "unctad-fdi", "moex-holders"])
        {
            Assert.True(await RestoreAsync(port, source) > 0, $"{source}: no body was read");
            Assert.Equal(0, await RestoreAsync(port, source));
        }

        // Indicators follow by messages of their own.
        await app.UntilAsync(
            "everything is as it was",
            async () => outcome.SequenceEqual(await account.OutcomeAsync()),
            200
        );
        var after = await RowsAsync(account, kept);
        foreach (var table in kept)
            Assert.Equal(before[table], after[table]);
    }

    /// <returns>How many bodies were read into the tables.</returns>
    private static async Task<int> RestoreAsync(int port, string source)
    {
        using var answer = await Http.PostAsync(new Uri($"http://localhost:{port}/api/restore/{source}"), null);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("loaded").GetInt32();
    }

    /// <summary>Every column of the tables but those that the service writes.</summary>
    private static async Task<Dictionary<string, List<string>>> RowsAsync(Account account, string[] tables)
    {
        var all = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var table in tables)
            all[table] = await account.ColumnsAsync(table);
        return all;
    }
}
