using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Loading;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Sources.Tests;

/// <summary>The columns that a table declares for its keys, and the place that a parser gives each row.</summary>
public sealed class KeyColumnTests
{
    /// <summary>The sources, with a place as it stands in one of their samples, for each form of a body.</summary>
    public static TheoryData<string, string[]> Sources =>
        new()
        {
            { "census-trade", [@"^row \d+$", @"^row \d+, column [IE][A-Z]+$"] },
            { "unctad-fdi", [@"^line \d+$"] },
            { "moex-holders", [@"^line \d+$", @"^row \d+"] },
        };

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Keys_are_made_of_the_declared_columns_and_every_row_is_found_at_its_place(
        string source,
        string[] places
    )
    {
        await using var pipeline = new TestPipeline(
            new MemoryStorage(TimeProvider.System),
            [new(TestPipeline.Planned, source)]
        );
        await pipeline.RunAsync();
        var sources = pipeline.Get<SourceCatalog>();
        var tables = sources[source].AllDatasets.Select(dataset => dataset.Info.Table).Distinct().ToList();
        foreach (var table in tables)
        {
            var rows = new List<FactRow>();
            await foreach (
                var row in pipeline.Get<FactStore>().QueryAsync(table, "PartitionKey ge ''", CancellationToken.None)
            )
            {
                rows.Add(row);
            }
            Assert.NotEmpty(rows);
            Assert.All(rows, row => AssertKeys(table, row));
        }

        var seen = new HashSet<string>();
        foreach (var name in await pipeline.Get<RawStore>().ListAsync(source, CancellationToken.None))
        {
            await using var body = await pipeline.Get<RawStore>().OpenAsync(name, CancellationToken.None);
            var parser = await sources
                .Of(name.Slice)
                .CreateParserAsync(
                    name.Slice,
                    pipeline.Get<Judgement>().Context(name.Slice, name.Vintage),
                    CancellationToken.None
                );
            var (_, all) = await parser.ParseAsync(body.Rewind());
            var own = all.Rows.Select(row => row.Place.ToString()).ToList();
            Assert.Equal(own.Count, own.Distinct().Count());
            Assert.All(own, place => Assert.Contains(places, pattern => Matches(place, pattern)));
            seen.UnionWith(places.Where(pattern => own.Exists(place => Matches(place, pattern))));
        }
        Assert.Equal(places.Order(), seen.Order());

        static bool Matches(string place, string pattern) =>
            System.Text.RegularExpressions.Regex.IsMatch(place, pattern);
    }

    private static void AssertKeys(FactTable table, FactRow row)
    {
        Assert.Equal(Join(table.PartitionColumns), row.PartitionKey);
        Assert.Contains(table.PeriodColumn, table.RowColumns);
        var key = Join(table.RowColumns);
        Assert.True(
            row.RowKey == key || row.RowKey.StartsWith(key + "|", StringComparison.Ordinal),
            $"{table.Name} {row.RowKey} does not begin with {key}"
        );

        string Join(IEnumerable<string> columns) =>
            string.Join('|', columns.Select(column => Keys.Part(row.GetType().GetProperty(column)!.GetValue(row)!)));
    }
}
