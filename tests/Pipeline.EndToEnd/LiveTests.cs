using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The app in live mode, against a server on this machine.</summary>
public sealed class LiveTests(Azurite azurite)
{
    private const string Canary = "canary0123456789canary";

    /// <summary>The one source that the server has: a source that cannot be switched off is not planned.</summary>
    private const string Plan = "PlanCensusTrade";

    [Fact]
    public async Task No_setting_of_a_live_test_leads_to_a_real_server()
    {
        await using var server = await TradeServer.StartAsync(Canary);
        var settings = server.Settings("unused", Canary, "total", "2020-01");
        var addresses = AllSettings.List.Where(AllSettings.IsAddress).Select(setting => setting.Name).ToList();
        Assert.Contains("Moex__IssUrl", addresses);
        Assert.All(addresses, name =>
        {
            var value = settings.GetValueOrDefault(name);
            Assert.True(
                value == "" || (value is not null && new Uri(value).IsLoopback),
                $"{name}: seen {value ?? "no value"}, expected an address on this machine, or the empty text"
            );
        });
    }

    [Fact]
    public async Task Live_mode_leaves_the_facts_of_the_samples_and_its_key_nowhere()
    {
        var quiet = await QuietRun.GetAsync(azurite);
        await using var server = await TradeServer.StartAsync(Canary);
        var connection = azurite.NewAccount();
        var ended = await App.RunAsync(
            server.Settings(connection, Canary, "total", "1992-01"),
            "--once",
            Plan,
            "--verbose"
        );
        // The recordings end with 2024: the years since then must exist by now, and each flow is a line.
        Assert.True(ended.ExitCode == 1, ended.ToString());
        var failed = ended
            .Out.Split('\n')
            .Where(line => line.StartsWith("failed: ", StringComparison.Ordinal))
            .ToList();
        Assert.All(failed, line =>
            Assert.Matches("^failed: census-trade/(ex|im)ports-total: 2025(, [0-9]{4})* brought no rows: ", line)
        );
        Assert.Equal(2, failed.Count);
        Assert.True(server.Requests >= 31, $"{server.Requests} requests");
        var account = new Account(connection);
        Assert.Equal(
            // The samples also hold an older recording, which the server does not.
            (await new Account(quiet.ConnectionString).ContentAsync("trademonthly"))
                .Where(row => row.Contains("; Level=total;", StringComparison.Ordinal))
                .Select(row => row.Replace("; Revision=1;", "; Revision=0;", StringComparison.Ordinal)),
            await account.ContentAsync("trademonthly")
        );
        Assert.DoesNotContain(Canary, ended.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, await account.EverythingAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_key_is_said_once_for_the_server_and_no_fact_is_written()
    {
        await using var server = await TradeServer.StartAsync("another key");
        var connection = azurite.NewAccount();
        var ended = await App.RunAsync(server.Settings(connection, Canary, "total", "2020-01"), "--once", Plan);
        Assert.Equal(1, ended.ExitCode);
        var account = new Account(connection);
        var failed = (await account.RowsAsync("slices", "State eq 'PullFailed'"))
            .Select(row => row.RowKey.Replace('|', '/'))
            .ToList();
        Assert.Equal(2 * (TimeProvider.System.GetUtcNow().Year - 2019), failed.Count); // Two flows, 2020 to this year.
        // One line for the server, not one for each slice.
        Assert.Single(ended.Out.Split('\n'), line =>
            line.StartsWith(
                $"failed: census-trade: {server.Address} fails for {failed.Count} slices, for example "
                    + "census-trade/exports-total/2020: ",
                StringComparison.Ordinal
            )
        );
        Assert.Contains(
            "expected an accepted API key; set Census__ApiKey to an active key, free at "
                + "https://api.census.gov/data/key_signup.html",
            ended.Out,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(await account.RowsAsync("trademonthly"), row =>
            !row.GetString("Dataset").Equals("country-balance", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(Canary, ended.ToString() + await account.EverythingAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revision_a_missing_value_and_a_row_that_cannot_be_read_each_end_where_the_contract_says()
    {
        await using var server = await TradeServer.StartAsync(Canary);
        var connection = azurite.NewAccount();
        var settings = server.Settings(connection, Canary, "HS2", "2023-01");
        settings["Census__CountryFileUrl"] = "";
        var first = await App.RunAsync(settings, "--once", Plan);
        // Chapters without the totals: what has no row at all is missing, because nothing says that it may be so.
        Assert.True(first.ExitCode == 1, first.ToString());
        Assert.Contains(
            "because no total is loaded that says that 4621 had no trade",
            first.Out,
            StringComparison.Ordinal
        );
        var account = new Account(connection);
        await account.MakeDueAsync();
        server.Change("&CTY_CODE=4621&time=2023", body =>
            body.Replace("\"21038816\",\"21038816\"", "\"21038817\",\"21038817\"", StringComparison.Ordinal)
                .Replace("\"388277\",\"388277\"", "null,null", StringComparison.Ordinal)
                .Replace("\"226601\",\"226601\"", "\"226,601\",\"226601\"", StringComparison.Ordinal)
        );

        var second = await App.RunAsync(settings, "--once", Plan);

        Assert.True(second.ExitCode == 1, second.ToString());
        Assert.Equal("1", OnceTests.Summary(second)["changed"]);
        Assert.Equal("1", OnceTests.Summary(second)["rejected"]);
        Assert.Contains("\"226,601\"", second.Out, StringComparison.Ordinal);
        await Contract.AssertHoldsAsync(connection, "trademonthly,history,runs,slices,gaps,rejects,datasets");
    }
}
