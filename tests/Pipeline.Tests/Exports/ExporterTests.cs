using System.Security.Cryptography;
using Azure;
using Azure.Core;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Pipeline.Exports;
using Pipeline.Ingestion;
using Pipeline.Report;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
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
        Assert.StartsWith(
            "PartitionKey,RowKey,Name,Value,Note,Source,Dataset,Vintage,FirstSeen,LastChanged,Revision,Basis,"
                + "RawBlob,RunId,RowHash,SchemaVersion",
            lines[0],
            StringComparison.Ordinal
        );
        Assert.StartsWith("fake|one,a,a,1,'@cmd,fake,facts,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("fake|one,b,b,2,,fake,facts,", lines[2], StringComparison.Ordinal);
        Assert.Equal("", lines[3]);
        Assert.Equal(
            one + (await TextAsync("fakefacts/fake|two.csv"))[(lines[0].Length + 2)..],
            await TextAsync("fakefacts/_all.csv")
        );
        var manifest = await ManifestAsync();
        Assert.Equal(
            ["fakefacts/_all.csv 3", "fakefacts/fake|one.csv 2", "fakefacts/fake|two.csv 1"],
            manifest.Files.Select(file => $"{file.File} {file.Rows}")
        );
        foreach (var file in manifest.Files)
        {
            var content = (await Container.GetBlobClient(file.File).DownloadContentAsync()).Value;
            Assert.Equal(file.Sha256, Convert.ToHexStringLower(SHA256.HashData(content.Content)));
            Assert.Equal("text/csv; charset=utf-8", content.Details.ContentType);
            Assert.Equal(
                (await pipeline.RowsAsync("fakefacts")).Max(row => row.GetDateTimeOffset("Vintage")!.Value),
                file.Vintage,
                TimeSpan.FromSeconds(30)
            );
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
        Assert.Equal(
            [
                "fakefacts/_all.csv",
                "fakefacts/fake|two.csv",
                "history/_all.csv",
                "history/fakefacts|fake|two.csv",
                "manifest.json",
            ],
            (await VersionsAsync()).Except(first).Select(version => version.Split(' ')[0])
        );
    }

    [Fact]
    public async Task What_a_figure_was_is_in_the_files_too_with_every_column_of_the_table()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("c=4");
        await pipeline.RunAsync();
        var row = Assert.Single(await pipeline.RowsAsync(Names.History));
        var lines = (await TextAsync("history/fakefacts|fake|two.csv")).Split("\r\n");
        Assert.Equal(
            row.Keys.Where(name => name is not ("odata.etag" or "Timestamp")).Order(StringComparer.Ordinal),
            lines[0].Split(',').Order(StringComparer.Ordinal)
        );
        Assert.StartsWith($"fakefacts|fake|two,{row.RowKey},Value,3,4,", lines[1], StringComparison.Ordinal);
        Assert.Equal(
            row.GetDateTimeOffset("ValidTo"),
            (await ManifestAsync()).Files.Single(file => file.File == "history/_all.csv").Vintage
        );
    }

    [Fact]
    public async Task The_file_of_a_partition_that_is_gone_goes_too()
    {
        source.Coverage = Pipeline.Datasets.Coverage.ByHand;
        await using var pipeline = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("#");
        await pipeline.RunAsync();
        Assert.Equal(
            [
                "fakefacts/_all.csv",
                "fakefacts/fake|one.csv",
                "history/_all.csv",
                "history/fakefacts|fake|two.csv",
                "manifest.json",
            ],
            (await VersionsAsync()).Select(version => version.Split(' ')[0])
        );
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
        Assert.True(await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None));
    }

    [Fact]
    public async Task A_source_whose_last_slice_fails_is_digested_all_the_same()
    {
        source.Replies["one"] = new("a=1");
        source.Replies["two"] = new("", 500);
        await using var pipeline = new TestPipeline(account, source);
        await pipeline.RunAsync();
        Assert.Equal(
            [SliceState.Published, SliceState.PullFailed],
            (await pipeline.Get<SliceBook>().ListAsync("fake", CancellationToken.None)).Select(row => row.State)
        );
        Assert.Equal(
            ["fakefacts/_all.csv", "fakefacts/fake|one.csv"],
            (await ManifestAsync()).Files.Select(file => file.File)
        );
    }

    [Theory]
    [InlineData("{", "\"{\"")]
    [InlineData("", "\"\"")]
    [InlineData("null", "\"null\"")]
    [InlineData("{\"sources\":{}}", "\"{\"sources\":{}}\"")]
    [InlineData("{\"sources\":{},\"files\":[null]}", "\"{\"sources\":{},\"files\":[null]}\"")]
    public async Task A_manifest_that_cannot_be_read_stops_neither_plan_nor_pull_nor_report_and_is_replaced(
        string text,
        string seen
    )
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        var before = (await VersionsAsync()).Where(version =>
            !version.StartsWith(ExportManifest.Name, StringComparison.Ordinal)
        );
        await Container.GetBlobClient(ExportManifest.Name).UploadAsync(BinaryData.FromString(text), overwrite: true);
        await pipeline.Get<ReportReader>().ReadAsync(CancellationToken.None);
        await pipeline.RunAsync();
        Assert.Equal(
            before,
            (await VersionsAsync()).Where(version => !version.StartsWith(ExportManifest.Name, StringComparison.Ordinal))
        );
        await AreTrueAsync(pipeline);
        Assert.Contains(
            $"Error: container exports, blob manifest.json: seen {seen}, expected the manifest of the export files; "
                + "it counts as empty; "
                + "the next plan of each source makes its indicators, claims, files and this blob anew, nothing is "
                + "to be done",
            pipeline.Log
        );
    }

    [Fact]
    public async Task Files_that_somebody_has_overwritten_removed_or_added_are_put_right_by_the_next_plan()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        var files = await FilesAsync();
        await Container
            .GetBlobClient("fakefacts/fake|one.csv")
            .UploadAsync(BinaryData.FromString("mine\r\n"), overwrite: true);
        await Container.GetBlobClient("fakefacts/fake|two.csv").DeleteAsync();
        await Container.GetBlobClient("fakefacts/mine.csv").UploadAsync(BinaryData.FromString("mine\r\n"));
        await Container.GetBlobClient("mine/mine.csv").UploadAsync(BinaryData.FromString("mine\r\n"));
        // A slice that is not due does not ask; the plan does.
        source.Due = TimeSpan.FromDays(1);
        await pipeline.RunAsync();
        Assert.Equal(files.Append("mine/mine.csv mine\r\n").Order(StringComparer.Ordinal), await FilesAsync());
        await AreTrueAsync(pipeline);
    }

    [Theory]
    [InlineData("fake|one.csv")]
    [InlineData("fake|two.csv")]
    [InlineData("_all.csv")]
    public async Task A_slow_exporter_with_older_rows_replaces_nothing_that_was_made_of_newer_ones(string late)
    {
        await using var newer = await LoadAsync("a=1", "c=3");
        (source.Replies["one"], source.Replies["two"]) = (new("a=2"), new("c=4"));
        var raced = false;
        await using var slow = new TestPipeline(
            account,
            source,
            new AroundPolicy(
                request => !raced && IsPut(request, late),
                async () =>
                {
                    raced = true;
                    (source.Replies["one"], source.Replies["two"]) = (new("a=5"), new("c=6"));
                    await OvertakeAsync(newer);
                }
            )
        );
        await slow.RunAsync();
        Assert.True(raced);
        await AreTrueAsync(slow);
        Assert.Contains("fake|one,a,a,5,", await TextAsync("fakefacts/_all.csv"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_is_replaced_only_if_it_is_the_one_that_was_there_before_the_rows_were_read()
    {
        await using var newer = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("c=4");
        var (reading, raced, statuses) = (false, false, new List<int>());
        // The loading reads the table too: the exporter does after it has listed the files.
        var list = new AroundPolicy(
            request =>
                request.Method == RequestMethod.Get
                && request.Uri.Query.Contains("comp=list", StringComparison.Ordinal)
                && Path(request).EndsWith("/exports", StringComparison.Ordinal),
            after: _ => Task.FromResult(reading = true)
        );
        var race = new AroundPolicy(
            request => reading && !raced && request.Uri.Path.Contains("fakefacts()", StringComparison.Ordinal),
            after: async _ =>
            {
                raced = true;
                source.Replies["two"] = new("c=6");
                await OvertakeAsync(newer);
            }
        );
        await using var slow = new TestPipeline(
            account,
            source,
            list,
            race,
            new AroundPolicy(
                request => IsPut(request, "fake|two.csv"),
                after: message =>
                {
                    statuses.Add(message.Response.Status);
                    return Task.CompletedTask;
                }
            )
        );
        await slow.RunAsync();
        Assert.Equal([412], statuses);
        await AreTrueAsync(slow);
    }

    [Theory]
    [InlineData("fake|two.csv", false)]
    [InlineData("fake|two.csv", true)]
    [InlineData("manifest.json", false)]
    public async Task A_slow_exporter_with_rows_that_were_taken_back_ends_with_the_present_ones_and_if_it_dies_so_does_the_next_plan(
        string late,
        bool dies
    )
    {
        source.Coverage = Pipeline.Datasets.Coverage.ByHand;
        await using var newer = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("c=3 d=4");
        var (raced, dead) = (false, false);
        var race = new AroundPolicy(
            request => !raced && IsPut(request, late),
            async () =>
            {
                // The files are still those of these rows: no process writes them, and the version that the slow one
                // has listed stays.
                raced = true;
                source.Replies["two"] = new("c=3");
                await OvertakeAsync(newer);
            }
        );
        var end = new AroundPolicy(request => dead, () => throw new CrashException("dead"));
        var last = new AroundPolicy(
            request => dies && raced && IsPut(request, late),
            after: _ => Task.FromResult(dead = true)
        );
        await using (var slow = new TestPipeline(account, source, end, race, last))
        {
            if (dies)
                await Assert.ThrowsAsync<CrashException>(slow.RunAsync);
            else
                await slow.RunAsync();
        }
        Assert.True(raced);
        await newer.RunAsync();
        await AreTrueAsync(newer);
        Assert.DoesNotContain("fake|two,d,", await TextAsync("fakefacts/fake|two.csv"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_that_go_back_after_an_exporter_died_before_its_manifest_are_in_the_files()
    {
        source.Coverage = Pipeline.Datasets.Coverage.ByHand;
        await using var pipeline = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("c=3 d=4");
        await using (
            var dying = new TestPipeline(
                account,
                source,
                new AroundPolicy(
                    request => IsPut(request, ExportManifest.Name),
                    () => throw new CrashException("before the manifest")
                )
            )
        )
        {
            await Assert.ThrowsAsync<CrashException>(dying.RunAsync);
        }

        Assert.Contains("fake|two,d,", await TextAsync("fakefacts/fake|two.csv"), StringComparison.Ordinal);
        source.Replies["two"] = new("c=3");
        await pipeline.RunAsync();
        await AreTrueAsync(pipeline);
        Assert.DoesNotContain("fake|two,d,", await TextAsync("fakefacts/fake|two.csv"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_replaced_by_newer_rows_while_it_is_to_be_removed_stays()
    {
        source.Coverage = Pipeline.Datasets.Coverage.ByHand;
        await using var newer = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("#");
        var raced = false;
        await using var slow = new TestPipeline(
            account,
            source,
            new AroundPolicy(
                request =>
                    !raced
                    && request.Method == RequestMethod.Delete
                    && Path(request).EndsWith("fake|two.csv", StringComparison.Ordinal),
                async () =>
                {
                    raced = true;
                    source.Replies["two"] = new("c=9");
                    await OvertakeAsync(newer);
                }
            )
        );
        await slow.RunAsync();
        Assert.True(raced);
        await AreTrueAsync(slow);
        Assert.Contains(",c,c,9,", await TextAsync("fakefacts/fake|two.csv"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exporter_that_always_loses_gives_up_with_the_services_answer()
    {
        source.Replies["one"] = new("a=1");
        var losses = 0;
        await using var pipeline = new TestPipeline(
            account,
            source,
            new AroundPolicy(
                request => IsPut(request, ExportManifest.Name),
                () =>
                {
                    losses++;
                    return Container
                        .GetBlobClient(ExportManifest.Name)
                        .UploadAsync(ExportManifest.Empty.Write(), overwrite: true);
                }
            )
        );
        var lost = await Assert.ThrowsAsync<RequestFailedException>(pipeline.RunAsync);
        Assert.Equal((412, 11), (lost.Status, losses));
    }

    [Fact]
    public async Task The_marks_of_all_sources_are_read_at_once()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        Assert.Equal(
            (await ManifestAsync()).Sources,
            await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None)
        );
        Assert.Equal(["fake"], (await ManifestAsync()).Sources.Keys);
        await using var empty = new TestPipeline(azurite.NewAccount(), source);
        Assert.Empty(await empty.Get<Exporter>().MarksAsync(CancellationToken.None));
    }

    private BlobContainerClient Container => new(account, Names.ExportsContainer);

    private async Task<TestPipeline> LoadAsync(string one, string two)
    {
        (source.Replies["one"], source.Replies["two"]) = (new(one), new(two));
        var pipeline = new TestPipeline(account, source);
        await pipeline.RunAsync();
        return pipeline;
    }

    private async Task<string> TextAsync(string file) =>
        (await Container.GetBlobClient(file).DownloadContentAsync()).Value.Content.ToString();

    /// <summary>
    /// Has another worker take the lease of the source while this one sleeps, and do all that is to do.
    /// </summary>
    private async Task OvertakeAsync(TestPipeline other)
    {
        var client = new BlobServiceClient(account).GetBlobContainerClient(Names.LocksContainer).GetBlobClient("fake");
        await client.GetBlobLeaseClient().BreakAsync(TimeSpan.Zero);
        await other.RunAsync();
    }

    private async Task<ExportManifest> ManifestAsync() =>
        ExportManifest.Read((await Container.GetBlobClient(ExportManifest.Name).DownloadContentAsync()).Value.Content);

    private async Task<List<string>> VersionsAsync()
    {
        var versions = new List<string>();
        await foreach (
            var blob in Container.GetBlobsAsync(BlobTraits.None, BlobStates.None, null, CancellationToken.None)
        )
        {
            versions.Add($"{blob.Name} {blob.Properties.ETag}");
        }

        return versions;
    }

    /// <summary>The files, with their content.</summary>
    private async Task<List<string>> FilesAsync()
    {
        var files = new List<string>();
        await foreach (
            var blob in Container.GetBlobsAsync(BlobTraits.None, BlobStates.None, null, CancellationToken.None)
        )
        {
            if (blob.Name != ExportManifest.Name)
                files.Add($"{blob.Name} {await TextAsync(blob.Name)}");
        }

        return files;
    }

    /// <summary>
    /// Files, manifest, hashes and metadata are those that an exporter makes of the tables in an empty
    /// container, and the digest is done.
    /// </summary>
    private async Task AreTrueAsync(TestPipeline pipeline)
    {
        Assert.True(await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None));
        var (files, manifest) = (await FilesAsync(), await ManifestAsync());
        foreach (var file in manifest.Files)
        {
            var content = (await Container.GetBlobClient(file.File).DownloadContentAsync()).Value;
            Assert.Equal(
                (file.Sha256, file.Sha256, file.Bytes),
                (
                    Convert.ToHexStringLower(SHA256.HashData(content.Content)),
                    content.Details.Metadata["sha256"],
                    content.Content.ToMemory().Length
                )
            );
        }
        await foreach (
            var blob in Container.GetBlobsAsync(BlobTraits.None, BlobStates.None, null, CancellationToken.None)
        )
        {
            await Container.GetBlobClient(blob.Name).DeleteAsync();
        }

        await using var fresh = new TestPipeline(account, source);
        await fresh.DoAsync(new RefreshSourceMessage("fake"));
        Assert.Equal(await FilesAsync(), files.Where(file => !file.StartsWith("mine/", StringComparison.Ordinal)));
        Assert.Equal((await ManifestAsync()).Write().ToString(), manifest.Write().ToString());
    }

    private static string Path(Request request) => Uri.UnescapeDataString(request.Uri.ToUri().AbsolutePath);

    private static bool IsPut(Request request, string file) =>
        request.Method == RequestMethod.Put
        && Path(request).EndsWith($"/{file}", StringComparison.Ordinal)
        && Path(request).Contains("/exports/", StringComparison.Ordinal)
        && (file == ExportManifest.Name || Path(request).Contains("/fakefacts/", StringComparison.Ordinal));
}
