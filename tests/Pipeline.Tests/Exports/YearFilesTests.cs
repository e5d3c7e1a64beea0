using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Pipeline.Datasets;
using Pipeline.Exports;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Exports;

/// <summary>Measured alone: what other tests allocate at the same time would count.</summary>
[CollectionDefinition(nameof(YearFilesTests), DisableParallelization = true)]
[Collection(nameof(YearFilesTests))]
public sealed class YearFilesTests : IAsyncDisposable
{
    private const string Name = "yearly";
    private const string Source = "census-trade";

    private static readonly ExportTable Table = ExportTable.Of(Name, typeof(Yearly)) with
    {
        YearColumn = nameof(Yearly.Year),
        VintageColumn = "",
    };

    private readonly MemoryStorage storage = new(TimeProvider.System);
    private readonly TestPipeline pipeline;
    private int mark;

    public YearFilesTests() => pipeline = new TestPipeline(storage);

    private sealed record Yearly([property: Meaning("The year")] int Year, [property: Meaning("A note")] string Note);

    [Fact]
    public async Task Each_year_is_a_file_of_each_format_and_the_catalog_lists_them()
    {
        await PutAsync(("a", 2021), ("b", 2019), ("c", 2021));
        await RunAsync(pipeline);
        Assert.Equal(
            ["catalog.json", "yearly/2019.csv", "yearly/2019.parquet", "yearly/2021.csv", "yearly/2021.parquet"],
            await NamesAsync()
        );
        Assert.Equal(
            "PartitionKey,RowKey,Year,Note\r\np,a,2021,note a\r\np,c,2021,note c\r\n",
            await TextAsync("yearly/2021.csv")
        );
        using var catalog = JsonDocument.Parse(await TextAsync(ExportCatalog.BlobName));
        var resource = catalog
            .RootElement.GetProperty("resources")
            .EnumerateArray()
            .Single(entry => entry.GetProperty("name").GetString() == "yearly-parquet");
        Assert.Equal(
            ["yearly/2019.parquet", "yearly/2021.parquet"],
            resource.GetProperty("path").EnumerateArray().Select(path => path.GetString())
        );
        Assert.Equal(3, resource.GetProperty("rows").GetInt64());
        Assert.False(resource.TryGetProperty("hash", out _));
        Assert.All(resource.GetProperty("files").EnumerateArray(), file =>
            Assert.Matches("^sha256:[0-9a-f]{64}$", file.GetProperty("hash").GetString())
        );
    }

    [Fact]
    public async Task A_table_of_one_year_has_the_same_shape()
    {
        await PutAsync(("a", 2021));
        await RunAsync(pipeline);
        using var catalog = JsonDocument.Parse(await TextAsync(ExportCatalog.BlobName));
        Assert.All(catalog.RootElement.GetProperty("resources").EnumerateArray(), resource =>
            Assert.Equal(1, resource.GetProperty("path").GetArrayLength())
        );
    }

    [Fact]
    public async Task Only_the_year_that_changed_is_written_again_and_one_without_rows_goes()
    {
        await PutAsync(("a", 2019), ("b", 2020), ("c", 2021));
        await RunAsync(pipeline);
        var before = await VersionsAsync();
        await PutAsync(("c", 2021), ("d", 2021));
        await (await pipeline.TableAsync(Name)).DeleteEntityAsync("p", "b");
        await RunAsync(pipeline);
        Assert.Equal(
            ["catalog.json", "yearly/2021.csv", "yearly/2021.parquet"],
            (await VersionsAsync()).Except(before).Select(version => version.Split(' ')[0])
        );
        Assert.DoesNotContain("yearly/2020.csv", await NamesAsync());
        Assert.DoesNotContain("yearly/2020.parquet", await NamesAsync());
    }

    [Fact]
    public async Task A_file_that_another_worker_replaces_with_newer_rows_while_it_is_to_be_removed_stays()
    {
        await PutAsync(("a", 2019), ("b", 2020));
        await RunAsync(pipeline);
        await (await pipeline.TableAsync(Name)).DeleteEntityAsync("p", "b");
        var raced = false;
        await using var slow = new TestPipeline(
            storage,
            settings: null,
            time: null,
            new AroundPolicy(
                request =>
                    !raced
                    && request.Method == RequestMethod.Delete
                    && request.Uri.ToUri().AbsolutePath.EndsWith("2020.csv", StringComparison.Ordinal),
                async () =>
                {
                    raced = true;
                    await PutAsync(("z", 2020));
                    await RunAsync(pipeline);
                }
            )
        );
        await RunAsync(slow);
        Assert.True(raced);
        Assert.Equal("PartitionKey,RowKey,Year,Note\r\np,z,2020,note z\r\n", await TextAsync("yearly/2020.csv"));
    }

    [Theory]
    [InlineData(null, "\"\"")]
    [InlineData(21, "\"21\"")]
    [InlineData("2021", "\"2021\"")]
    public async Task A_row_without_a_year_is_named(object? year, string seen)
    {
        await (await pipeline.TableAsync(Name)).AddEntityAsync(
            new TableEntity("p", "a") { ["Year"] = year, ["Note"] = "" }
        );
        Assert.Equal(
            $"table yearly, row \"p\" \"a\", column Year: seen {seen}, expected a calendar year of four digits; "
                + "Correct the row in the table, or remove it and replay its slice.",
            (await Assert.ThrowsAsync<InvalidDataException>(() => RunAsync(pipeline))).Message
        );
    }

    [Fact]
    public async Task A_column_that_the_table_lacks_is_a_fault_of_the_program() =>
        Assert.Equal(
            "export table yearly: no column When; expected one of PartitionKey, RowKey, Year, Note",
            (
                await Assert.ThrowsAsync<InvalidOperationException>(() =>
                    pipeline
                        .Get<Exporter>()
                        .RunAsync([Table with { VintageColumn = "When" }], Source, "x", CancellationToken.None)
                )
            ).Message
        );

    /// <summary>As wide as a fact of trade.</summary>
    private sealed record Wide(
        [property: Meaning("p")] string PartitionKey,
        [property: Meaning("r")] string RowKey,
        [property: Meaning("y")] int Year,
        [property: Meaning("n")] string Name,
        [property: Meaning("h")] string Hash,
        [property: Meaning("b")] string Blob,
        [property: Meaning("m")] string Commodity,
        [property: Meaning("v")] long Value,
        [property: Meaning("t")] long? YearToDate,
        [property: Meaning("d")] DateTimeOffset Vintage
    );

    [Fact]
    public async Task Many_rows_of_many_years_take_no_more_memory_than_the_rows_that_wait()
    {
        const int rows = 300_000,
            years = 15;
        long most = 0;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var view = ExportTable.OfView("wide", ["PartitionKey", "RowKey"], RowsAsync) with { YearColumn = "Year" };
        await pipeline.Get<Exporter>().RunAsync([view], Source, "x", CancellationToken.None);
        var catalog = ExportCatalog.Read(BinaryData.FromString(await TextAsync(ExportCatalog.BlobName)));
        Assert.Equal([rows, rows], catalog.Resources.Select(resource => resource.Rows));
        Assert.Equal(years * 2, catalog.Files.Count());
        Assert.True(most < 120_000_000, $"{most} bytes while {rows} rows were written, expected less than 120 MB");

        async IAsyncEnumerable<Wide> RowsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            for (var row = 0; row < rows; row++)
            {
                if (row % 30_000 == 0)
                    most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
                var year = 2010 + row % years;
                yield return new Wide(
                    string.Create(CultureInfo.InvariantCulture, $"{4000 + row / 3_000}|exports|HS6"),
                    string.Create(CultureInfo.InvariantCulture, $"{year}-01|{row:000000}"),
                    year,
                    string.Create(CultureInfo.InvariantCulture, $"partner {row / 3_000}"),
                    string.Create(CultureInfo.InvariantCulture, $"{row * 2_654_435_761L:x16}{row:x16}"),
                    string.Create(CultureInfo.InvariantCulture, $"census-trade/exports-hs6/{year}/body.json"),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"the name of commodity {row % 5000}, other than parts"
                    ),
                    row * 1000L,
                    row % 3 == 0 ? null : row * 2000L,
                    DateTimeOffset.UnixEpoch.AddSeconds(year)
                );
            }
            await Task.CompletedTask.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync() => await pipeline.DisposeAsync();

    private Task RunAsync(TestPipeline by) =>
        by.Get<Exporter>().RunAsync([Table], Source, $"{++mark}", CancellationToken.None);

    private async Task PutAsync(params (string Row, int Year)[] rows)
    {
        var table = await pipeline.TableAsync(Name);
        foreach (var (row, year) in rows)
        {
            await table.UpsertEntityAsync(
                new TableEntity("p", row) { ["Year"] = year, ["Note"] = $"note {row}" },
                TableUpdateMode.Replace
            );
        }
    }

    private BlobContainerClient Container =>
        pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.ExportsContainer);

    private async Task<string> TextAsync(string file) =>
        (await Container.GetBlobClient(file).DownloadContentAsync()).Value.Content.ToString();

    private async Task<List<string>> NamesAsync() =>
        [.. (await VersionsAsync()).Select(version => version.Split(' ')[0])];

    private async Task<List<string>> VersionsAsync()
    {
        var versions = new List<string>();
        await foreach (var blob in Container.GetBlobsAsync())
            versions.Add($"{blob.Name} {blob.Properties.ETag}");
        return versions;
    }
}
