using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Microsoft.AspNetCore.Http;
using Pipeline.Datasets;
using Pipeline.Faults.Sources;
using Pipeline.Ingestion;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Released;

/// <summary>
/// What released versions left behind: every table, blob and message, as files beside this one. A version with another
/// layout of rows adds its own (<c>UPDATE_RELEASED=1</c>) and must read all that are there.
/// </summary>
public sealed class ReleasedStateTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Pipeline.Faults", "Released");

    /// <summary>When the version of the first file was stopped.</summary>
    private static readonly DateTimeOffset LeftAt = new(2020, 7, 15, 13, 15, 0, TimeSpan.Zero);

    public sealed record Cell(string Type, string Value);

    public sealed record Blob(
        string Container,
        string Name,
        string ContentType,
        Dictionary<string, string> Metadata,
        string Body
    );

    public sealed record State(
        int Schema,
        Dictionary<string, List<Dictionary<string, Cell>>> Tables,
        List<Blob> Blobs,
        List<string[]> Messages
    );

    private static Func<Uri, ISource>[] Sources =>
        [
            server => SourceCase.Census(server, balance: false),
            server => SourceCase.Unctad(server),
            server => SourceCase.Moex(server, nsd: false),
        ];

    public static TheoryData<string> Files =>
        [
            .. Directory
                .GetFiles(Folder, "schema-*.json.gz")
                .Select(file => Path.GetFileName(file)!)
                .Order(StringComparer.Ordinal),
        ];

    [Fact]
    public async Task The_state_of_this_layout_is_kept()
    {
        var file = Path.Combine(Folder, $"schema-{FactRow.CurrentSchema}.json.gz");
        if (Environment.GetEnvironmentVariable("UPDATE_RELEASED") == "1" && !File.Exists(file))
            await WriteAsync(file, await MakeAsync());
        Assert.True(
            File.Exists(file),
            $"{file}: missing; a released layout is never changed: run UPDATE_RELEASED=1 once for the new one and "
                + "keep the old files"
        );
    }

    /// <summary>A file that lacks one of these would prove nothing of it.</summary>
    [Theory, MemberData(nameof(Files))]
    public async Task A_kept_state_has_everything_that_a_version_can_leave_behind(string file)
    {
        var state = await ReadAsync(Path.Combine(Folder, file));
        foreach (var table in (string[])["trademonthly", "fdiannual", "fdipartners", "holders"])
        {
            Assert.Contains(state.Tables[Names.History], row =>
                row["PartitionKey"].Value.StartsWith(table + "|", StringComparison.Ordinal)
            );
        }

        Assert.Contains(state.Tables[Names.History], row => row["Column"].Value == HistoryRow.Removed);
        Assert.NotEmpty(state.Tables[Names.Gaps]);
        foreach (
            var kept in (string[])[SliceState.Done, SliceState.Failed, SliceState.Refused, SliceState.NotPublished]
        )
        {
            Assert.Contains(state.Tables[Names.Slices], row => row["State"].Value == kept);
        }

        foreach (var kept in (string[])[RejectBook.Open, RejectBook.Replayed])
        {
            Assert.Contains(state.Tables[Names.Rejects], row =>
                row["State"].Value == kept && row["Message"].Value.Length == 0
            );
        }

        foreach (var queue in Names.Queues)
        {
            Assert.Contains(state.Tables[Names.Rejects], row =>
                row["Message"].Value.Length > 0 && row["Position"].Value == $"message {queue}"
            );
        }

        Assert.Contains(state.Tables[Names.Rejects], row =>
            row["State"].Value == RejectBook.Open && row["Message"].Value.Length > 0 && row["Slice"].Value.Length > 0
        );
        Assert.Contains(state.Tables[Names.Rejects], row =>
            row["PartitionKey"].Value.StartsWith(DeadLetter.UnknownSource + "|", StringComparison.Ordinal)
        );
        Assert.All(Names.Queues, queue => Assert.Contains(state.Messages, message => message[0] == queue));
        Assert.Contains(state.Messages, message => message[1].Contains("\"Replay\":true", StringComparison.Ordinal));
        foreach (var container in (string[])[Names.RawContainer, Names.CuratedContainer, Names.ExportsContainer])
            Assert.Contains(state.Blobs, blob => blob.Container == container);
    }

    [Theory, MemberData(nameof(Files))]
    public async Task A_released_state_is_read_worked_on_and_revised(string file)
    {
        using var proof = Proof.Try(Proof.Released, "every file of tests/Pipeline.Faults/Released", 1);
        var state = await ReadAsync(Path.Combine(Folder, file));
        await using var server = await SourceSimulator.StartAsync();
        var clock = new VirtualClock(LeftAt.AddDays(1), SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        server.Data = new SourceData(3, 2) { IsOfFirstLayout = state.Schema == 1 };
        await using (
            var pipeline = new TestPipeline(MemoryStorage.ConnectionString, Sources[0](server.Address), clock, storage)
        )
        {
            await RestoreAsync(pipeline, state);
        }
        // Nothing has changed at the publishers since the last good answers: no row is written, the old messages do no
        // harm, what failed or was refused is well.
        var facts = await FactsAsync(server, clock, storage);
        foreach (var make in Sources)
            await RunAsync(make, server, clock, storage);
        Assert.Equal(facts, await FactsAsync(server, clock, storage));
        await using var last = new TestPipeline(
            MemoryStorage.ConnectionString,
            SourceCase.Census(server.Address),
            clock,
            storage
        );
        var old = await last.RowsAsync(Names.History);
        Assert.Equal(state.Tables[Names.History].Count, old.Count);
        // Dead letters wait for people: a replay of their slices is enough, and only what names no slice stays.
        foreach (var open in await last.Get<DeadLetterBook>().OpenAsync("census-trade", CancellationToken.None))
        {
            Assert.Null(
                (await last.Get<Replay>().RunAsync(open.Letter.Slice!.Id, "", false, CancellationToken.None)).Refusal
            );
        }

        await Host.DrainAsync(last, clock, storage);
        Assert.Equal(facts, await FactsAsync(server, clock, storage));
        if (state.Schema == 1)
        {
            await DoubtedAsync(server, clock, storage);
            Assert.Equal(facts, await FactsAsync(server, clock, storage));
        }
        else
        {
            Assert.Empty(await OpenAsync(last));
        }
        // A revision finds the old rows and moves them to history.
        server.Data = new SourceData(3, 3);
        clock.Advance(TimeSpan.FromDays(400));
        foreach (var make in Sources)
            await RunAsync(make, server, clock, storage);
        var history = await last.RowsAsync(Names.History);
        Assert.Empty(
            old.Select(row => (row.PartitionKey, row.RowKey))
                .Except(history.Select(row => (row.PartitionKey, row.RowKey)))
        );
        foreach (var table in (string[])["trademonthly", "fdiannual", "fdipartners", "holders"])
        {
            // Each change goes on where the one before it ended.
            var again = history
                .Where(row =>
                    row.PartitionKey.StartsWith(table + "|", StringComparison.Ordinal)
                    && row.GetString("Column") != HistoryRow.Removed
                )
                .GroupBy(row => $"{row.PartitionKey} {row.RowKey[..row.RowKey.LastIndexOf('|')]} {row["Column"]}")
                .Where(changes => changes.Count() > 1)
                .ToList();
            Assert.NotEmpty(again);
            Assert.All(
                again.Select(changes => changes.OrderBy(row => row.GetDateTimeOffset("ValidFrom")).ToList()),
                changes =>
                    Assert.Equal(
                        (changes[0]["ValidTo"], changes[0]["NewValue"]),
                        (changes[1]["ValidFrom"], changes[1]["OldValue"])
                    )
            );
            Assert.All(await last.RowsAsync(table), row =>
                Assert.InRange(row.GetInt32("SchemaVersion")!.Value, 1, FactRow.CurrentSchema)
            );
        }
        Assert.Empty(await OpenAsync(last));
        foreach (var row in await last.RowsAsync(Names.Slices))
        {
            // The publisher of trade has nothing after 2019: what should be out by now is said to be missing.
            string[] rest = IsAfter2019(row)
                ? [SliceState.NotPublished, SliceState.Missing, SliceState.Narrowed, SliceState.Empty]
                : [SliceState.Done, SliceState.NotPublished];
            Assert.Contains(row.GetString("State"), rest);
        }
        Assert.Equal(
            [
                ("exports-hs2|4621-2020", SliceState.Missing),
                ("exports-total|2020", SliceState.Missing),
                ("imports-hs2|4621-2020", SliceState.Missing),
                ("imports-total|2020", SliceState.Missing),
            ],
            (await last.RowsAsync(Names.Slices, "State eq 'missing'"))
                .Select(row => (row.RowKey, row.GetString("State")))
                .Where(row => row.RowKey.EndsWith("2020", StringComparison.Ordinal))
        );
        await Snapshot.TakeAsync(last);
        proof.Held();
    }

    /// <summary>
    /// Of the made up months that layout 1 loaded, two are now held to be in another unit, two have shares that leap,
    /// and seven make another market than the months beside them. The table keeps them, and the body that still has
    /// them is quarantined until an operator accepts it with its months.
    /// </summary>
    private static async Task DoubtedAsync(SourceSimulator server, VirtualClock clock, MemoryStorage storage)
    {
        const string ofz = "moex-holders/ofz-nonresidents/all";
        string[] months =
        [
            "holders ofz|market_outstanding_cbr_monthly 2018-01-01",
            "holders ofz|market_outstanding_cbr_monthly 2018-06-01",
            "holders ofz|market_outstanding_cbr_monthly 2018-11-01",
            "holders ofz|market_outstanding_cbr_monthly 2018-12-01",
            "holders ofz|market_outstanding_cbr_monthly 2019-01-01",
            "holders ofz|market_outstanding_cbr_monthly 2019-05-01",
            "holders ofz|market_outstanding_cbr_monthly 2019-06-01",
            "holders ofz|market_outstanding_cbr_monthly 2019-07-01",
            "holders ofz|market_outstanding_cbr_monthly 2019-08-01",
            "holders ofz|market_outstanding_cbr_monthly 2019-10-01",
            "holders ofz|market_outstanding_cbr_monthly 2019-11-01",
        ];
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            Sources[2](server.Address),
            clock,
            storage
        );
        // A month has a reject for each reason against it.
        var open = await OpenAsync(pipeline);
        Assert.Equal(2, open.Count(place => place == "body"));
        Assert.Equal(["body", .. months], open.Distinct());
        Assert.All(await pipeline.RowsAsync(Names.Rejects, "State eq 'open' and Message eq ''"), row =>
            Assert.Equal(ofz, row.GetString("Slice"))
        );
        var slice = await pipeline.Get<SliceBook>().GetAsync(SourceCase.SliceOf(ofz), CancellationToken.None);
        Assert.Equal(SliceState.Refused, slice.State);
        Assert.Contains("seen 11 of 25 figures that cannot be believed", slice.LastError, StringComparison.Ordinal);
        var replaying = await pipeline.Get<Replay>().RunAsync(ofz, Replay.Raw, accept: true, CancellationToken.None);
        Assert.Null(replaying.Refusal);
        await Host.DrainAsync(pipeline, clock, storage);
        Assert.Empty(await OpenAsync(pipeline));
    }

    private static bool IsAfter2019(TableEntity slice) =>
        slice.PartitionKey == "census-trade" && Regex.IsMatch(slice.RowKey, @"[|-]202\d(-\d\d)?$");

    /// <summary>Where the open rejects stand, but for a letter that names no slice: it waits for people.</summary>
    private static async Task<List<string>> OpenAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync(Names.Rejects, "State eq 'open'"))
                .Where(row => !row.PartitionKey.StartsWith(DeadLetter.UnknownSource + "|", StringComparison.Ordinal))
                // A statement's key ends with its holder and the hash of its citation.
                .Select(row => Regex.Replace(row.GetString("Position"), @"(?<=\d{4}-\d\d-\d\d)\|.*", ""))
                .Order(StringComparer.Ordinal),
        ];

    private static async Task RunAsync(
        Func<Uri, ISource> make,
        SourceSimulator server,
        VirtualClock clock,
        MemoryStorage storage,
        Func<string, string>? holders = null,
        bool plan = true
    )
    {
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            make(server.Address),
            clock,
            storage
        );
        await SourceCase.PutCuratedAsync(pipeline, server.Data);
        if (holders is not null)
        {
            await pipeline
                .Get<StorageAccount>()
                .Blobs.GetBlobContainerClient(Names.CuratedContainer)
                .GetBlobClient("holders.csv")
                .UploadAsync(BinaryData.FromString(holders(server.Data.Curated("holders.csv"))), overwrite: true);
        }

        if (!plan)
            return;
        // Messages of other sources are not worked on in this test.
        foreach (var queue in Names.Queues)
            await pipeline.Queue(queue).CreateIfNotExistsAsync();
        await pipeline.RunAsync();
        await Host.DrainAsync(pipeline, clock, storage);
    }

    private static async Task<List<string>> FactsAsync(
        SourceSimulator server,
        VirtualClock clock,
        MemoryStorage storage
    )
    {
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            SourceCase.Census(server.Address),
            clock,
            storage
        );
        var rows = new List<string>();
        foreach (var table in (string[])["trademonthly", "fdiannual", "fdipartners", "holders"])
        {
            rows.AddRange(
                (await pipeline.RowsAsync(table)).Select(row => $"{table} {row.PartitionKey} {row.RowKey} {row.ETag}")
            );
        }

        Assert.NotEmpty(rows);
        return rows;
    }

    private static async Task WriteAsync(string file, State state)
    {
        await using var packed = new GZipStream(File.Create(file), CompressionLevel.SmallestSize);
        await JsonSerializer.SerializeAsync(packed, state);
    }

    private static async Task<State> ReadAsync(string file)
    {
        await using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
        return (await JsonSerializer.DeserializeAsync<State>(packed))!;
    }

    /// <summary>
    /// Some months in the life of a version: a load, a row that was not understood and then was, a revision,
    /// and at last a day on which much goes wrong.
    /// </summary>
    private static async Task<State> MakeAsync()
    {
        await using var server = await SourceSimulator.StartAsync();
        var clock = new VirtualClock(LeftAt.AddDays(-151), SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        server.Data = new SourceData(3, 1);
        // A row that the revision takes back.
        (server.Broken, server.Fault) = (
            "COMM_LVL=HS2&CTY_CODE=4621&time=2019",
            new ServerFault(
                "a row more",
                _ => null,
                (_, context, right) =>
                {
                    context.Response.ContentType = SourceData.Json;
                    return context.Response.WriteAsync(
                        $"{Encoding.UTF8.GetString(right!.Value.Body)[..^1]},\n[\"98\",\"GOODS "
                            + "RETURNED\",\"4621\",\"RUSSIA\",\"5\",\"5\",\"HS2\",\"4621\",\"2019-12\"]]"
                    );
                }
            )
        );
        foreach (var make in Sources)
        {
            await RunAsync(make, server, clock, storage, holders =>
                holders + "2019-07-05,equity,foreign_held_free_float,Nobody,QQ,9,,,exact,a code that is none\n"
            );
        }

        server.Fault = null;
        clock.Advance(TimeSpan.FromDays(150));
        server.Data = new SourceData(3, 2);
        foreach (var make in Sources)
            await RunAsync(make, server, clock, storage);
        clock.Advance(TimeSpan.FromDays(1));
        (server.Broken, server.Fault) = (
            SourceData.OfzPath,
            new ServerFault(
                "shrunk",
                _ => "",
                (_, context, _) => context.Response.Body.WriteAsync(new SourceData(3, 2).Ofz(months: 20)).AsTask()
            )
        );
        await PullAsync("moex-holders/ofz-nonresidents/all");
        (server.Broken, server.Fault) = (SourceData.IssPath, ServerFault.All.Single(fault => fault.Name == "500"));
        await PullAsync("moex-holders/market-capitalisation/last-day");
        server.Fault = null;
        await RunAsync(
            Sources[2],
            server,
            clock,
            storage,
            holders => holders + "2019-07-05,equity,foreign_held_free_float,Nobody,QQ,9,,,exact,a code that is none\n",
            plan: false
        );
        await PullAsync("moex-holders/holders-by-country/all");
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            Sources[0](server.Address),
            clock,
            storage
        );
        var raw = (
            await pipeline
                .Get<RawStore>()
                .ListAsync(new Slice("census-trade", "exports-total", "2019"), CancellationToken.None)
        )[^1];
        var letters = pipeline.Get<DeadLetters>();
        await Record.ExceptionAsync(() =>
            letters.GuardAsync(
                Names.PullQueue,
                new PullMessage("census-trade/imports-total/2019", clock.GetUtcNow()),
                Names.MaxAttempts,
                () => throw new InvalidOperationException("the storage was away")
            )
        );
        foreach (
            var (queue, body) in ((string, string)[])
                [
                    (
                        Names.PullQueue,
                        JsonSerializer.Serialize(new PullMessage("census-trade/imports-total/2019", clock.GetUtcNow()))
                    ),
                    (
                        Names.NormalizeQueue,
                        JsonSerializer.Serialize(new NormalizeMessage(raw.Slice.Id, raw.Blob, Replay: true))
                    ),
                    (Names.PublishQueue, JsonSerializer.Serialize(new PublishMessage(raw.Slice.Id, raw.Blob))),
                    (Names.PullQueue, "no message at all"),
                ]
        )
        {
            await letters.KeepAsync(queue, BinaryData.FromString(body), clock.GetUtcNow(), CancellationToken.None);
        }

        var tables = new Dictionary<string, List<Dictionary<string, Cell>>>(StringComparer.Ordinal);
        await foreach (var table in pipeline.Get<StorageAccount>().Tables.QueryAsync())
        {
            tables[table.Name] =
            [
                .. (await pipeline.RowsAsync(table.Name)).Select(row =>
                    row.Where(pair => pair.Key is not ("odata.etag" or "Timestamp"))
                        .ToDictionary(pair => pair.Key, pair => Of(pair.Value))
                ),
            ];
        }

        var blobs = new List<Blob>();
        await foreach (var container in pipeline.Get<StorageAccount>().Blobs.GetBlobContainersAsync())
        {
            await foreach (
                var item in pipeline
                    .Get<StorageAccount>()
                    .Blobs.GetBlobContainerClient(container.Name)
                    .GetBlobsAsync(new GetBlobsOptions { Traits = BlobTraits.Metadata })
            )
            {
                var body = (
                    await pipeline
                        .Get<StorageAccount>()
                        .Blobs.GetBlobContainerClient(container.Name)
                        .GetBlobClient(item.Name)
                        .DownloadContentAsync()
                ).Value;
                blobs.Add(
                    new Blob(
                        container.Name,
                        item.Name,
                        body.Details.ContentType,
                        body.Details.Metadata.ToDictionary(),
                        Convert.ToBase64String(body.Content)
                    )
                );
            }
        }
        // Messages that were on their way when the version was replaced.
        return new State(
            FactRow.CurrentSchema,
            tables,
            blobs,
            [
                [
                    Names.PullQueue,
                    """{"Slice":"census-trade/exports-total/2019","PlannedAt":"2020-02-15T13:15:00+00:00"}""",
                ],
                [Names.NormalizeQueue, $$"""{"Slice":"census-trade/exports-total/2019","RawBlob":"{{raw.Blob}}"}"""],
                [
                    Names.NormalizeQueue,
                    $$"""{"Slice":"census-trade/exports-total/2019","RawBlob":"{{raw.Blob}}","Replay":true,"Accept":true}""",
                ],
                [
                    Names.PublishQueue,
                    $$"""{"Slice":"census-trade/exports-total/2019","RawBlob":"{{raw.Blob}}","Waited":0}""",
                ],
            ]
        );

        async Task PullAsync(string slice)
        {
            await using var moex = new TestPipeline(
                MemoryStorage.ConnectionString,
                Sources[2](server.Address),
                clock,
                storage
            );
            await moex.Get<StepQueues>().SendAsync(new PullMessage(slice, clock.GetUtcNow()), CancellationToken.None);
            await Host.DriveAsync(Host.DrainAsync(moex, clock, storage), server, clock);
        }
    }

    private static async Task RestoreAsync(TestPipeline pipeline, State state)
    {
        foreach (var (table, rows) in state.Tables)
        {
            var client = await pipeline.TableAsync(table);
            foreach (var row in rows)
            {
                await client.AddEntityAsync(
                    new TableEntity(row.ToDictionary(pair => pair.Key, pair => (object)Value(pair.Value)))
                );
            }
        }
        foreach (var blob in state.Blobs)
        {
            var container = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(blob.Container);
            await container.CreateIfNotExistsAsync();
            await container
                .GetBlobClient(blob.Name)
                .UploadAsync(
                    BinaryData.FromBytes(Convert.FromBase64String(blob.Body)),
                    new BlobUploadOptions
                    {
                        Metadata = blob.Metadata,
                        HttpHeaders = new BlobHttpHeaders { ContentType = blob.ContentType },
                    }
                );
        }
        await pipeline.Get<StepQueues>().EnsureAsync();
        foreach (var message in state.Messages)
            await pipeline.Queue(message[0]).SendMessageAsync(message[1]);
    }

    private static Cell Of(object value) =>
        new(
            value.GetType().Name,
            value is DateTimeOffset date
                ? date.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)
                : Convert.ToString(value, CultureInfo.InvariantCulture)!
        );

    private static object Value(Cell cell) =>
        cell.Type switch
        {
            nameof(DateTimeOffset) => DateTimeOffset.Parse(
                cell.Value,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal
            ),
            nameof(Int32) => int.Parse(cell.Value, CultureInfo.InvariantCulture),
            nameof(Int64) => long.Parse(cell.Value, CultureInfo.InvariantCulture),
            nameof(Double) => double.Parse(cell.Value, CultureInfo.InvariantCulture),
            nameof(Boolean) => bool.Parse(cell.Value),
            _ => cell.Value,
        };
}
