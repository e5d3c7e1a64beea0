using Azure.Data.Tables;
using Pipeline.Faults.Sources;
using Pipeline.Faults.Storage;
using Pipeline.Report;
using Pipeline.Report.Page;
using Pipeline.Storage;
using Pipeline.Tests;
using Xunit;

namespace Pipeline.Faults.Hostile;

/// <summary>Names that people write into files, and what they must not reach.</summary>
public sealed class InjectionTests
{
    private static readonly string[] Given =
    [
        "x' or PartitionKey ne '", "a/b", "a\\b", "a#b", "a?b", "a|b", "a%b", "..", "../../raw/x", "=HYPERLINK(\"http://x\")", "+1+1", "@SUM(A1)", "\"quoted\"", "a,b", "a;b", "line\nbreak", "<script>alert(1)</script>", "&amp;", "é", "𝔘", "\u202Eabc", "null", "CON", " lead", "trail ", "tab\tname"
    ];

    [Fact]
    public async Task A_name_stays_a_name_in_keys_filters_files_and_cells()
    {
        using var proof = Proof.Try(Proof.Injection, "names of holders and citations", Given.Length);
        await using var server = await SourceSimulator.StartAsync();
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        await using var pipeline = new TestPipeline(MemoryStorage.ConnectionString, SourceCase.Moex(server.Address, nsd: false), clock, storage);
        var rows = Given.Select((name, number) => $"2018-07-{1 + number:00},equity,foreign_held_free_float,{Cell(name)},,{10 + number},,,approximate,{Cell("cited by " + name)}");
        await SourceCase.PutCuratedAsync(pipeline, server.Data);
        await pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.CuratedContainer).GetBlobClient("holders.csv")
            .UploadAsync(BinaryData.FromString("as_of,asset_class,basis,holder,holder_iso2,share_percent,value,currency,qualifier,citation\n" + string.Join('\n', rows) + "\n"), overwrite: true);
        // The whole source, so that indicators and files are made from it.
        await pipeline.RunAsync();
        await Host.DrainAsync(pipeline, clock, storage);
        var loaded = await pipeline.RowsAsync("holders", "AssetClass eq 'equity' and Dataset eq 'holders-by-country'");
        var rejected = await pipeline.RowsAsync(Names.Rejects, "State eq 'open'");
        Assert.Equal(Given.Length, loaded.Count + rejected.Count);
        Assert.True(loaded.Count >= Given.Length * 3 / 4, string.Join('\n', rejected.Select(row => $"{row["Position"]} {row["Seen"]}")));
        Assert.All(loaded, row => Assert.Equal("equity|foreign_held_free_float", row.PartitionKey));
        Assert.All(loaded, row => Assert.DoesNotContain(row.RowKey, c => c is '/' or '\\' or '#' or '?' || char.IsControl(c)));
        foreach (var row in loaded)
        {
            var found = await pipeline.RowsAsync("holders", TableClient.CreateQueryFilter($"Holder eq {row.GetString("Holder")} and AsOf eq {row.GetDateTimeOffset("AsOf")!.Value}"));
            Assert.Equal(row.RowKey, Assert.Single(found).RowKey);
        }
        var exports = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.ExportsContainer);
        await foreach (var blob in exports.GetBlobsAsync()) Assert.Matches(@"^[a-z]+/[^/\\]+\.csv$|^manifest\.json$", blob.Name);
        var lines = CsvText.Read((await exports.GetBlobClient("holders/_all.csv").DownloadContentAsync()).Value.Content.ToString().TrimStart('\uFEFF'));
        var records = lines.Skip(1).Select(cells => lines[0].Zip(cells).ToDictionary(pair => pair.First, pair => pair.Second)).ToList();
        Assert.All(lines, cells => Assert.Equal(lines[0].Count, cells.Count));
        var all = await pipeline.RowsAsync("holders");
        Assert.Equal(all.Count, records.Count);
        foreach (var row in loaded)
        {
            var record = records.Single(record => record["RowKey"] == row.RowKey && record["PartitionKey"] == row.PartitionKey);
            // A cell that a spreadsheet would take for a formula carries an apostrophe before it.
            var holder = row.GetString("Holder");
            Assert.Contains(record["Holder"], (string[])[holder, "'" + holder]);
            Assert.False(record["Holder"].Length > 0 && "=+@".Contains(record["Holder"][0], StringComparison.Ordinal), $"a formula in a cell: {record["Holder"]}");
        }
        // The page shows rejects as they came; what looks like a tag of theirs is none.
        var page = await pipeline.Get<PageRenderer>().RenderAsync(await pipeline.Get<ReportReader>().ReadAsync(CancellationToken.None));
        Assert.Contains("rejected", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script>alert", page, StringComparison.OrdinalIgnoreCase);
        proof.Held();
    }

    private static string Cell(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
