using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Unctad;

/// <summary>The whole way with a server on this machine: what faults and new vintages do to the tables.</summary>
public sealed class LiveTests : IAsyncLifetime
{
    private readonly HastyClock clock = new(
        new DateTimeOffset(2025, 9, 1, 7, 30, 0, TimeSpan.Zero),
        TimeSpan.FromMinutes(3)
    );
    private UnctadServer server = null!;

    public async ValueTask InitializeAsync() => server = await UnctadServer.StartAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    /// <summary>The settings of a pipeline that asks a server on this machine.</summary>
    internal static Dictionary<string, string?> Settings(UnctadServer server)
    {
        var settings = Fdi.Settings(server.Address);
        return new Dictionary<string, string?>
        {
            [TestPipeline.Planned] = "unctad-fdi",
            ["Sources__Mode"] = "live",
            ["Census__ApiKey"] = "0123456789abcdef0123456789abcdef01234567",
            ["Unctad__BulkUrl"] = settings.BulkUrl!.AbsoluteUri,
            ["Unctad__CatalogueUrl"] = settings.CatalogueUrl!.AbsoluteUri,
            ["Unctad__ApiUrl"] = settings.ApiUrl!.AbsoluteUri,
            ["Unctad__ClientId"] = Fdi.Id,
            ["Unctad__ClientSecret"] = Fdi.Secret,
        };
    }

    private TestPipeline Pipeline() => new(new MemoryStorage(clock), Settings(server), clock);

    private async Task NextWeekAsync(TestPipeline pipeline)
    {
        clock.Advance(TimeSpan.FromDays(7));
        await pipeline.RunAsync();
    }

    private static Task<SliceRow> SliceAsync(TestPipeline pipeline, Pipeline.Slices.Slice? slice = null) =>
        pipeline.Get<SliceBook>().GetAsync(slice ?? Fdi.FlowsStock, CancellationToken.None);

    private static async Task<int> BodiesAsync(TestPipeline pipeline) =>
        (await pipeline.Get<RawStore>().ListAsync(Fdi.FlowsStock, CancellationToken.None)).Count;

    private static async Task DropAsync(TestPipeline pipeline, string name, string text)
    {
        var container = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.CuratedContainer);
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient(name).UploadAsync(BinaryData.FromString(text), overwrite: true);
    }

    [Fact]
    public async Task A_new_vintage_replaces_the_old_one_unless_it_lacks_too_much_of_it()
    {
        await using var pipeline = Pipeline();
        var release = Fdi.Release(economies: 225);
        server.Release("2025-09-01T00:00:00");
        server.Archive(Fdi.Text(release));
        await pipeline.RunAsync();
        var counts = await pipeline.LedgerAsync();
        Assert.Equal(new RowCounts(31_640, 31_500, 0, 0, 140, 0, 0), counts);
        var economies = Assert
            .Single(await pipeline.RowsAsync("runs"), row => row.GetString("Slice") == Fdi.FlowsStock.Id)
            .GetString("Differences")!;
        Assert.Contains(
            " economies are not in the program's list, so that their rows have no ISO code: 001 \"Economy 001\"; "
                + "002 \"Economy 002\"; 003 \"Economy 003\"; …; add them to economies.txt",
            economies,
            StringComparison.Ordinal
        );

        // Nothing new: only the catalogue is asked.
        await NextWeekAsync(pipeline);
        Assert.Equal(1, server.Requests.Count(request => request == UnctadServer.Bulk));
        Assert.Equal(counts, await pipeline.LedgerAsync());

        // A new release: Russia's outward stock of 2024 is revised, a centre's inflow of 1990 has a reason instead of a
        // figure, another centre is gone before 2010.
        server.Release("2026-07-01T00:00:00");
        var revised = release
            .Where(row => row is not { Code: "660", Year: < 2010 })
            .Select(row =>
                row switch
                {
                    { Code: "643", Year: 2024, Flow: "09", Direction: 2 } => row with { Value = "1.5" },
                    { Code: "044", Year: 1990, Flow: "08", Direction: 1 } => row with
                    {
                        Value = "",
                        Missing = "Not applicable",
                    },
                    _ => row,
                }
            )
            .ToList();
        server.Archive(Fdi.Text(revised));
        await NextWeekAsync(pipeline);
        var second = await pipeline.LedgerAsync();
        Assert.Equal(
            new RowCounts(31_560, 0, 1, 31_418, 140, 1, 0),
            new RowCounts(
                second.Read - counts.Read,
                second.Added - counts.Added,
                second.Changed,
                second.Unchanged,
                second.Excluded - counts.Excluded,
                second.Missing,
                second.Rejected
            )
        );
        Assert.Empty(await pipeline.RowsAsync("fdiannual", "PartitionKey eq '660|inward|flow' and RowKey lt '2010'"));
        var history = await pipeline.RowsAsync("history");
        Assert.Equal(1 + 80 + 1, history.Select(row => (row.PartitionKey, row.RowKey[..4])).Distinct().Count());
        Assert.All(history, row => Assert.True(row.GetBoolean("InPolicy")));
        Assert.Contains(history, row =>
            row.PartitionKey == "fdiannual|643|outward|stock"
            && row.GetString("Column") == "ValueUsd"
            && row.GetString("NewValue") == "1500000"
        );
        Assert.Equal("Not applicable", Assert.Single(await pipeline.RowsAsync("gaps")).GetString("Reason"));
        Assert.Equal(
            ("2026-07-01T00:00:00", 31_419),
            (await SliceAsync(pipeline)) is var slice ? (slice.LastModified, (int)slice.Loaded!.Rows) : default
        );

        // As many rows as before, but 12 economies have other codes: more than 5 % of the table would go.
        server.Release("2026-08-01T00:00:00");
        var renamed = release.Select(row => row.Code).Distinct().TakeLast(13).Where(code => code != "0000").ToHashSet();
        server.Archive(
            Fdi.Text(revised.Select(row => renamed.Contains(row.Code) ? row with { Code = $"4{row.Code[1..]}" } : row))
        );
        var before = await pipeline.RowsAsync("fdiannual");
        await NextWeekAsync(pipeline);
        slice = await SliceAsync(pipeline);
        Assert.Equal(SliceState.Quarantined, slice.State);
        Assert.Contains(
            "body: seen 1680 of the 31419 rows of the table not in it, the first ",
            slice.LastError,
            StringComparison.Ordinal
        );
        Assert.Equal(before.Select(row => row.ETag), (await pipeline.RowsAsync("fdiannual")).Select(row => row.ETag));
        Assert.Equal(3, await BodiesAsync(pipeline));
        await pipeline.LedgerAsync();
    }

    [Fact]
    public async Task Refused_bodies_and_failed_ways_keep_what_came_and_a_dropped_file_helps()
    {
        await using var pipeline = Pipeline();
        server.Release("2025-09-01T00:00:00");
        server.Put(UnctadServer.Bulk, "<html>blocked</html>", "text/html");
        server.Put(UnctadServer.Metadata, """{"version":"1"}""");
        server.Put(UnctadServer.Api, $"<html>{Fdi.Secret}</html>", "text/html");
        await pipeline.RunAsync();
        var slice = await SliceAsync(pipeline);
        Assert.Equal(SliceState.PullFailed, slice.State);
        Assert.Contains(
            "seen status 200, text/html, starting \"<html>blocked</html>\", expected a 7z archive",
            slice.LastError,
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"user API failed: request {server.Host}/US.FdiFlowsStock/cur/Facts?culture=en: seen status 200, "
                + $"text/html, starting \"<html>{new string('*', Fdi.Secret.Length)}</html>\", expected CSV; no file ",
            slice.LastError,
            StringComparison.Ordinal
        );
        Assert.Equal(1, await BodiesAsync(pipeline));
        Assert.Single(await pipeline.RowsAsync("rejects", "State eq 'open'"));
        // The file by partner is not there, which is no fault.
        Assert.Equal(SliceState.NotPublished, (await SliceAsync(pipeline, Fdi.Partners)).State);

        // An archive that is one but damaged inside.
        server.Put(
            UnctadServer.Bulk,
            Fdi.Archive(Fdi.Bytes(Fdi.Text(Fdi.Release(last: 1990))), damaged: true),
            "application/x-7z-compressed"
        );
        await NextWeekAsync(pipeline);
        slice = await SliceAsync(pipeline);
        Assert.Equal(SliceState.Quarantined, slice.State);
        Assert.Contains("7z member: seen CRC-32 ", slice.LastError, StringComparison.Ordinal);
        Assert.Equal(2, await BodiesAsync(pipeline));
        Assert.Empty(await pipeline.RowsAsync("fdiannual"));

        // The servers are away; an operator drops the CSV, and a file by partner.
        server.Put(UnctadServer.Bulk, "", "text/plain", 503);
        await DropAsync(pipeline, "US_FdiFlowsStock.csv", Fdi.Text(Fdi.Release()));
        await DropAsync(
            pipeline,
            "fdi-partners.csv",
            "year,direction,measure,partner,iso3,value_musd\n2012,inward,stock,Cyprus,CYP,10\n2012,inward,stock,"
                + "Germany,DEU,\n"
        );
        await NextWeekAsync(pipeline);
        slice = await SliceAsync(pipeline);
        Assert.Equal((SliceState.Published, "", 30_100), (slice.State, slice.LastError, (int)slice.Loaded!.Rows));
        Assert.Empty(await pipeline.RowsAsync("rejects", "State eq 'open'"));
        var run = (await pipeline.RowsAsync("runs")).Single(row =>
            row.GetString("Slice") == Fdi.FlowsStock.Id && row.GetString("State") == nameof(RunState.Done)
        );
        Assert.Contains(
            $"bulk archive failed: request {server.Host}/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock: seen "
                + "status 503 without a body, expected status 200\n",
            run.GetString("Notes"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "the figures are those of the file US_FdiFlowsStock.csv in the container curated",
            run.GetString("Notes"),
            StringComparison.Ordinal
        );
        Assert.Equal("643|inward|stock|host", Assert.Single(await pipeline.RowsAsync("fdipartners")).PartitionKey);
        Assert.Equal("fdipartners|643|inward|stock|host", Assert.Single(await pipeline.RowsAsync("gaps")).PartitionKey);
        await pipeline.LedgerAsync();
        await pipeline.AssertHidesAsync("canary", "fdipartners");
    }
}
