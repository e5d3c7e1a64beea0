using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Loading;

/// <summary>A number that the publisher withdraws leaves no older one behind in the table.</summary>
public sealed class MissingNumberTests
{
    /// <summary>A row that says nothing of the column but in <see cref="Describe"/>, as a new source does.</summary>
    internal sealed class Count : FactRow
    {
        public static FactTable Table { get; } = new FactTable<Count>("counts");

        [Meaning("The ships")]
        public long? Ships { get; set; }

        [Meaning("The tonnes")]
        public double Tonnes { get; set; }

        public override void Describe<TSink>(ref TSink sink)
        {
            sink.Add(nameof(Ships), Ships);
            sink.Add(nameof(Tonnes), Tonnes);
        }
    }

    private static async Task LoadAsync(TestPipeline pipeline, int day, Count row)
    {
        var facts = pipeline.Get<FactStore>();
        (row.PartitionKey, row.RowKey) = ("p", "a");
        var known = await Known.ReadAsync(
            facts,
            Count.Table,
            SliceScope.OfPartition("p"),
            null,
            CancellationToken.None
        );
        await using var merge = new Merge(
            Count.Table,
            await facts.OpenAsync(Count.Table),
            await facts.OpenHistoryAsync(),
            new MergeRun(
                "fake",
                "facts",
                new DateTimeOffset(2024, 1, day, 0, 0, 0, TimeSpan.Zero),
                "blob",
                $"run{day}"
            ),
            known,
            _ => true,
            new MergeOthers(() => Task.CompletedTask, _ => Task.FromResult(false))
        );
        await merge.AddAsync(row, CancellationToken.None);
        var result = await merge.CompleteAsync(mayRemove: true, CancellationToken.None);
        Assert.Equal(1, result.Added + result.Changed);
    }

    private static async Task<TableEntity> StoredAsync(TestPipeline pipeline) =>
        Assert.Single(await pipeline.RowsAsync(Count.Table.Name));

    [Fact]
    public async Task A_number_that_becomes_empty_is_taken_out_of_the_table_and_goes_to_history()
    {
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, 1, new Count { Ships = 5, Tonnes = 1 });
        Assert.Equal(5L, (await StoredAsync(pipeline))["Ships"]);

        await LoadAsync(pipeline, 2, new Count { Ships = null, Tonnes = 1 });

        Assert.DoesNotContain("Ships", (await StoredAsync(pipeline)).Keys);
        var old = Assert.Single(await pipeline.RowsAsync("history"));
        Assert.Equal(("Ships", "5", ""), (old["Column"], old["OldValue"], old["NewValue"]));
        await LoadAsync(pipeline, 3, new Count { Ships = 7, Tonnes = 1 });
        Assert.Equal(7L, (await StoredAsync(pipeline))["Ships"]);
    }

    [Theory]
    [InlineData(5L, 1, false)]
    [InlineData(0L, double.NaN, false)]
    [InlineData(null, 1, true)]
    public void A_row_lacks_a_column_if_a_number_that_may_be_missing_is_null(long? ships, double tonnes, bool lacks) =>
        Assert.Equal(lacks, new Count { Ships = ships, Tonnes = tonnes }.LacksColumn);
}
