using System.Security.Cryptography;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Pipeline.Exports;
using Pipeline.Ledger;
using Pipeline.Steps;
using Pipeline.Storage;
using Pipeline.Tests.Steps;
using Xunit;

namespace Pipeline.Tests.Exports;

/// <summary>The files of a fake source, made by the steps as they are in the app.</summary>
public sealed class ExporterTests(Azurite azurite) : IDisposable
{
    private readonly FakeSource source = new("one", "two");
    private readonly string account = azurite.NewAccount();

    public void Dispose() => source.Dispose();

    [Fact]
    public async Task Each_partition_is_a_file_and_all_together_are_one_and_the_manifest_knows_them()
    {
        await using var pipeline = await LoadAsync("a=1/@cmd b=2", "c=-3");
        var one = await TextAsync("fakefacts/fake|one.csv");
        var lines = one.Split("\r\n");
        Assert.StartsWith("PartitionKey,RowKey,Name,Value,Note,Source,Dataset,Vintage,FirstSeen,LastChanged,Revision,Basis,RawBlob,RunId,RowHash,SchemaVersion", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("fake|one,a,a,1,'@cmd,fake,facts,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("fake|one,b,b,2,,fake,facts,", lines[2], StringComparison.Ordinal);
        Assert.Equal("", lines[3]);
        Assert.Equal(one + (await TextAsync("fakefacts/fake|two.csv"))[(lines[0].Length + 2)..], await TextAsync("fakefacts/_all.csv"));
        var manifest = await ManifestAsync();
        Assert.Equal(["fakefacts/_all.csv 3", "fakefacts/fake|one.csv 2", "fakefacts/fake|two.csv 1"], manifest.Files.Select(file => $"{file.File} {file.Rows}"));
        foreach (var file in manifest.Files)
        {
            var content = (await Container.GetBlobClient(file.File).DownloadContentAsync()).Value;
            Assert.Equal(file.Sha256, Convert.ToHexStringLower(SHA256.HashData(content.Content)));
            Assert.Equal("text/csv; charset=utf-8", content.Details.ContentType);
            Assert.Equal((await pipeline.RowsAsync("fakefacts")).Max(row => row.GetDateTimeOffset("Vintage")!.Value), file.Vintage, TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public async Task Only_the_partition_that_changed_is_written_again_and_nothing_when_nothing_did()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        var first = await VersionsAsync();
        await pipeline.RunAsync();
        Assert.Equal(first, await VersionsAsync());
        source.Replies["two"] = new("c=4");
        await pipeline.RunAsync();
        Assert.Equal(["fakefacts/_all.csv", "fakefacts/fake|two.csv", "history/_all.csv", "history/fakefacts|fake|two.csv", "manifest.json"], (await VersionsAsync()).Except(first).Select(version => version.Split(' ')[0]));
    }

    [Fact]
    public async Task What_a_figure_was_is_in_the_files_too_with_every_column_of_the_table()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("c=4");
        await pipeline.RunAsync();
        var row = Assert.Single(await pipeline.RowsAsync(Names.History));
        var lines = (await TextAsync("history/fakefacts|fake|two.csv")).Split("\r\n");
        Assert.Equal(row.Keys.Where(name => name is not ("odata.etag" or "Timestamp")).Order(StringComparer.Ordinal), lines[0].Split(',').Order(StringComparer.Ordinal));
        Assert.StartsWith($"fakefacts|fake|two,{row.RowKey},Value,3,4,", lines[1], StringComparison.Ordinal);
        Assert.Equal(row.GetDateTimeOffset("ValidTo"), (await ManifestAsync()).Files.Single(file => file.File == "history/_all.csv").Vintage);
    }

    [Fact]
    public async Task The_file_of_a_partition_that_is_gone_goes_too()
    {
        source.Coverage = Pipeline.Sources.Coverage.ByHand;
        await using var pipeline = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("#");
        await pipeline.RunAsync();
        Assert.Equal(["fakefacts/_all.csv", "fakefacts/fake|one.csv", "history/_all.csv", "history/fakefacts|fake|two.csv", "manifest.json"], (await VersionsAsync()).Select(version => version.Split(' ')[0]));
    }

    [Fact]
    public async Task What_was_not_finished_is_made_by_the_next_plan()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        // As if the process had ended before the manifest was written.
        await Container.GetBlobClient(ExportManifest.Name).DeleteAsync();
        await Container.GetBlobClient("fakefacts/fake|one.csv").DeleteAsync();
        source.Due = TimeSpan.FromDays(1);
        await pipeline.RunAsync();
        source.Due = TimeSpan.FromDays(1);
        await pipeline.RunAsync();
        Assert.Equal(3, (await ManifestAsync()).Files.Count);
        Assert.Contains("fake|one,a,", await TextAsync("fakefacts/fake|one.csv"), StringComparison.Ordinal);
        Assert.True(await pipeline.Get<Digest>().IsDoneAsync("fake", CancellationToken.None));
    }

    [Fact]
    public async Task A_source_whose_last_slice_fails_is_digested_all_the_same()
    {
        source.Replies["one"] = new("a=1");
        source.Replies["two"] = new("", 500);
        await using var pipeline = new TestPipeline(account, source);
        await pipeline.RunAsync();
        Assert.Equal([SliceState.Done, SliceState.Failed], (await pipeline.Get<SliceBook>().ListAsync("fake", CancellationToken.None)).Select(row => row.State));
        Assert.Equal(["fakefacts/_all.csv", "fakefacts/fake|one.csv"], (await ManifestAsync()).Files.Select(file => file.File));
    }

    private BlobContainerClient Container => new(account, Names.ExportsContainer);

    private async Task<TestPipeline> LoadAsync(string one, string two)
    {
        (source.Replies["one"], source.Replies["two"]) = (new(one), new(two));
        var pipeline = new TestPipeline(account, source);
        await pipeline.RunAsync();
        return pipeline;
    }

    private async Task<string> TextAsync(string file) => (await Container.GetBlobClient(file).DownloadContentAsync()).Value.Content.ToString();

    private async Task<ExportManifest> ManifestAsync() => ExportManifest.Read((await Container.GetBlobClient(ExportManifest.Name).DownloadContentAsync()).Value.Content);

    private async Task<List<string>> VersionsAsync()
    {
        var versions = new List<string>();
        await foreach (var blob in Container.GetBlobsAsync(BlobTraits.None, BlobStates.None, null, CancellationToken.None)) versions.Add($"{blob.Name} {blob.Properties.ETag}");
        return versions;
    }
}
