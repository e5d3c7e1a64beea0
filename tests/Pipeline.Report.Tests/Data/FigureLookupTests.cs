using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Report.Data;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Report.Tests.Data;

/// <summary>One figure with its history, its place in the stored body, and the sentence to cite.</summary>
public sealed class FigureLookupTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static async Task<TestPipeline> RevisedAsync(FakeSource source)
    {
        var clock = new FakeTimeProvider(Start);
        var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        foreach (var body in (string[])["b=1 a=1 c=1", "b=1 a=2 c=1", "b=1 c=1 a=5000/note"])
        {
            source.Body = body;
            await pipeline.RunAsync();
            clock.Advance(TimeSpan.FromDays(1));
        }
        return pipeline;
    }

    private static Task<FigureDocument> FindAsync(TestPipeline pipeline, string table, string partition, string row) =>
        pipeline.Get<FigureLookup>().FindAsync(table, partition, row, CancellationToken.None);

    [Fact]
    public async Task A_figure_has_its_values_versions_body_and_place()
    {
        using var source = new FakeSource();
        await using var pipeline = await RevisedAsync(source);
        var figure = await FindAsync(pipeline, "fakefacts", "fake|one", "a");
        Assert.Equal([new FigureValue("Value", 5000L, "pieces", "The value")], figure.Values);
        Assert.Equal([("Name", "a"), ("Note", "note")], figure.About.Select(pair => (pair.Key, (string)pair.Value!)));
        Assert.Equal(
            ("count", Start.AddDays(2), Start, Start.AddDays(2), 2),
            (figure.Basis, figure.Vintage, figure.FirstSeen, figure.LastChanged, figure.Revision)
        );
        Assert.Equal(
            [(Start, Start.AddDays(1), "Value 1 2"), (Start.AddDays(1), Start.AddDays(2), "Value 2 5000, Note  note")],
            figure.History.Select(version =>
                (
                    version.ValidFrom,
                    version.ValidTo,
                    string.Join(", ", version.Changes.Select(change => $"{change.Column} {change.Old} {change.New}"))
                )
            )
        );
        var sha256 = Convert.ToHexStringLower(SHA256.HashData("b=1 c=1 a=5000/note"u8));
        Assert.Equal(
            new FigureBody(
                $"fake/facts/one/20260303T120000Z-{sha256[..12]}.txt",
                sha256,
                Start.AddDays(2),
                $"{source.Address}one",
                "word 3",
                ""
            ),
            figure.Raw
        );
        Assert.Equal("word 1", (await FindAsync(pipeline, "fakefacts", "fake|one", "b")).Raw.Place);
        Assert.Equal(
            $"{source.Info.Publisher}, Facts: Name a: Value 5,000 pieces (count). Vintage 2026-03-03T12:00:00Z, "
                + $"revision 2. Retrieved from {source.Address}one; raw body {figure.Raw.Blob}, word 3, SHA-256 {sha256}.",
            figure.Citation
        );
        using var json = JsonDocument.Parse(figure.ToJson());
        Assert.Equal(5000, json.RootElement.GetProperty("values")[0].GetProperty("value").GetInt64());
        Assert.Equal("word 3", json.RootElement.GetProperty("raw").GetProperty("place").GetString());
    }

    [Fact]
    public async Task The_same_is_told_as_text()
    {
        using var source = new FakeSource();
        await using var pipeline = await RevisedAsync(source);
        var figure = await FindAsync(pipeline, "fakefacts", "fake|one", "a");
        const string outside = " (outside the revision policy)";
        Assert.Equal(
            $"""
            figure          fakefacts/fake|one/a
            Value           5,000 pieces
                            The value
            Name            a
            Note            note
            basis           count
            dataset         fake/facts: Facts
            publisher       {source.Info.Publisher}
            vintage         2026-03-03T12:00:00Z
            first seen      2026-03-01T12:00:00Z
            revision        2
            history         2026-03-01T12:00:00Z to 2026-03-02T12:00:00Z: Value 1 → 2
            history         2026-03-02T12:00:00Z to 2026-03-03T12:00:00Z: Value 2 → 5000, Note  → note{outside}
            raw body        {figure.Raw.Blob}
            SHA-256         {figure.Raw.Sha256}
            fetched         2026-03-03T12:00:00Z
            from            {source.Address}one
            place           word 3
            cite            {figure.Citation}

            """,
            FigureText.Write(figure),
            ignoreLineEndingDifferences: true
        );
    }

    public static TheoryData<string, string, string, string> Unknown =>
        new()
        {
            {
                "nothing",
                "a",
                "b",
                "table: seen \"nothing\", expected a table of figures: fakefacts; correct the address; rows of other "
                    + "tables are read with data/{table}"
            },
            {
                "history",
                "a",
                "b",
                "table: seen \"history\", expected a table of figures: fakefacts; correct the address; rows of other "
                    + "tables are read with data/{table}"
            },
            {
                "fakefacts",
                "fake|one",
                "z",
                "figure of fakefacts: seen \"fake|one\" \"z\", expected a row of this partition: \"a\" to \"c\"; "
                    + "correct the keys"
            },
            {
                "fakefacts",
                "fake",
                "a",
                "figure of fakefacts: seen \"fake\" \"a\", expected a partition that there is; the next one is "
                    + "\"fake|one\"; correct the keys"
            },
            {
                "fakefacts",
                "x' or PartitionKey ne '",
                "a",
                "figure of fakefacts: seen \"x' or PartitionKey ne '\" \"a\", expected a partition that there is; the "
                    + "first one is \"fake|one\"; correct the keys"
            },
        };

    [Theory]
    [MemberData(nameof(Unknown))]
    public async Task An_unknown_figure_is_answered_with_what_is_near(
        string table,
        string partition,
        string row,
        string message
    )
    {
        using var source = new FakeSource();
        await using var pipeline = await RevisedAsync(source);
        var refused = await Assert.ThrowsAsync<DataRefusedException>(() => FindAsync(pipeline, table, partition, row));
        Assert.Equal((message, true), (refused.Message, refused.IsMissing));
    }

    [Fact]
    public async Task A_figure_of_a_table_without_rows_says_so()
    {
        using var source = new FakeSource();
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        Assert.Equal(
            "figure of fakefacts: seen \"a\" \"b\", expected a row, but fakefacts has none yet; correct the keys",
            (await Assert.ThrowsAsync<DataRefusedException>(() => FindAsync(pipeline, "fakefacts", "a", "b"))).Message
        );
    }

    [Fact]
    public async Task A_body_that_is_gone_changed_or_read_otherwise_is_said_and_the_figure_stays()
    {
        using var source = new FakeSource();
        await using var pipeline = await RevisedAsync(source);
        var blob = (await FindAsync(pipeline, "fakefacts", "fake|one", "a")).Raw.Blob;
        var client = pipeline
            .Get<StorageAccount>()
            .Blobs.GetBlobContainerClient(Names.RawContainer)
            .GetBlobClient(blob);

        source.Reading = text => text.Replace("a=", "d=", StringComparison.Ordinal);
        Assert.Equal(("", "the present parser does not find the row in the body"), await RawAsync());

        source.Reading = text => text;
        var metadata = (await client.GetPropertiesAsync()).Value.Metadata;
        await client.DeleteAsync();
        Assert.Equal(("", "the body is no longer in the container raw"), await RawAsync());

        await client.UploadAsync(
            new BinaryData(Encoding.UTF8.GetBytes("a=9")),
            new Azure.Storage.Blobs.Models.BlobUploadOptions { Metadata = metadata }
        );
        Assert.Equal(
            ("", $"the body has changed since it was stored with SHA-256 {metadata["sha256"]}"),
            await RawAsync()
        );

        var table = await pipeline.TableAsync("fakefacts");
        var row = (await table.GetEntityAsync<Azure.Data.Tables.TableEntity>("fake|one", "a")).Value;
        row["RawBlob"] = "by hand";
        await table.UpdateEntityAsync(row, Azure.ETag.All);
        Assert.Equal(("", "the name of the body has another form, so that its parser is not known"), await RawAsync());
        row["RawBlob"] = blob.Replace("fake/", "gone/", StringComparison.Ordinal);
        await table.UpdateEntityAsync(row, Azure.ETag.All);
        await client.DeleteAsync();
        await pipeline
            .Get<StorageAccount>()
            .Blobs.GetBlobContainerClient(Names.RawContainer)
            .GetBlobClient(row.GetString("RawBlob"))
            .UploadAsync(
                new BinaryData("b=1 c=1 a=5000/note"),
                new Azure.Storage.Blobs.Models.BlobUploadOptions { Metadata = metadata }
            );
        Assert.Equal(
            ("", "no dataset has the slice gone/facts/one, so that its parser is not known"),
            await RawAsync()
        );

        async Task<(string Place, string Note)> RawAsync()
        {
            var figure = await FindAsync(pipeline, "fakefacts", "fake|one", "a");
            Assert.Equal(5000L, figure.Values[0].Value);
            return (figure.Raw.Place, figure.Raw.Note);
        }
    }

    [Theory]
    [InlineData(
        "census-trade",
        "trademonthly",
        "4621|imports|total",
        "2019-07|TOTAL",
        "ValueUsd 2,066,401,200 US dollars|YearToDateUsd"
    )]
    [InlineData("census-trade", "trademonthly", "4621|exports|total", "1995-03|TOTAL", "ValueUsd ")]
    [InlineData("unctad-fdi", "fdiannual", "643|inward|stock", "2012", "ValueUsd ")]
    [InlineData("unctad-fdi", "fdipartners", "643|inward|stock|host", "2012|USA", "ValueUsd 2,877,807,369 US dollars")]
    [InlineData("moex-holders", "holders", "ofz|", "", "SharePercent ")]
    public async Task The_place_of_a_figure_of_a_real_source_is_where_its_body_has_it(
        string source,
        string table,
        string partition,
        string row,
        string values
    )
    {
        await using var pipeline = new TestPipeline(
            new MemoryStorage(TimeProvider.System),
            [new(TestPipeline.Planned, source)]
        );
        await pipeline.RunAsync();
        if (row.Length == 0)
        {
            var any = (await pipeline.RowsAsync(table)).First(other =>
                other.PartitionKey.StartsWith(partition, StringComparison.Ordinal)
            );
            (partition, row) = (any.PartitionKey, any.RowKey);
        }
        var figure = await FindAsync(pipeline, table, partition, row);
        Assert.All(values.Split('|'), value => Assert.Contains(value, figure.Citation, StringComparison.Ordinal));
        Assert.Contains(figure.Raw.Place, figure.Citation, StringComparison.Ordinal);
        Assert.Equal("", figure.Raw.Note);
        Assert.NotEqual("", figure.Raw.Place);
        Assert.NotEqual("", figure.Raw.From);
        Assert.EndsWith($", SHA-256 {figure.Raw.Sha256}.", figure.Citation, StringComparison.Ordinal);
        Assert.Contains(figure.Raw.Sha256[..12], figure.Raw.Blob, StringComparison.Ordinal);
        await AssertStandsThereAsync(pipeline, figure);
    }

    /// <summary>Looks the place up in bodies that have lines, or rows of JSON.</summary>
    private static async Task AssertStandsThereAsync(TestPipeline pipeline, FigureDocument figure)
    {
        Assert.True(RawName.TryParse(figure.Raw.Blob, out var name));
        if (name.Extension is not ("json" or "csv") || figure.Raw.Place.Contains(',', StringComparison.Ordinal))
            return;
        await using var body = await pipeline.Get<RawStore>().OpenAsync(name, CancellationToken.None);
        var number = int.Parse(figure.Raw.Place.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        using var reader = new StreamReader(body.Rewind());
        var text = await reader.ReadToEndAsync();
        if (name.Extension == "csv")
        {
            var code = figure.Partition.Split('|')[0];
            var line = text.Split('\n')[number - 1];
            Assert.Contains(figure.Row.Split('|')[0][..4], line, StringComparison.Ordinal);
            Assert.Contains(code is "643" && figure.Row.Contains('|', StringComparison.Ordinal) ? "USA" : code, line);
            return;
        }
        using var json = JsonDocument.Parse(text);
        var cells = json.RootElement[number].EnumerateArray().Select(cell => $"{cell}").ToList();
        Assert.Contains($"{figure.Values[0].Value}", cells);
        Assert.Contains(figure.Partition.Split('|')[0], cells);
    }
}
