using System.Diagnostics;
using System.Text;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Sources;

/// <summary>Every fault of a server, at every dataset of every source, while an older body is loaded.</summary>
public sealed class ServerFaultTests(ITestOutputHelper output)
{
    public static TheoryData<string> Datasets => [.. SourceCase.Requests.Select(dataset => dataset.ToString())];
    public static TheoryData<string> Files =>
        [.. SourceCase.All.Where(dataset => dataset.IsCurated).Select(dataset => dataset.SliceId)];

    [Theory, MemberData(nameof(Datasets))]
    public async Task A_fault_leaves_the_old_rows_or_the_new_ones_says_what_was_seen_and_heals(string slice)
    {
        var dataset = SourceCase.Requests.Single(dataset => dataset.ToString() == slice);
        await using var server = await SourceSimulator.StartAsync();
        var (loaded, old, revised) = await LoadedAsync(dataset, server);
        using var proof = Proof.Try(Proof.Fault, $"{ServerFault.All.Count} faults × datasets");
        foreach (var (number, fault) in ServerFault.All.Index())
        {
            if (!Share.Current.Has(slice, number))
                continue;
            proof.Next($"{slice}, {fault.Name}");
            await FaultAsync(dataset, server, loaded, old, revised, fault);
        }
        proof.Held();
        output.WriteLine($"{proof.Count} faults");
    }

    /// <summary>What people do to a file.</summary>
    /// <param name="Name">In words.</param>
    /// <param name="Holders">What the message about the file of holders must hold; empty when the good rows are loaded
    /// and nothing is said.</param>
    /// <param name="Partners">The same of the file by partner.</param>
    /// <param name="Do">Does it.</param>
    public sealed record Spoil(string Name, string Holders, string Partners, Func<string, byte[]> Do);

    public static IReadOnlyList<Spoil> Spoilt { get; } =
    [
        new(
            "empty",
            "seen an empty file, expected a header and a row for each statement; ",
            "seen an empty file \"fdi-partners.csv\", expected CSV; ",
            _ => []
        ),
        new("HTML", "line 1: seen \"<!DOCTYPE html>", "header: seen \"<!doctype html>", _ =>
            "<!DOCTYPE html><html><body>Sign in</body></html>"u8.ToArray()
        ),
        new(
            "cut off",
            "1 row rejected, the first: line 3: seen 1 cells, expected 10 cells; ",
            "line 7: seen a quote that is not closed, expected CSV in UTF-8; ",
            text => Encoding.UTF8.GetBytes(text[..(text.Length / 2)])
        ),
        new(
            "another charset",
            "line 1: seen a zero byte, expected a header in UTF-8; ",
            "fdi-partners.csv, line 1: seen a zero byte, expected text in UTF-8; ",
            Encoding.UTF32.GetBytes
        ),
        new("UTF-16 without a mark", "", "", Encoding.Unicode.GetBytes),
        new(
            "Latin-1",
            "line 1: seen bytes that are not UTF-8, expected a header in UTF-8; ",
            "fdi-partners.csv, line 1: seen bytes that are not UTF-8, expected text in UTF-8; ",
            text => Encoding.Latin1.GetBytes(text.Replace('e', 'é'))
        ),
        new(
            "a header only",
            "body: seen no row, expected a row for each statement; ",
            "body: seen no row, expected a row per year and partner; ",
            text => Encoding.UTF8.GetBytes(text[..(text.IndexOf('\n', StringComparison.Ordinal) + 1)])
        ),
        new(
            "a column less",
            "qualifier,citation\", expected the column share_percent too, with commas between them; ",
            "expected the columns value_musd too; ",
            text => Encoding.UTF8.GetBytes(Columns.Csv(text, ColumnChange.Less))
        ),
        new(
            "a column more",
            "expected no column \"NEW_COLUMN\"; ",
            "seen the columns \"new_column\", expected only year, direction, measure, ",
            text => Encoding.UTF8.GetBytes(Columns.Csv(text, ColumnChange.More))
        ),
        new("columns in another order", "", "", text => Encoding.UTF8.GetBytes(Columns.Csv(text, ColumnChange.Order))),
        new(
            "semicolons",
            "line 1: seen semicolons between the columns, expected commas between the columns; ",
            "fdi-partners.csv, line 1: seen semicolons between the columns, expected commas between the columns; ",
            text => Encoding.UTF8.GetBytes(text.Replace(',', ';'))
        ),
        new(
            "a quote that never ends",
            "line 3: seen a quote inside a cell that does not begin with one, expected CSV in UTF-8, ",
            "line 7: seen text after a closing quote, expected CSV in UTF-8; ",
            text => Encoding.UTF8.GetBytes(text.Insert(text.Length / 2, "\""))
        ),
        new(
            "zeros",
            "line 1: seen a zero byte, expected a header in UTF-8; ",
            "fdi-partners.csv, line 1: seen a zero byte, expected text in UTF-8; ",
            text => new byte[text.Length]
        ),
    ];

    [Theory, MemberData(nameof(Files))]
    public async Task A_spoilt_file_of_people_leaves_rows_that_stood_in_a_file_and_heals(string slice)
    {
        var dataset = SourceCase.All.Single(dataset => dataset.SliceId == slice);
        await using var server = await SourceSimulator.StartAsync();
        var (loaded, old, revised) = await LoadedAsync(dataset, server);
        using var proof = Proof.Try(Proof.Fault, "spoilt files");
        foreach (var (number, (name, holders, partners, spoil)) in Spoilt.Index())
        {
            if (!Share.Current.Has($"spoilt {slice}", number))
                continue;
            proof.Next($"{slice}, {name}");
            var clock = new VirtualClock(SourceCase.Start.AddDays(1), SourceCase.Patience);
            var storage = loaded.Copy(clock);
            await using var pipeline = dataset.Open(server, clock, storage);
            var file = pipeline
                .Get<StorageAccount>()
                .Blobs.GetBlobContainerClient(Names.CuratedContainer)
                .GetBlobClient(dataset.Path);
            await file.UploadAsync(BinaryData.FromBytes(spoil(server.Data.Curated(dataset.Path))), overwrite: true);
            await dataset.PullAsync(pipeline, server, clock, storage);
            var rows = await FactsAsync(pipeline, dataset);
            var row = await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None);
            var seen = dataset.Path == "holders.csv" ? holders : partners;
            if (seen.Length == 0)
            {
                Assert.Equal(
                    (name, SliceState.Published, "", string.Join('\n', revised)),
                    (name, row.State, row.LastError, string.Join('\n', rows))
                );
            }
            else
            {
                Assert.True(row.LastError.Contains(seen, StringComparison.Ordinal), $"{name}: {row.LastError}");
            }

            Assert.True(
                rows.All(row => old.Contains(row) || revised.Contains(row)),
                $"{name}: {string.Join('\n', rows.Except(old).Except(revised))}"
            );
            await HealsAsync(dataset, server, clock, storage, pipeline, name, revised);
        }
        proof.Held();
    }

    /// <summary>An account with the first version loaded, and the rows of both versions.</summary>
    private static async Task<(MemoryStorage Loaded, List<string> Old, List<string> Revised)> LoadedAsync(
        SourceCase dataset,
        SourceSimulator server
    )
    {
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        var loaded = new MemoryStorage(clock);
        List<string> old;
        server.Data = dataset.Data(1);
        await using (var pipeline = dataset.Open(server, clock, loaded))
        {
            await SourceCase.PutCuratedAsync(pipeline, server.Data);
            await dataset.PullAsync(pipeline, server, clock, loaded);
            old = await FactsAsync(pipeline, dataset);
            Assert.True(
                old.Count > 0,
                $"{await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None)}"
            );
        }
        server.Data = dataset.Data(2);
        var later = new VirtualClock(SourceCase.Start.AddDays(1), SourceCase.Patience);
        var quiet = loaded.Copy(later);
        await using var next = dataset.Open(server, later, quiet);
        await SourceCase.PutCuratedAsync(next, server.Data);
        await dataset.PullAsync(next, server, later, quiet);
        var revised = await FactsAsync(next, dataset);
        Assert.NotEqual(old, revised);
        return (loaded, old, revised);
    }

    private static async Task FaultAsync(
        SourceCase dataset,
        SourceSimulator server,
        MemoryStorage loaded,
        List<string> old,
        List<string> revised,
        ServerFault fault
    )
    {
        var clock = new VirtualClock(ServerFault.Start, SourceCase.Patience);
        var storage = loaded.Copy(clock);
        var secrets = new Secrets();
        await using var pipeline = dataset.Open(server, clock, secrets, storage);
        var bodies = (await pipeline.Get<RawStore>().ListAsync(dataset.Slice, CancellationToken.None)).Count;
        (server.Fault, server.Broken, server.Clock) = (fault, dataset.Path, clock);
        server.Forget();
        var where = $"{dataset}: {fault}";
        await dataset.PullAsync(pipeline, server, clock, storage);
        server.Fault = null;
        // The server notices a little later than the client that the wait is over; until then time would go on for
        // the next one, too.
        for (var since = Stopwatch.StartNew(); server.Hanging > 0; )
        {
            Assert.True(since.Elapsed < TimeSpan.FromMinutes(5), $"{where}: the server still waits");
            await Task.Delay(10);
        }
        var row = await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None);
        var rows = await FactsAsync(pipeline, dataset);
        Assert.True(server.Requests.Any(request => request.Broken), $"{where}: not asked");
        Assert.True(
            clock.GetUtcNow() - ServerFault.Start <= TimeSpan.FromMinutes(40),
            $"{where}: took {clock.GetUtcNow() - ServerFault.Start}"
        );
        Assert.Empty(storage.Queues.All);
        if (fault.Seen(dataset) is not { } seen)
        {
            Assert.Equal($"{where}: Published ", $"{where}: {row.State} {row.LastError}");
            Assert.Equal(revised, rows);
        }
        else
        {
            Assert.True(seen.Length > 0, $"{where}: no words");
            Assert.Equal($"{where}\n{string.Join('\n', old)}", $"{where}\n{string.Join('\n', rows)}");
            var said =
                row.State == SliceState.Split && fault.Name == "204" && FaultWords.IsNarrowed(dataset)
                    ? (await pipeline.Get<SliceBook>().ListAsync(dataset.Slice.Source, CancellationToken.None))
                        .Where(part =>
                            part.Slice.Dataset == dataset.Slice.Dataset && part.Slice.Key != dataset.Slice.Key
                        )
                        .ToList()
                    : [row];
            Assert.NotEmpty(said);
            foreach (var part in said)
            {
                Assert.True(
                    part.State is SliceState.PullFailed or SliceState.Quarantined,
                    $"{where}: {part.Slice} {part.State}"
                );
                Assert.Matches($"(?s)^{part.Slice}.*: seen .+, expected .+; .+", part.LastError);
                Assert.Contains(seen, part.LastError, StringComparison.Ordinal);
            }
        }
        Waited(server, fault, where, row);
        // Without the catalogue the source cannot know whether there is a new release: the archive is not asked for.
        if (dataset.Part == SourceCase.Catalogue && fault.Seen(dataset) is not null)
            Assert.All(server.Requests, request => Assert.True(request.Broken, $"{where}: {request.Asked}"));
        await secrets.SearchAsync(pipeline, storage, where);
        // What was understood to be an answer is kept.
        if (row.State == SliceState.Quarantined)
        {
            Assert.Equal(
                bodies + 1,
                (await pipeline.Get<RawStore>().ListAsync(dataset.Slice, CancellationToken.None)).Count
            );
        }

        await HealsAsync(dataset, server, clock, storage, pipeline, where, revised);
    }

    /// <summary>
    /// A server that asks to be left alone is asked again when it says, not before and not much later; if that
    /// is too long to wait for, the slice is due then.
    /// </summary>
    private static void Waited(SourceSimulator server, ServerFault fault, string where, SliceRow row)
    {
        var asked = server.Requests.Where(request => request.Broken).Select(request => request.At).ToList();
        // A refusal of the depository's is for good: nothing is documented of its server.
        var isFinal =
            row.Slice.Dataset == "nsd-holders" && row.LastError.Contains("status 429", StringComparison.Ordinal);
        if (isFinal || (fault.Wait ?? fault.Until - ServerFault.Start) > TimeSpan.FromMinutes(2))
        {
            Assert.True(asked.Count == 1, $"{where}: asked {asked.Count} times");
            Assert.Equal((where, fault.Until ?? asked[0] + fault.Wait!.Value), (where, row.NextDue));
        }
        else if (fault.Wait is { } wait)
        {
            Assert.True(asked.Count > 2, $"{where}: asked {asked.Count} times");
            Assert.All(asked.Zip(asked.Skip(1)), pair =>
                Assert.InRange(pair.Second - pair.First, wait, wait + TimeSpan.FromSeconds(1))
            );
        }
        else if (fault.Until is { } until)
        {
            Assert.True(asked.Count > 1, $"{where}: asked once");
            Assert.InRange(asked[1], until, until.AddSeconds(1));
        }
    }

    private static async Task HealsAsync(
        SourceCase dataset,
        SourceSimulator server,
        VirtualClock clock,
        MemoryStorage storage,
        TestPipeline pipeline,
        string where,
        List<string> revised
    )
    {
        await SourceCase.PutCuratedAsync(pipeline, server.Data);
        clock.Advance(TimeSpan.FromDays(2));
        await dataset.PullAsync(pipeline, server, clock, storage);
        Assert.Equal(
            $"{where}\n{string.Join('\n', revised)}",
            $"{where}\n{string.Join('\n', await FactsAsync(pipeline, dataset))}"
        );
        var healed = await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None);
        Assert.Equal($"{where}: Published ", $"{where}: {healed.State} {healed.LastError}");
        await Snapshot.TakeAsync(pipeline);
    }

    private static async Task<List<string>> FactsAsync(TestPipeline pipeline, SourceCase dataset) =>
        [
            .. (await pipeline.RowsAsync(dataset.Table)).Select(row =>
                $"{row.PartitionKey} {row.RowKey} {row["RowHash"]}"
            ),
        ];
}
