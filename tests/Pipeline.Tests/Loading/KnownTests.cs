using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Loading;

/// <summary>What is read of a table before a slice is loaded again.</summary>
public sealed class KnownTests(Azurite azurite)
{
    private static readonly FakeSource Source = new();
    private static readonly DateTimeOffset Day = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Keys from b to d of all partitions of <c>p</c>.</summary>
    private static readonly SliceScope Scope = new(
        TableClient.CreateQueryFilter(
            $"PartitionKey ge {"p"} and PartitionKey lt {"q"} and RowKey ge {"b"} and RowKey lt {"d"}"
        ),
        ("b", "d"),
        (partition, row) =>
            partition[0] == 'p' && string.CompareOrdinal(row, "b") >= 0 && string.CompareOrdinal(row, "d") < 0
    );

    private static readonly (string, string)[] Rows =
    [
        ("p1", "a"),
        ("p1", "b"),
        ("p1", "c"),
        ("p2", "b"),
        ("p2", "d"),
        ("p3", "c"),
        ("x", "c"),
    ];

    [Theory]
    [InlineData(4, "p1,p2,p3", "p1 p2 p3")] // As many as there are: nothing else is asked.
    [InlineData(4, "p1,p1,p2,p3,p4", "p1 p2 p3 p4")]
    [InlineData(4, "p1,p2", "p1 p2 all")] // A partition is lacking in the list.
    [InlineData(5, "p1,p2,p3", "p1 p2 p3 all")] // The ledger and the table differ.
    [InlineData(4, "", "all")]
    [InlineData(-1, "", "all")] // Nothing is known.
    public async Task Partitions_alone_are_read_where_that_gives_as_many_rows_as_the_table_has(
        int rows,
        string partitions,
        string asked
    )
    {
        var account = azurite.NewAccount();
        await using (var first = new TestPipeline(account, Source))
        {
            var facts = await first.Get<FactStore>().OpenAsync(FakeFact.Table);
            foreach (var (partition, row) in Rows)
            {
                await facts.AddEntityAsync(
                    new FakeFact
                    {
                        PartitionKey = partition,
                        RowKey = row,
                        RowHash = $"{partition}{row}",
                        RunId = "run",
                        Revision = 3,
                        Vintage = Day,
                        FirstSeen = Day,
                        LastChanged = Day,
                    }
                );
            }
        }
        var queries = new System.Collections.Concurrent.ConcurrentBag<string>();
        await using var pipeline = new TestPipeline(
            account,
            Source,
            new AroundPolicy(request =>
            {
                if (
                    Uri.UnescapeDataString(request.Uri.ToUri().Query) is var query
                    && query.Contains("$filter", StringComparison.Ordinal)
                )
                {
                    queries.Add(
                        query.Contains("PartitionKey eq 'p", StringComparison.Ordinal) ? query.Split('\'')[1] : "all"
                    );
                }

                return false;
            })
        );
        var known = await Known.ReadAsync(
            pipeline.Get<FactStore>(),
            FakeFact.Table,
            Scope,
            rows < 0 ? null : (partitions.Split(',', StringSplitOptions.RemoveEmptyEntries), rows),
            CancellationToken.None
        );
        Assert.Equal(
            asked,
            string.Join(' ', queries.OrderBy(query => query == "all").ThenBy(query => query, StringComparer.Ordinal))
        );
        Assert.Equal(4, known.Count);
        Assert.Equal(
            (RowHash.Digest("p1c"), "run", 3, 1),
            known.Meet("p1", "c") is { } entry ? (entry.Hash, entry.RunId, entry.Revision, entry.Place) : default
        );
        Assert.Null(known.Meet("p1", "a"));
        Assert.Null(known.Meet("x", "c"));
        Assert.Equal([("p1", "b"), ("p2", "b"), ("p3", "c")], known.Unseen.Order());
    }
}
