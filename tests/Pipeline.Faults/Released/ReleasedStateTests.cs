using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Pipeline.Faults.Sources;
using Pipeline.Faults.Storage;
using Pipeline.Ledger;
using Pipeline.Sources;
using Pipeline.Storage;
using Pipeline.Tables;
using Pipeline.Tests;
using Xunit;

namespace Pipeline.Faults.Released;

/// <summary>
/// What released versions left behind: every table, blob and message, as files beside this one. A version with another layout of rows adds its own
/// (<c>UPDATE_RELEASED=1</c>) and must read all that are there.
/// </summary>
public sealed class ReleasedStateTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Pipeline.Faults", "Released");

    public sealed record Cell(string Type, string Value);
    public sealed record Blob(string Container, string Name, string ContentType, Dictionary<string, string> Metadata, string Body);
    public sealed record State(int Schema, Dictionary<string, List<Dictionary<string, Cell>>> Tables, List<Blob> Blobs, List<string[]> Messages);

    private static Func<Uri, ISource>[] Sources => [server => SourceCase.Census(server, balance: false), server => SourceCase.Unctad(server), server => SourceCase.Moex(server, nsd: false)];

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder, "schema-*.json.gz").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task The_state_of_this_layout_is_kept()
    {
        var file = Path.Combine(Folder, $"schema-{FactRow.CurrentSchema}.json.gz");
        if (Environment.GetEnvironmentVariable("UPDATE_RELEASED") == "1" && !File.Exists(file)) await WriteAsync(file, await MakeAsync());
        Assert.True(File.Exists(file), $"{file}: missing; a released layout is never changed: run UPDATE_RELEASED=1 once for the new one and keep the old files");
    }

    [Theory, MemberData(nameof(Files))]
    public async Task A_released_state_is_read_worked_on_and_revised(string file)
    {
        using var proof = Proof.Try(Proof.Released, "every file of tests/Pipeline.Faults/Released", 1);
        var state = await ReadAsync(Path.Combine(Folder, file));
        await using var server = await SourceSimulator.StartAsync();
        var clock = new VirtualClock(SourceCase.Start.AddDays(2), SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        server.Data = new SourceData(3, 1);
        await using (var pipeline = new TestPipeline(MemoryStorage.ConnectionString, Sources[0](server.Address), clock, storage)) await RestoreAsync(pipeline, state);
        // Nothing has changed at the publishers: no row is written, and the old messages do no harm.
        var facts = await FactsAsync(server, clock, storage);
        foreach (var make in Sources) await RunAsync(make, server, clock, storage);
        Assert.Equal(facts, await FactsAsync(server, clock, storage));
        // A revision finds the old rows and moves them to history.
        server.Data = new SourceData(3, 2);
        clock.Advance(TimeSpan.FromDays(150));
        foreach (var make in Sources) await RunAsync(make, server, clock, storage);
        await using var last = new TestPipeline(MemoryStorage.ConnectionString, SourceCase.Census(server.Address), clock, storage);
        var history = await last.RowsAsync(Names.History);
        foreach (var table in (string[])["trademonthly", "fdiannual", "fdipartners", "holders"])
        {
            Assert.Contains(history, row => row.PartitionKey.StartsWith(table + "|", StringComparison.Ordinal));
            Assert.All(await last.RowsAsync(table), row => Assert.InRange(row.GetInt32("SchemaVersion")!.Value, 1, FactRow.CurrentSchema));
        }
        Assert.All(await last.RowsAsync(Names.Slices), row => Assert.Contains(row.GetString("State"), (string[])[SliceState.Done, SliceState.NotPublished]));
        await Snapshot.TakeAsync(last);
        proof.Held();
    }

    private static async Task RunAsync(Func<Uri, ISource> make, SourceSimulator server, VirtualClock clock, MemoryStorage storage)
    {
        await using var pipeline = new TestPipeline(MemoryStorage.ConnectionString, make(server.Address), clock, storage);
        await SourceCase.PutCuratedAsync(pipeline, server.Data);
        // Messages of other sources are somebody else's in this test.
        foreach (var queue in Names.Queues) await pipeline.Queue(queue).CreateIfNotExistsAsync();
        await pipeline.RunAsync();
        await Host.DrainAsync(pipeline, clock, storage);
    }

    private static async Task<List<string>> FactsAsync(SourceSimulator server, VirtualClock clock, MemoryStorage storage)
    {
        await using var pipeline = new TestPipeline(MemoryStorage.ConnectionString, SourceCase.Census(server.Address), clock, storage);
        var rows = new List<string>();
        foreach (var table in (string[])["trademonthly", "fdiannual", "fdipartners", "holders"]) rows.AddRange((await pipeline.RowsAsync(table)).Select(row => $"{table} {row.PartitionKey} {row.RowKey} {row.ETag}"));
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

    private static async Task<State> MakeAsync()
    {
        await using var server = await SourceSimulator.StartAsync();
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        server.Data = new SourceData(3, 1);
        foreach (var make in Sources) await RunAsync(make, server, clock, storage);
        await using var pipeline = new TestPipeline(MemoryStorage.ConnectionString, SourceCase.Census(server.Address, balance: false), clock, storage);
        var tables = new Dictionary<string, List<Dictionary<string, Cell>>>(StringComparer.Ordinal);
        await foreach (var table in pipeline.Get<StorageAccount>().Tables.QueryAsync())
            tables[table.Name] = [.. (await pipeline.RowsAsync(table.Name)).Select(row => row.Where(pair => pair.Key is not ("odata.etag" or "Timestamp")).ToDictionary(pair => pair.Key, pair => Of(pair.Value)))];
        var blobs = new List<Blob>();
        await foreach (var container in pipeline.Get<StorageAccount>().Blobs.GetBlobContainersAsync())
            await foreach (var item in pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(container.Name).GetBlobsAsync(BlobTraits.Metadata))
            {
                var body = (await pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(container.Name).GetBlobClient(item.Name).DownloadContentAsync()).Value;
                blobs.Add(new Blob(container.Name, item.Name, body.Details.ContentType, body.Details.Metadata.ToDictionary(), Convert.ToBase64String(body.Content)));
            }
        // Messages that were on their way when the version was replaced.
        var raw = (await pipeline.Get<RawStore>().ListAsync(new Slice("census-trade", "exports-total", "2019"), CancellationToken.None))[^1];
        return new State(FactRow.CurrentSchema, tables, blobs,
        [
            [Names.PullQueue, """{"Slice":"census-trade/exports-total/2019","PlannedAt":"2020-02-15T13:15:00+00:00"}"""],
            [Names.NormalizeQueue, $$"""{"Slice":"census-trade/exports-total/2019","RawBlob":"{{raw.Blob}}"}"""],
            [Names.PublishQueue, $$"""{"Slice":"census-trade/exports-total/2019","RawBlob":"{{raw.Blob}}","Waited":0}"""]
        ]);
    }

    private static async Task RestoreAsync(TestPipeline pipeline, State state)
    {
        foreach (var (table, rows) in state.Tables)
        {
            var client = await pipeline.TableAsync(table);
            foreach (var row in rows) await client.AddEntityAsync(new TableEntity(row.ToDictionary(pair => pair.Key, pair => (object)Value(pair.Value))));
        }
        foreach (var blob in state.Blobs)
        {
            var container = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(blob.Container);
            await container.CreateIfNotExistsAsync();
            await container.GetBlobClient(blob.Name).UploadAsync(BinaryData.FromBytes(Convert.FromBase64String(blob.Body)), new BlobUploadOptions { Metadata = blob.Metadata, HttpHeaders = new BlobHttpHeaders { ContentType = blob.ContentType } });
        }
        await pipeline.Get<StepQueues>().EnsureAsync();
        foreach (var message in state.Messages) await pipeline.Queue(message[0]).SendMessageAsync(message[1]);
    }

    private static Cell Of(object value) => new(value.GetType().Name, value is DateTimeOffset date ? date.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) : Convert.ToString(value, CultureInfo.InvariantCulture)!);

    private static object Value(Cell cell) => cell.Type switch
    {
        nameof(DateTimeOffset) => DateTimeOffset.Parse(cell.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
        nameof(Int32) => int.Parse(cell.Value, CultureInfo.InvariantCulture),
        nameof(Int64) => long.Parse(cell.Value, CultureInfo.InvariantCulture),
        nameof(Double) => double.Parse(cell.Value, CultureInfo.InvariantCulture),
        nameof(Boolean) => bool.Parse(cell.Value),
        _ => cell.Value
    };
}
