using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Faults.Storage;
using Pipeline.Ledger;
using Pipeline.Report;
using Pipeline.Report.Page;
using Pipeline.Storage;
using Pipeline.Tests;
using Xunit;

namespace Pipeline.Faults.Sources;

/// <summary>Every fault of a server, at every dataset of every source, while an older body is loaded.</summary>
public sealed class ServerFaultTests(ITestOutputHelper output)
{
    public static TheoryData<string> Datasets => [.. SourceCase.All.Where(dataset => !dataset.IsCurated).Select(dataset => dataset.SliceId)];
    public static TheoryData<string> Files => [.. SourceCase.All.Where(dataset => dataset.IsCurated).Select(dataset => dataset.SliceId)];

    [Theory, MemberData(nameof(Datasets))]
    public async Task A_fault_leaves_the_old_rows_or_the_new_ones_says_what_was_seen_and_heals(string slice)
    {
        var dataset = SourceCase.All.Single(dataset => dataset.SliceId == slice);
        await using var server = await SourceSimulator.StartAsync();
        var (loaded, old, revised) = await LoadedAsync(dataset, server);
        var tried = 0;
        foreach (var fault in ServerFault.All)
        {
            await FaultAsync(dataset, server, loaded, old, revised, fault);
            tried++;
        }
        output.WriteLine($"{tried} faults");
        Proof.Add(Proof.Fault, tried, tried, $"{ServerFault.All.Count} faults × datasets");
    }

    public static IReadOnlyList<(string Name, Func<string, byte[]> Spoil)> Spoilt { get; } =
    [
        ("empty", _ => []),
        ("HTML", _ => "<!DOCTYPE html><html><body>Sign in</body></html>"u8.ToArray()),
        ("cut off", text => Encoding.UTF8.GetBytes(text[..(text.Length / 2)])),
        ("another charset", Encoding.Unicode.GetBytes),
        ("Latin-1", text => Encoding.Latin1.GetBytes(text.Replace('e', 'é'))),
        ("a header only", text => Encoding.UTF8.GetBytes(text[..(text.IndexOf('\n', StringComparison.Ordinal) + 1)])),
        ("a column less", text => Encoding.UTF8.GetBytes(Regex.Replace(text, "^[^,]*,", "", RegexOptions.Multiline))),
        ("semicolons", text => Encoding.UTF8.GetBytes(text.Replace(',', ';'))),
        ("a quote that never ends", text => Encoding.UTF8.GetBytes(text.Insert(text.Length / 2, "\""))),
        ("zeros", text => new byte[text.Length])
    ];

    [Theory, MemberData(nameof(Files))]
    public async Task A_spoilt_file_of_people_leaves_rows_that_stood_in_a_file_and_heals(string slice)
    {
        var dataset = SourceCase.All.Single(dataset => dataset.SliceId == slice);
        await using var server = await SourceSimulator.StartAsync();
        var (loaded, old, revised) = await LoadedAsync(dataset, server);
        foreach (var (name, spoil) in Spoilt)
        {
            var clock = new VirtualClock(SourceCase.Start.AddDays(1), SourceCase.Patience);
            var storage = loaded.Copy(clock);
            await using var pipeline = dataset.Open(server, clock, storage);
            var file = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.CuratedContainer).GetBlobClient(dataset.Path);
            await file.UploadAsync(BinaryData.FromBytes(spoil(server.Data.Curated(dataset.Path))), overwrite: true);
            await dataset.PullAsync(pipeline, server, clock, storage);
            var rows = await FactsAsync(pipeline, dataset);
            Assert.True(rows.All(row => old.Contains(row) || revised.Contains(row)), $"{name}: {string.Join('\n', rows.Except(old).Except(revised))}");
            await HealsAsync(dataset, server, clock, storage, pipeline, name, revised);
        }
        Proof.Add(Proof.Fault, Spoilt.Count, Spoilt.Count, "spoilt files");
    }

    /// <summary>An account with the first version loaded, and the rows of both versions.</summary>
    private static async Task<(MemoryStorage Loaded, List<string> Old, List<string> Revised)> LoadedAsync(SourceCase dataset, SourceSimulator server)
    {
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        var loaded = new MemoryStorage(clock);
        List<string> old;
        server.Data = new SourceData(7, 1);
        await using (var pipeline = dataset.Open(server, clock, loaded))
        {
            await SourceCase.PutCuratedAsync(pipeline, server.Data);
            await dataset.PullAsync(pipeline, server, clock, loaded);
            old = await FactsAsync(pipeline, dataset);
            Assert.True(old.Count > 0, $"{await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None)}");
        }
        server.Data = new SourceData(7, 2);
        var later = new VirtualClock(SourceCase.Start.AddDays(1), SourceCase.Patience);
        var quiet = loaded.Copy(later);
        await using var next = dataset.Open(server, later, quiet);
        await SourceCase.PutCuratedAsync(next, server.Data);
        await dataset.PullAsync(next, server, later, quiet);
        var revised = await FactsAsync(next, dataset);
        Assert.NotEqual(old, revised);
        return (loaded, old, revised);
    }

    private static async Task FaultAsync(SourceCase dataset, SourceSimulator server, MemoryStorage loaded, List<string> old, List<string> revised, ServerFault fault)
    {
        var started = SourceCase.Start.AddDays(1);
        var clock = new VirtualClock(started, SourceCase.Patience);
        var storage = loaded.Copy(clock);
        await using var pipeline = dataset.Open(server, clock, storage);
        var bodies = (await pipeline.Get<RawStore>().ListAsync(dataset.Slice, CancellationToken.None)).Count;
        (server.Fault, server.Broken) = (fault, dataset.Path);
        var where = $"{dataset}: {fault}";
        var done = server.Done;
        await dataset.PullAsync(pipeline, server, clock, storage);
        Assert.True(server.Done > done, $"{where}: not asked");
        server.Fault = null;
        // The server notices a little later than the client that nobody waits any more; until then time would go on for the next one, too.
        for (var times = 0; server.Hanging > 0 && times < 1000; times++) await Task.Delay(10);
        var row = await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None);
        var rows = await FactsAsync(pipeline, dataset);
        Assert.True(clock.GetUtcNow() - started <= TimeSpan.FromMinutes(40), $"{where}: took {clock.GetUtcNow() - started}");
        Assert.True(SliceState.AtRest(row.State), $"{where}: {row.State}");
        Assert.Empty(storage.Queues.All);
        if (fault.Harmless) Assert.Equal(revised, rows);
        else Assert.True(rows.SequenceEqual(old) || rows.SequenceEqual(revised), $"{where}: neither the old rows nor the new ones: {row.State} {row.LastError}");
        if (!rows.SequenceEqual(revised))
        {
            Assert.True(row.State is SliceState.Failed or SliceState.Refused or SliceState.Narrowed, $"{where}: {row.State}");
            if (row.State != SliceState.Narrowed) Assert.Matches($"(?s)^{dataset}.*: seen .*{Regex.Escape(fault.Seen)}.*, expected .+; .+", row.LastError);
        }
        await SecretsAsync(pipeline, where);
        // What was understood to be an answer is kept.
        if (row.State == SliceState.Refused) Assert.Equal(bodies + 1, (await pipeline.Get<RawStore>().ListAsync(dataset.Slice, CancellationToken.None)).Count);
        await HealsAsync(dataset, server, clock, storage, pipeline, where, revised);
    }

    private static async Task HealsAsync(SourceCase dataset, SourceSimulator server, VirtualClock clock, MemoryStorage storage, TestPipeline pipeline, string where, List<string> revised)
    {
        await SourceCase.PutCuratedAsync(pipeline, server.Data);
        clock.Advance(TimeSpan.FromDays(2));
        await dataset.PullAsync(pipeline, server, clock, storage);
        Assert.Equal($"{where}\n{string.Join('\n', revised)}", $"{where}\n{string.Join('\n', await FactsAsync(pipeline, dataset))}");
        var healed = await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None);
        Assert.Equal($"{where}: done ", $"{where}: {healed.State} {healed.LastError}");
        await Snapshot.TakeAsync(pipeline);
    }

    /// <summary>Keys of the sources, which the server has seen and at times repeated, and of the storage: in no log, table, blob, message or page.</summary>
    private static async Task SecretsAsync(TestPipeline pipeline, string where)
    {
        var all = new List<string>();
        lock (pipeline.Log) all.AddRange(pipeline.Log);
        var account = pipeline.Get<StorageAccount>();
        await foreach (var table in account.Tables.QueryAsync()) all.AddRange((await pipeline.RowsAsync(table.Name)).Select(row => string.Join(' ', row.Select(pair => $"{pair.Key} {pair.Value}"))));
        foreach (var container in (string[])[Names.RawContainer, Names.ExportsContainer, Names.CuratedContainer])
            if (await account.Blobs.GetBlobContainerClient(container).ExistsAsync())
                await foreach (var blob in account.Blobs.GetBlobContainerClient(container).GetBlobsAsync(Azure.Storage.Blobs.Models.BlobTraits.Metadata))
                    all.Add($"{blob.Name} {string.Join(' ', blob.Metadata)} {(await account.Blobs.GetBlobContainerClient(container).GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content}");
        all.Add(await pipeline.Get<PageRenderer>().RenderAsync(await pipeline.Get<ReportReader>().ReadAsync(CancellationToken.None)));
        Assert.All(all, text => Assert.False(text.Contains("canary", StringComparison.OrdinalIgnoreCase) || text.Contains("AAAAAAAAAAAAAAAA", StringComparison.Ordinal), $"{where}: {text}"));
        Proof.Add(Proof.Secret, 1, 1, "all faults, also of servers that repeat the key: log, tables, files, page");
    }

    private static async Task<List<string>> FactsAsync(TestPipeline pipeline, SourceCase dataset) => [.. (await pipeline.RowsAsync(dataset.Table)).Select(row => $"{row.PartitionKey} {row.RowKey} {row["RowHash"]}")];
}
