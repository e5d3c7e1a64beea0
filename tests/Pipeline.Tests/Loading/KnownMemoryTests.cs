using Pipeline.Loading;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Loading;

/// <summary>Measured alone: what other tests allocate at the same time would count.</summary>
[CollectionDefinition(nameof(KnownMemoryTests), DisableParallelization = true)]
[Collection(nameof(KnownMemoryTests))]
public sealed class KnownMemoryTests
{
    /// <summary>Many partners have the months and commodities of one another.</summary>
    [Fact]
    public void A_row_of_the_table_takes_at_most_60_bytes()
    {
        const int partitions = 200,
            rows = 1000;
        var known = new Known();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var partition = 0; partition < partitions; partition++)
        {
            for (var row = 0; row < rows; row++)
            {
                known.Add(
                    new FakeFact
                    {
                        PartitionKey = $"p{partition}",
                        RowKey = $"2023-01|{row:000000}",
                        RowHash = $"{partition:x16}{row:x16}",
                        RunId = new string('r', 33),
                    }
                );
            }
        }
        known.Complete();
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Equal(partitions * rows, known.Count);
        Assert.True(bytes <= 60 * known.Count, $"{bytes} bytes for {known.Count} rows, expected at most 60 a row");
    }
}
