using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Moex;

/// <summary>
/// The whole way with a server on this machine: first load, nothing new, changes, faults, and what they leave
/// in the tables.
/// </summary>
public sealed class LiveTests : IAsyncLifetime
{
    private const string Iss = "market-capitalisation/last-day";
    private const string Ofz = "ofz-nonresidents/all";
    private const string Curated = "holders-by-country/all";
    private const string Columns =
        "as_of,asset_class,basis,holder,holder_iso2,share_percent,value,currency,qualifier,citation";
    private const string Statement =
        "2018-07-05,equity,foreign_held_free_float,United States,US,56,,,approximate,Reuters\n";

    private readonly HastyClock clock = new(Trade.At("2026-11-22T18:00:00"), TimeSpan.FromSeconds(119));
    private MoexServer server = null!;

    public async ValueTask InitializeAsync() => server = await MoexServer.StartAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private TestPipeline Pipeline(params (string Name, string Value)[] settings)
    {
        // All parts are off, but for what the test switches on.
        var values = new Dictionary<string, string?>
        {
            [TestPipeline.Planned] = "moex-holders",
            ["Sources__Mode"] = "live",
            ["Census__ApiKey"] = Trade.Canary,
            ["Moex__IssUrl"] = "",
            ["Moex__HoldersFile"] = "",
        };
        foreach (var (name, value) in settings)
            values[name] = value;
        return new TestPipeline(new MemoryStorage(clock), values, clock);
    }

    private (string, string) IssOn => ("Moex__IssUrl", $"{server.Address}/iss");
    private (string, string) OfzOn => ("Moex__OfzTableUrl", server.Address + MoexServer.Ofz);
    private static (string, string) CuratedOn => ("Moex__HoldersFile", "statements/holders.csv");

    private static byte[] Capitalisation(string value, string day) =>
        Holders.Body($"{{'capitalization':{{'columns':['CAPITALIZATION','TRADEDATE'],'data':[[{value},'{day}']]}}}}");

    /// <summary>A table of so many months from 2021-01 on, with a share each.</summary>
    private static byte[] Table(int months, Func<int, string>? share = null)
    {
        var table = new TestWorkbook { Sheet = "ОФЗ", Dimension = "A1:C100" }.Add([
            "'Дата",
            "'Объем ОФЗ у нерезидентов, млрд руб.",
            "'Доля нерезидентов, %",
        ]);
        for (var month = 0; month < months; month++)
        {
            var day = new DateTime(2021, 1, 1).AddMonths(month);
            table.Add([
                $"{day.ToOADate().ToString(CultureInfo.InvariantCulture)}",
                "3000",
                share?.Invoke(month) ?? "20",
            ]);
        }
        return table.Write();
    }

    private static async Task PutFileAsync(TestPipeline pipeline, string text)
    {
        var container = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.CuratedContainer);
        await container.CreateIfNotExistsAsync();
        await container
            .GetBlobClient("statements/holders.csv")
            .UploadAsync(BinaryData.FromString(text), overwrite: true);
    }

    private async Task NextDayAsync(TestPipeline pipeline, int days = 1)
    {
        clock.Advance(TimeSpan.FromDays(days));
        await pipeline.RunAsync();
    }

    private static Task<SliceRow> SliceAsync(TestPipeline pipeline, string slice) =>
        pipeline.Get<SliceBook>().GetAsync(Holders.Slice(slice), CancellationToken.None);

    /// <summary>The table, a line a row.</summary>
    private static async Task<List<string>> HoldersAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync("holders")).Select(row =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{row.PartitionKey} {row.RowKey[..10]} {row["Holder"]} {row["SharePercent"]} {row["Value"]} "
                        + $"{row["Qualifier"]} r{row["Revision"]} {row["Dataset"]}"
                )
            ),
        ];

    private static async Task<List<string>> VersionsAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync("holders"))
                .Concat(await pipeline.RowsAsync("history"))
                .Concat(await pipeline.RowsAsync("gaps"))
                .Select(row => $"{row.PartitionKey} {row.RowKey} {row.ETag}"),
        ];

    private static async Task<int> BodiesAsync(TestPipeline pipeline)
    {
        var count = 0;
        await foreach (
            var _ in pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.RawContainer).GetBlobsAsync()
        )
        {
            count++;
        }

        return count;
    }

    [Fact]
    public async Task Capitalisation_is_kept_by_trading_day_and_a_changed_day_goes_to_history()
    {
        await using var pipeline = Pipeline(IssOn);
        server.Put(
            MoexServer.Iss,
            Capitalisation("32370425050077.613", "2026-11-20"),
            headers: "X-MicexPassport-Marker=denied"
        );
        await pipeline.RunAsync();
        Assert.Equal(
            [
                "equity|market_capitalisation 2026-11-20 All holders NaN 32370425050077.613 exact r0 "
                    + "market-capitalisation",
            ],
            await HoldersAsync(pipeline)
        );
        Assert.Equal(MoexServer.Iss + "?iss.meta=off&lang=en", Assert.Single(server.Requests));

        // Not due on the same day; the same trading day again is no change, also when the rest of the answer is
        // another.
        var versions = await VersionsAsync(pipeline);
        await pipeline.RunAsync();
        Assert.Single(server.Requests);
        server.Put(MoexServer.Iss, [.. Capitalisation("32370425050077.613", "2026-11-20"), .. "\n"u8]);
        await NextDayAsync(pipeline);
        Assert.Equal(versions, await VersionsAsync(pipeline));

        server.Put(MoexServer.Iss, Capitalisation("32e12", "2026-11-20"));
        await NextDayAsync(pipeline);
        server.Put(MoexServer.Iss, Capitalisation("null", "2026-11-23"));
        await NextDayAsync(pipeline);
        server.Put(MoexServer.Iss, Capitalisation("33e12", "2026-11-24"));
        await NextDayAsync(pipeline);
        Assert.Equal(
            [
                "equity|market_capitalisation 2026-11-20 All holders NaN 32000000000000 exact r1 market-capitalisation",
                "equity|market_capitalisation 2026-11-24 All holders NaN 33000000000000 exact r0 market-capitalisation",
            ],
            await HoldersAsync(pipeline)
        );
        Assert.Single(await pipeline.RowsAsync("history"));
        // What was missing on one day is not filled by another.
        Assert.StartsWith(
            "2026-11-23|",
            Assert.Single(await pipeline.RowsAsync("gaps")).RowKey,
            StringComparison.Ordinal
        );

        server.Put(
            MoexServer.Iss,
            Holders.Body("{'capitalization':{'columns':['CAPITALIZATION','TRADEDATE'],'data':[]}}")
        );
        await NextDayAsync(pipeline);
        Assert.Equal(SliceState.Missing, (await SliceAsync(pipeline, Iss)).State);
        server.Put(MoexServer.Iss, Capitalisation("34e12", "2026-11-23"));
        await NextDayAsync(pipeline);
        Assert.Equal(3, (await HoldersAsync(pipeline)).Count);
        Assert.Empty(await pipeline.RowsAsync("gaps"));
        await pipeline.LedgerAsync();
    }

    /// <summary>
    /// What the server does, state of the slice, its last error, requests, stored bodies, open rejects.
    /// </summary>
    public static TheoryData<string, string, string, int, int, int> Faults =>
        new()
        {
            {
                "html",
                "PullFailed",
                "seen status 200, text/html, starting \"<html>\", expected a JSON object of blocks; a wrong route, "
                    + "a login page or a page that blocks",
                1,
                2,
                1
            },
            {
                "error",
                "PullFailed",
                "seen the error \"No such report\", expected a block capitalization; the service refuses the request",
                1,
                2,
                1
            },
            { "long error", "PullFailed", "seen the error \"xxx", 1, 2, 1 },
            { "denied", "PullFailed", "seen status 200 without a body, X-MicexPassport-Marker: denied", 1, 1, 0 },
            {
                "throttled",
                "PullFailed",
                "seen status 403, text/html, starting \"<h1>Too Many Requests</h1>\", expected status 200; the "
                    + "server asks for patience",
                5,
                1,
                0
            },
            { "403", "PullFailed", "the exchange does not let this request in", 1, 1, 0 },
            { "404", "PullFailed", "the route is not known", 1, 1, 0 },
            { "503", "PullFailed", "(blocked?)", 5, 1, 0 },
            { "abort", "PullFailed", "the server may not answer this one (blocked?)", 5, 1, 0 },
            {
                "no block",
                "Quarantined",
                "body: seen no block capitalization, expected one; the answer's layout has changed",
                1,
                2,
                1
            },
            {
                "no column",
                "Quarantined",
                "block capitalization: seen \"TRADEDATE\", expected the column CAPITALIZATION too; the answer's "
                    + "layout has changed",
                1,
                2,
                1
            },
            {
                "a bad cell",
                "Published",
                "1 row rejected, the first: row 1, column CAPITALIZATION: seen \"x\", expected a number of roubles "
                    + "above 0",
                1,
                2,
                1
            },
            { "redirect", "PullFailed", "to \"https://passport.example/\", another host", 1, 1, 0 },
            { "repeated page", "PullFailed", "seen page 2 with the rows of the page before", 2, 2, 1 },
        };

    [Theory, MemberData(nameof(Faults))]
    public async Task A_fault_of_the_exchange_is_told_loses_nothing_and_heals(
        string fault,
        string state,
        string error,
        int requests,
        int bodies,
        int rejects
    )
    {
        await using var pipeline = Pipeline(IssOn);
        server.Put(MoexServer.Iss, Capitalisation("1e12", "2026-11-20"));
        await pipeline.RunAsync();
        var before = await HoldersAsync(pipeline);
        Break(fault);
        server.Requests.Clear();
        await NextDayAsync(pipeline);

        var slice = await SliceAsync(pipeline, Iss);
        Assert.Equal(state, $"{slice.State}");
        Assert.Contains(error, slice.LastError, StringComparison.Ordinal);
        Assert.Equal(before, await HoldersAsync(pipeline));
        Assert.Equal(
            (requests, bodies, rejects),
            (
                server.Requests.Count,
                await BodiesAsync(pipeline),
                (await pipeline.RowsAsync("rejects", "State eq 'open'")).Count
            )
        );

        server.Put(MoexServer.Iss, Capitalisation("2e12", "2026-11-24"));
        await NextDayAsync(pipeline);
        Assert.Equal(
            (SliceState.Published, ""),
            (await SliceAsync(pipeline, Iss)) is var healed ? (healed.State, healed.LastError) : default
        );
        Assert.Equal(2, (await HoldersAsync(pipeline)).Count);
        Assert.Empty(await pipeline.RowsAsync("rejects", "State eq 'open'"));
        await pipeline.LedgerAsync();
    }

    private void Break(string fault)
    {
        switch (fault)
        {
            case "html":
                server.Put(MoexServer.Iss, "<html>"u8.ToArray(), contentType: "text/html");
                break;
            case "error":
                server.Put(
                    MoexServer.Iss,
                    Holders.Body("{'capitalization':{'columns':['ERROR_MESSAGE'],'data':[['No such report']]}}")
                );
                break;
            case "long error":
                server.Put(
                    MoexServer.Iss,
                    Holders.Body(
                        $"{{'capitalization':{{'columns':['ERROR_MESSAGE'],'data':[['{new string('x', 5000)}']]}}}}"
                    )
                );
                break;
            case "denied":
                server.Put(MoexServer.Iss, [], headers: "X-MicexPassport-Marker=denied");
                break;
            case "throttled":
                server.Put(MoexServer.Iss, "<h1>Too Many Requests</h1>"u8.ToArray(), 403, "text/html");
                break;
            case "no block":
                server.Put(MoexServer.Iss, Holders.Body("{'issuecapitalization':{'columns':[],'data':[]}}"));
                break;
            case "no column":
                server.Put(
                    MoexServer.Iss,
                    Holders.Body("{'capitalization':{'columns':['TRADEDATE'],'data':[['2026-11-20']]}}")
                );
                break;
            case "a bad cell":
                server.Put(MoexServer.Iss, Capitalisation("'x'", "2026-11-20"));
                break;
            case "redirect":
                server.Put(MoexServer.Iss, [], 302, headers: "Location=https://passport.example/");
                break;
            case "repeated page":
                server.Put(
                    MoexServer.Iss,
                    Holders.Body(
                        "{'capitalization':{'columns':['CAPITALIZATION','TRADEDATE'],'data':[[1,'2026-11-20']]},"
                            + "'capitalization.cursor':{'columns':['INDEX','TOTAL','PAGESIZE'],'data':[[0,2,1]]}}"
                    )
                );
                break;
            case "abort":
                server.Put(MoexServer.Iss, context =>
                {
                    context.Abort();
                    return Task.CompletedTask;
                });
                break;
            default:
                server.Put(MoexServer.Iss, [], int.Parse(fault, CultureInfo.InvariantCulture));
                break;
        }
    }

    [Fact]
    public async Task A_server_that_is_asked_too_often_is_left_alone_for_a_minute()
    {
        await using var pipeline = Pipeline(IssOn);
        Break("throttled");
        await pipeline.RunAsync();
        Assert.Equal(4, clock.Pauses.Count(pause => pause == TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task Capitalisation_in_pages_is_stored_as_one_body()
    {
        await using var pipeline = Pipeline(IssOn);
        server.Put(MoexServer.Iss, context =>
            context
                .Response.Body.WriteAsync(
                    Holders.Body(
                        $"{{'capitalization':{{'columns':['CAPITALIZATION','TRADEDATE'],'data':[[1e12,"
                            + $"'2026-11-{(context.Request.Query.ContainsKey("start") ? 20 : 19)}']]}},"
                            + $"'capitalization.cursor':{{'columns':['INDEX','TOTAL','PAGESIZE'],"
                            + $"'data':[[{(context.Request.Query.ContainsKey("start") ? 1 : 0)},2,1]]}}}}"
                    )
                )
                .AsTask()
        );
        await pipeline.RunAsync();
        Assert.Equal(
            [MoexServer.Iss + "?iss.meta=off&lang=en", MoexServer.Iss + "?iss.meta=off&lang=en&start=1"],
            server.Requests
        );
        Assert.Equal((2, 1), ((await HoldersAsync(pipeline)).Count, await BodiesAsync(pipeline)));
    }

    [Fact]
    public async Task The_central_banks_table_is_read_again_as_a_whole()
    {
        await using var pipeline = Pipeline(OfzOn);
        server.Put(MoexServer.Ofz, Table(40));
        await pipeline.RunAsync();
        Assert.Equal(40, (await HoldersAsync(pipeline)).Count);
        Assert.Equal(
            "ofz|market_outstanding_cbr_monthly 2021-01-01 All non-residents 20 3000000000000 exact r0 "
                + "ofz-nonresidents",
            (await HoldersAsync(pipeline))[0]
        );

        var versions = await VersionsAsync(pipeline);
        await NextDayAsync(pipeline);
        server.Put(MoexServer.Ofz, new TestWorkbook { Sheet = "ОФЗ", Dimension = "A1:C200" }.Write());
        server.Put(MoexServer.Ofz, Table(40));
        await NextDayAsync(pipeline);
        Assert.Equal(versions, await VersionsAsync(pipeline));

        // A revised month and a new one.
        server.Put(MoexServer.Ofz, Table(41, month => month == 3 ? "20.1" : "20"));
        await NextDayAsync(pipeline);
        Assert.Equal((41, 1), ((await HoldersAsync(pipeline)).Count, (await pipeline.RowsAsync("history")).Count));
        Assert.Contains(
            "ofz|market_outstanding_cbr_monthly 2021-04-01 All non-residents 20.1 3000000000000 exact r1 "
                + "ofz-nonresidents",
            await HoldersAsync(pipeline)
        );

        // Three months of 41 gone: more than can be true.
        var before = await HoldersAsync(pipeline);
        server.Put(MoexServer.Ofz, Table(38, month => month == 3 ? "20.1" : "20"));
        await NextDayAsync(pipeline);
        Assert.Equal(
            (
                SliceState.Quarantined,
                "moex-holders/ofz-nonresidents/all body: seen 38 rows, expected at least 39, 95 % of the 41 rows of "
                    + "the body before; "
                    + "the table keeps the old rows; compare the two raw bodies, then replay the slice with accept "
                    + $"if the new one is right; and 1 more at body (seen no row of 2024-05-01, the newest period of "
                    + $"the table); asked: {server.Address}{MoexServer.Ofz}"
            ),
            (await SliceAsync(pipeline, Ofz)) is var refused ? (refused.State, refused.LastError) : default
        );
        Assert.Equal(before, await HoldersAsync(pipeline));

        // As many gone, and as many new ones instead.
        server.Put(
            MoexServer.Ofz,
            new Func<byte[]>(() =>
            {
                var table = new TestWorkbook { Sheet = "ОФЗ", Dimension = "A1:C100" }.Add([
                    "'Дата",
                    "'Объем ОФЗ у нерезидентов",
                    "'Доля нерезидентов, %",
                ]);
                for (var month = 3; month < 44; month++)
                {
                    table.Add([
                        $"{new DateTime(2021, 1, 1).AddMonths(month).ToOADate().ToString(CultureInfo.InvariantCulture)}",
                        "3000",
                        month == 3 ? "20.1" : "20",
                    ]);
                }

                return table.Write();
            })()
        );
        await NextDayAsync(pipeline);
        Assert.Contains(
            "seen 3 of the 41 rows of the table not in it",
            (await SliceAsync(pipeline, Ofz)).LastError,
            StringComparison.Ordinal
        );
        Assert.Equal(before, await HoldersAsync(pipeline));
        await pipeline.LedgerAsync();
    }

    /// <summary>What the server does instead of giving the table, state of the slice, and its last error.</summary>
    public static TheoryData<string, string, string> TableFaults =>
        new()
        {
            {
                "404",
                "PullFailed",
                "the table has moved before: find it on the Bank of Russia's site and update Moex__OfzTableUrl"
            },
            { "html", "PullFailed", "expected a workbook, starting with PK" },
            {
                "no header",
                "Quarantined",
                "workbook: seen the sheets \"ОФЗ\", expected a sheet with a cell Дата in its first 20 rows"
            },
            { "formula", "Quarantined", "sheet1.xml, cell C2: seen a formula, expected a value" },
            {
                "a bad row",
                "Quarantined",
                "1 of 41 rows that cannot be understood, expected none, because a vintage replaces the one before "
                    + "as a whole; the table keeps the old vintage; the rows are in rejects; wait for a body "
                    + "without such rows, or replay the slice with accept to load all others; the first row rejected: "
                    + "row 42, column date: seen \"x\", expected a day"
            },
        };

    [Theory, MemberData(nameof(TableFaults))]
    public async Task A_table_that_cannot_be_read_leaves_the_old_rows(string fault, string state, string error)
    {
        await using var pipeline = Pipeline(OfzOn);
        server.Put(MoexServer.Ofz, Table(40));
        await pipeline.RunAsync();
        var before = await HoldersAsync(pipeline);
        if (fault == "404")
        {
            server.Put(MoexServer.Ofz, [], 404);
        }
        else if (fault == "html")
        {
            server.Put(MoexServer.Ofz, "<html>"u8.ToArray(), contentType: "text/html");
        }
        else if (fault == "no header")
        {
            server.Put(
                MoexServer.Ofz,
                new TestWorkbook { Sheet = "ОФЗ" }
                    .Add(["'x"])
                    .Write()
            );
        }
        else if (fault == "formula")
        {
            server.Put(MoexServer.Ofz, Table(40, _ => "=1+1→2"));
        }
        else
        {
            var table = new TestWorkbook { Sheet = "ОФЗ", Dimension = "A1:C100" }.Add([
                "'Дата",
                "'Объем ОФЗ у нерезидентов",
                "'Доля нерезидентов, %",
            ]);
            for (var month = 0; month < 40; month++)
            {
                table.Add([
                    $"{new DateTime(2021, 1, 1).AddMonths(month).ToOADate().ToString(CultureInfo.InvariantCulture)}",
                    "3000",
                    "20",
                ]);
            }

            server.Put(MoexServer.Ofz, table.Add(["'x", "3000", "20"]).Write());
        }
        await NextDayAsync(pipeline);
        var slice = await SliceAsync(pipeline, Ofz);
        Assert.Equal(state, $"{slice.State}");
        Assert.Contains(error, slice.LastError, StringComparison.Ordinal);
        Assert.Equal(before, await HoldersAsync(pipeline));
        await pipeline.LedgerAsync();
    }

    [Fact]
    public async Task A_certificate_that_nobody_knows_is_told_as_such_once_and_not_asked_again_at_once()
    {
        await using var untrusted = await MoexServer.StartAsync(untrusted: true);
        await using var pipeline = Pipeline(("Moex__OfzTableUrl", untrusted.Address + MoexServer.Ofz));
        await pipeline.RunAsync();
        var slice = await SliceAsync(pipeline, Ofz);
        Assert.Equal(SliceState.PullFailed, slice.State);
        Assert.Matches(
            "seen \"The remote certificate is invalid .*\", expected a TLS connection with a certificate that this "
                + "machine trusts; add the root certificate .* never disable the certificate check$",
            slice.LastError
        );
        Assert.Empty(clock.Pauses);
        Assert.Empty(untrusted.Requests);
    }

    [Fact]
    public async Task The_depository_is_asked_for_each_of_the_last_seven_days_and_its_key_is_nowhere()
    {
        await using var pipeline = Pipeline(
            ("Moex__NsdUrl", server.Address + MoexServer.Nsd),
            ("Moex__NsdApiKey", Holders.Canary)
        );
        server.Put(MoexServer.Nsd, context =>
        {
            var filter = context.Request.Query["filter"].ToString();
            var day = filter[9..19];
            if (context.Request.Query["apikey"] != Holders.Canary)
            {
                context.Response.StatusCode = 401;
            }
            else if (day == "2026-11-16")
            {
                context.Response.StatusCode = 401;
                return context.Response.WriteAsync($"Not enough rights or invalid apikey {Holders.Canary}");
            }
            return context
                .Response.Body.WriteAsync(
                    Holders.Body(
                        day == "2026-11-15"
                            ? "[]"
                            : $"[{{'date':'{day}','asset_type':'OFZ','method':'current',"
                                + $"'calculation_currency':'RUB','nominee':{{'total_share_pct':29.62,"
                                + $"'total_share_cash':1}},'nominee_and_banks':{{'total_share_pct':35.45}},"
                                + $"'details':[]}}]"
                    )
                )
                .AsTask();
        });
        await pipeline.RunAsync();
        Assert.Equal(7, server.Requests.Count);
        Assert.Contains(
            $"{MoexServer.Nsd}?limit=1000&filter={{\"date\":\"2026-11-20\"}}&apikey={Holders.Canary}",
            server.Requests
        );
        var rows = await HoldersAsync(pipeline);
        Assert.Equal(10, rows.Count);
        Assert.Contains(
            "ofz|market_outstanding_nsd_nominee_current_nominal 2026-11-20 Foreign nominee accounts 29.62 1 exact "
                + "r0 nsd-holders",
            rows
        );
        Assert.Equal(SliceState.NotPublished, (await SliceAsync(pipeline, "nsd-holders/2026-11-15")).State);
        Assert.EndsWith(
            $"seen status 401, no content type, starting \"Not enough rights or invalid apikey "
                + $"{new string('*', Holders.Canary.Length)}\", expected an accepted API key; set Moex__NsdApiKey "
                + "to a key with the right to this method; without a key the dataset is off",
            (await SliceAsync(pipeline, "nsd-holders/2026-11-16")).LastError,
            StringComparison.Ordinal
        );

        var versions = await VersionsAsync(pipeline);
        await NextDayAsync(pipeline);
        Assert.Empty(versions.Except(await VersionsAsync(pipeline)));
        await pipeline.AssertHidesAsync(Holders.Canary, "holders");
        await pipeline.LedgerAsync();
    }

    [Fact]
    public async Task A_depository_that_is_down_keeps_its_key_to_itself_too()
    {
        await using var pipeline = Pipeline(
            ("Moex__NsdUrl", server.Address + MoexServer.Nsd),
            ("Moex__NsdApiKey", Holders.Canary)
        );
        server.Put(
            MoexServer.Nsd,
            Encoding.UTF8.GetBytes($"<html>Gateway Time-out: ?apikey={Holders.Canary}</html>"),
            504,
            "text/html"
        );
        await pipeline.RunAsync();
        // After some failures the server is left alone: how many slices get an answer depends on the machine.
        var shown = $"starting \"<html>Gateway Time-out: ?apikey={new string('*', Holders.Canary.Length)}</html>\"";
        Assert.Contains(await pipeline.Get<SliceBook>().ListAsync("moex-holders", CancellationToken.None), row =>
            row.LastError.Contains(shown, StringComparison.Ordinal)
        );
        server.Put(MoexServer.Nsd, Encoding.UTF8.GetBytes($"<html>{Holders.Canary}</html>"), 200, "text/html");
        await NextDayAsync(pipeline);
        await pipeline.AssertHidesAsync(Holders.Canary, "holders");
    }

    [Fact]
    public async Task The_curated_file_is_waited_for_loaded_and_followed()
    {
        await using var pipeline = Pipeline(CuratedOn);
        await pipeline.RunAsync();
        Assert.Equal(SliceState.NotPublished, (await SliceAsync(pipeline, Curated)).State);
        Assert.Equal(
            "no file \"statements/holders.csv\" in the container curated; until there is one the dataset stays "
                + "empty; put it there, or set Moex__HoldersFile to the empty string",
            Assert.Single(await pipeline.RowsAsync("runs"))["Notes"]
        );

        var other = Statement
            .Replace("56", "55", StringComparison.Ordinal)
            .Replace("Reuters", "\"TASS, 2018-09-06\"", StringComparison.Ordinal);
        await PutFileAsync(pipeline, $"{Columns}\n{Statement}{other}");
        clock.Advance(TimeSpan.FromSeconds(5));
        await pipeline.RunAsync();
        Assert.Equal(
            [
                "equity|foreign_held_free_float 2018-07-05 United States 55 NaN approximate r0 holders-by-country",
                "equity|foreign_held_free_float 2018-07-05 United States 56 NaN approximate r0 holders-by-country",
            ],
            (await HoldersAsync(pipeline)).Order()
        );

        // In another order, and a row twice: nothing to write.
        var versions = await VersionsAsync(pipeline);
        await PutFileAsync(pipeline, $"{Columns}\n{other}{Statement}{other}");
        await NextDayAsync(pipeline);
        Assert.Equal(versions, await VersionsAsync(pipeline));

        // One corrected, and one with a mistake: what is not understood removes nothing.
        await PutFileAsync(
            pipeline,
            $"{Columns}\n{Statement.Replace("56", "57", StringComparison.Ordinal)}"
                + $"{other.Replace(",US,", ",us,", StringComparison.Ordinal)}"
        );
        await NextDayAsync(pipeline);
        Assert.Equal(
            (SliceState.Published, 2, 1, 1),
            (
                (await SliceAsync(pipeline, Curated)).State,
                (await HoldersAsync(pipeline)).Count,
                (await pipeline.RowsAsync("history")).Count,
                (await pipeline.RowsAsync("rejects", "State eq 'open'")).Count
            )
        );

        // Taken out on purpose.
        await PutFileAsync(pipeline, $"{Columns}\n{other}");
        await NextDayAsync(pipeline);
        Assert.Equal(
            ["equity|foreign_held_free_float 2018-07-05 United States 55 NaN approximate r0 holders-by-country"],
            await HoldersAsync(pipeline)
        );
        Assert.Empty(await pipeline.RowsAsync("rejects", "State eq 'open'"));

        // A file that is no such file, an empty one, and none at all: the rows stay.
        foreach (
            var (file, state, error) in (IEnumerable<(string?, SliceState, string)>)
                [
                    ($"{Columns},note\n", SliceState.Quarantined, "expected no column \"note\""),
                    (Columns, SliceState.Quarantined, "body: seen no row"),
                    ("", SliceState.PullFailed, "seen an empty file"),
                    (null, SliceState.Published, ""),
                ]
        )
        {
            if (file is not null)
            {
                await PutFileAsync(pipeline, file);
            }
            else
            {
                await pipeline
                    .Get<StorageAccount>()
                    .Blobs.GetBlobContainerClient(Names.CuratedContainer)
                    .DeleteBlobAsync("statements/holders.csv");
            }

            await NextDayAsync(pipeline);
            var slice = await SliceAsync(pipeline, Curated);
            Assert.Equal(state, slice.State);
            Assert.Contains(error, slice.LastError, StringComparison.Ordinal);
            Assert.Single(await HoldersAsync(pipeline));
        }
        await pipeline.LedgerAsync();
    }

    [Fact]
    public async Task A_statement_that_differs_from_the_central_banks_table_is_noted()
    {
        await using var pipeline = Pipeline(OfzOn, CuratedOn);
        server.Put(MoexServer.Ofz, Table(3));
        await PutFileAsync(
            pipeline,
            $"{Columns}\n2021-01-01,ofz,market_outstanding,All "
                + "non-residents,,23.3,,,exact,Reuters\n2021-02-01,ofz,market_outstanding,All "
                + "non-residents,,20.04,,,exact,Reuters\n"
                + "2021-03-01,ofz,market_outstanding,All "
                + "non-residents,,30,,,approximate,Reuters\n2020-01-01,ofz,market_outstanding,All "
                + "non-residents,,30,,,exact,Reuters\n"
        );
        await pipeline.RunAsync();
        const string note =
            "statements and the Bank of Russia's table differ about the share of non-residents in OFZ on 1 days: "
            + "2021-01-01 23.3 (Reuters), table 20";
        Assert.Equal([note, note], (await pipeline.RowsAsync("runs")).Select(run => run.GetString("Differences")));
        Assert.Equal(7, (await HoldersAsync(pipeline)).Count);
    }

    [Fact]
    public async Task One_dataset_does_not_touch_the_rows_of_another()
    {
        await using var pipeline = Pipeline(IssOn, OfzOn, CuratedOn);
        server.Put(MoexServer.Iss, Capitalisation("1e12", "2026-11-20"));
        server.Put(MoexServer.Ofz, Table(3));
        await PutFileAsync(
            pipeline,
            $"{Columns}\n{Statement}2021-01-01,ofz,market_outstanding,All non-residents,,20,,,exact,Reuters\n"
        );
        await pipeline.RunAsync();
        Assert.Equal(6, (await HoldersAsync(pipeline)).Count);
        await PutFileAsync(pipeline, $"{Columns}\n{Statement}");
        server.Put(MoexServer.Iss, Capitalisation("1e12", "2026-11-23"));
        server.Put(MoexServer.Ofz, Table(4));
        await NextDayAsync(pipeline);
        Assert.Equal(
            (1, 2, 4),
            (
                (await pipeline.RowsAsync("holders", "Dataset eq 'holders-by-country'")).Count,
                (await pipeline.RowsAsync("holders", "Dataset eq 'market-capitalisation'")).Count,
                (await pipeline.RowsAsync("holders", "Dataset eq 'ofz-nonresidents'")).Count
            )
        );
        Assert.Equal(
            ["holders-by-country", "market-capitalisation", "ofz-nonresidents"],
            (await pipeline.RowsAsync("datasets")).Select(row => row.RowKey).Order()
        );
    }
}
