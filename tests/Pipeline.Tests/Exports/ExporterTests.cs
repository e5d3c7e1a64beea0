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
    public async Task Each_table_is_a_file_of_each_format_also_without_rows_and_the_catalog_knows_them()
    {
        await using var pipeline = await LoadAsync("a=1/@cmd b=2", "c=-3");
        var lines = (await TextAsync("fakefacts.csv")).Split("\r\n");
        Assert.StartsWith(
            "PartitionKey,RowKey,Name,Value,Note,Source,Dataset,Vintage,FirstSeen,LastChanged,Revision,Basis,"
                + "RawBlob,RunId,RowHash,SchemaVersion",
            lines[0],
            StringComparison.Ordinal
        );
        Assert.StartsWith("fake|one,a,a,1,'@cmd,fake,facts,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("fake|one,b,b,2,,fake,facts,", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("fake|two,c,c,-3,,fake,facts,", lines[3], StringComparison.Ordinal);
        Assert.Equal("", lines[4]);
        Assert.Equal("PartitionKey,RowKey,Reason,RunId\r\n", await TextAsync("gaps.csv"));
        var catalog = await CatalogAsync();
        Assert.Equal(
            [
                "datasets.csv 1",
                "datasets.parquet 1",
                "fakefacts.csv 3",
                "fakefacts.parquet 3",
                "gaps.csv 0",
                "gaps.parquet 0",
                "history.csv 0",
                "history.parquet 0",
            ],
            catalog.Files.Select(file => $"{file.Path} {file.Rows}")
        );
        foreach (var file in catalog.Files)
        {
            var content = (await Container.GetBlobClient(file.Path).DownloadContentAsync()).Value;
            Assert.Equal(file.Hash, "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content.Content)));
            Assert.Equal(file.Bytes, content.Content.ToMemory().Length);
            Assert.Equal(
                file.Path.EndsWith(".csv", StringComparison.Ordinal)
                    ? "text/csv; charset=utf-8"
                    : "application/vnd.apache.parquet",
                content.Details.ContentType
            );
        }
        Assert.Equal(
            (await pipeline.RowsAsync("fakefacts")).Max(row => row.GetDateTimeOffset("Vintage")!.Value),
            catalog.Resources.Single(resource => resource.Name == "fakefacts").Vintage!.Value
        );
        Assert.Null(catalog.Resources.Single(resource => resource.Name == "gaps").Vintage);
    }

    [Fact]
    public async Task Only_the_files_that_changed_are_written_again_and_nothing_when_nothing_did()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        var first = await VersionsAsync();
        await pipeline.RunAsync();
        Assert.Equal(first, await VersionsAsync());
        source.Replies["two"] = new("c=4");
        await pipeline.RunAsync();
        Assert.Equal(
            [
                "catalog.json",
                "datasets.csv",
                "datasets.parquet",
                "fakefacts.csv",
                "fakefacts.parquet",
                "history.csv",
                "history.parquet",
            ],
            (await VersionsAsync()).Except(first).Select(version => version.Split(' ')[0])
        );
    }

    [Fact]
    public async Task A_gap_that_changes_no_figure_is_in_the_files_too()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("c=3 d=");
        await pipeline.RunAsync();
        Assert.StartsWith(
            "PartitionKey,RowKey,Reason,RunId\r\nfakefacts|fake|two,d,nothing sent,",
            await TextAsync("gaps.csv"),
            StringComparison.Ordinal
        );
        await AreTrueAsync(pipeline);
    }

    [Fact]
    public async Task What_a_figure_was_is_in_the_files_too_with_every_column_of_the_table()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("c=4");
        await pipeline.RunAsync();
        var row = Assert.Single(await pipeline.RowsAsync(Names.History));
        var lines = (await TextAsync("history.csv")).Split("\r\n");
        Assert.Equal(
            row.Keys.Where(name => name is not ("odata.etag" or "Timestamp")).Order(StringComparer.Ordinal),
            lines[0].Split(',').Order(StringComparer.Ordinal)
        );
        Assert.StartsWith($"fakefacts|fake|two,{row.RowKey},Value,3,4,", lines[1], StringComparison.Ordinal);
        Assert.Equal(
            row.GetDateTimeOffset("ValidTo"),
            (await CatalogAsync()).Files.Single(file => file.Path == "history.csv").Vintage
        );
    }

    [Fact]
    public async Task What_was_not_finished_is_made_by_the_next_plan()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        // As if the process had ended before the catalog was written.
        await Container.GetBlobClient(ExportCatalog.BlobName).DeleteAsync();
        await Container.GetBlobClient("fakefacts.csv").DeleteAsync();
        source.Due = TimeSpan.FromDays(1);
        await pipeline.RunAsync();
        source.Due = TimeSpan.FromDays(1);
        await pipeline.RunAsync();
        Assert.Equal(8, (await CatalogAsync()).Files.Count());
        Assert.Contains("fake|one,a,", await TextAsync("fakefacts.csv"), StringComparison.Ordinal);
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
            ["datasets", "fakefacts", "gaps", "history"],
            (await CatalogAsync()).Resources.Select(resource => resource.Table).Distinct()
        );
    }

    [Theory]
    [InlineData("{", "\"{\"")]
    [InlineData("", "\"\"")]
    [InlineData("null", "\"null\"")]
    [InlineData("{\"marks\":{}}", "\"{\"marks\":{}}\"")]
    [InlineData("{\"marks\":{},\"resources\":[null]}", "\"{\"marks\":{},\"resources\":[null]}\"")]
    [InlineData("{\"marks\":{},\"resources\":[{}]}", "\"{\"marks\":{},\"resources\":[{}]}\"")]
    public async Task A_catalog_that_cannot_be_read_stops_neither_plan_nor_pull_nor_report_and_is_replaced(
        string text,
        string seen
    )
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        var before = (await VersionsAsync()).Where(version =>
            !version.StartsWith(ExportCatalog.BlobName, StringComparison.Ordinal)
        );
        await Container.GetBlobClient(ExportCatalog.BlobName).UploadAsync(BinaryData.FromString(text), overwrite: true);
        await pipeline.Get<ReportReader>().ReadAsync(CancellationToken.None);
        await pipeline.RunAsync();
        Assert.Equal(
            before,
            (await VersionsAsync()).Where(version =>
                !version.StartsWith(ExportCatalog.BlobName, StringComparison.Ordinal)
            )
        );
        await AreTrueAsync(pipeline);
        Assert.Contains(
            $"Error: container exports, blob catalog.json: seen {seen}, expected the catalog of the export files; "
                + "Do nothing: it counts as empty, and the next plan of each source computes its indicators, claims "
                + "and files and writes this blob again.",
            pipeline.Log
        );
    }

    [Fact]
    public async Task Files_that_another_program_has_overwritten_removed_or_added_are_put_right_by_the_next_plan()
    {
        await using var pipeline = await LoadAsync("a=1", "c=3");
        var files = await FilesAsync();
        await Container.GetBlobClient("fakefacts.csv").UploadAsync(BinaryData.FromString("mine\r\n"), overwrite: true);
        await Container.GetBlobClient("fakefacts.parquet").DeleteAsync();
        await Container.GetBlobClient("fakefacts/mine.csv").UploadAsync(BinaryData.FromString("mine\r\n"));
        await Container.GetBlobClient("mine/mine.csv").UploadAsync(BinaryData.FromString("mine\r\n"));
        // A slice that is not due does not ask; the plan does.
        source.Due = TimeSpan.FromDays(1);
        await pipeline.RunAsync();
        Assert.Equal(files.Append("mine/mine.csv mine\r\n").Order(StringComparer.Ordinal), await FilesAsync());
        await AreTrueAsync(pipeline);
    }

    [Theory]
    [InlineData("fakefacts.csv")]
    [InlineData("fakefacts.parquet")]
    [InlineData("datasets.csv")]
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
        Assert.Contains("fake|one,a,a,5,", await TextAsync("fakefacts.csv"), StringComparison.Ordinal);
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
                request => IsPut(request, "fakefacts.csv"),
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
    [InlineData("fakefacts.csv", false)]
    [InlineData("fakefacts.csv", true)]
    [InlineData("fakefacts.parquet", false)]
    [InlineData("fakefacts.parquet", true)]
    [InlineData("catalog.json", false)]
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
        Assert.DoesNotContain("fake|two,d,", await TextAsync("fakefacts.csv"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_that_go_back_after_an_exporter_died_before_its_catalog_are_in_the_files()
    {
        source.Coverage = Pipeline.Datasets.Coverage.ByHand;
        await using var pipeline = await LoadAsync("a=1", "c=3");
        source.Replies["two"] = new("c=3 d=4");
        await using (
            var dying = new TestPipeline(
                account,
                source,
                new AroundPolicy(
                    request => IsPut(request, ExportCatalog.BlobName),
                    () => throw new CrashException("before the catalog")
                )
            )
        )
        {
            await Assert.ThrowsAsync<CrashException>(dying.RunAsync);
        }

        Assert.Contains("fake|two,d,", await TextAsync("fakefacts.csv"), StringComparison.Ordinal);
        source.Replies["two"] = new("c=3");
        await pipeline.RunAsync();
        await AreTrueAsync(pipeline);
        Assert.DoesNotContain("fake|two,d,", await TextAsync("fakefacts.csv"), StringComparison.Ordinal);
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
                request => IsPut(request, ExportCatalog.BlobName),
                () =>
                {
                    losses++;
                    return Container
                        .GetBlobClient(ExportCatalog.BlobName)
                        .UploadAsync(ExportCatalog.Empty.Write(), overwrite: true);
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
        Assert.Equal((await CatalogAsync()).Marks, await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None));
        Assert.Equal(["fake"], (await CatalogAsync()).Marks.Keys);
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

    private async Task<ExportCatalog> CatalogAsync() =>
        ExportCatalog.Read(
            (await Container.GetBlobClient(ExportCatalog.BlobName).DownloadContentAsync()).Value.Content
        );

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
            if (blob.Name != ExportCatalog.BlobName)
                files.Add($"{blob.Name} {await TextAsync(blob.Name)}");
        }

        return files;
    }

    /// <summary>
    /// Files, catalog, hashes and metadata are those that an exporter makes of the tables in an empty
    /// container, and the digest is done.
    /// </summary>
    private async Task AreTrueAsync(TestPipeline pipeline)
    {
        Assert.True(await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None));
        var (files, catalog) = (await FilesAsync(), await CatalogAsync());
        foreach (var file in catalog.Files)
        {
            var content = (await Container.GetBlobClient(file.Path).DownloadContentAsync()).Value;
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
        Assert.Equal((await CatalogAsync()).Write().ToString(), catalog.Write().ToString());
    }

    private static string Path(Request request) => Uri.UnescapeDataString(request.Uri.ToUri().AbsolutePath);

    private static bool IsPut(Request request, string file) =>
        request.Method == RequestMethod.Put && Path(request).EndsWith($"/exports/{file}", StringComparison.Ordinal);
}
