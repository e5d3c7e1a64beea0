using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Loading;

/// <summary>What a table held at a moment, after bodies that changed, removed and brought back its rows.</summary>
public sealed class FactsAsOfTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>One body a day.</summary>
    private static readonly string[] Bodies =
    [
        "a=1 b=1 c=1",
        "a=2 b=1 c=1",
        "a=2/note b=1 c=1",
        "a=4/other b=1 c=1",
        "b=1 c=1 d=7",
        "a=5 b=1 c=2",
    ];

    [Fact]
    public async Task Every_day_is_found_again_as_it_was_also_while_rows_were_gone()
    {
        using var source = new FakeSource { Coverage = Pipeline.Datasets.Coverage.ByHand };
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        var days = new List<string>();
        foreach (var body in Bodies)
        {
            source.Body = body;
            await pipeline.RunAsync();
            days.Add(Text(await NowAsync(pipeline)));
            clock.Advance(TimeSpan.FromDays(1));
        }
        Assert.Equal("", Text(await AsOfAsync(pipeline, Start.AddHours(-1))));
        for (var day = 0; day < Bodies.Length; day++)
        {
            Assert.Equal(days[day], Text(await AsOfAsync(pipeline, Start.AddDays(day).AddHours(1))));
            // Valid from the very moment on, and not a tick earlier.
            Assert.Equal(days[day], Text(await AsOfAsync(pipeline, Start.AddDays(day))));
            if (day > 0)
                Assert.Equal(days[day - 1], Text(await AsOfAsync(pipeline, Start.AddDays(day).AddTicks(-1))));
        }
        Assert.NotEqual(days[3], days[4]);
    }

    [Fact]
    public async Task Other_partitions_are_left_out_also_those_whose_rows_are_gone()
    {
        using var source = new FakeSource { Coverage = Pipeline.Datasets.Coverage.ByHand };
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        foreach (var body in (string[])["a=1 b=1", "b=1"])
        {
            source.Body = body;
            await pipeline.RunAsync();
            clock.Advance(TimeSpan.FromDays(1));
        }
        Assert.Empty(
            await FactsAsOf.ReadAsync(
                pipeline.Get<FactStore>(),
                FakeFact.Table,
                "PartitionKey eq 'other'",
                partition => partition == "other",
                Start,
                CancellationToken.None
            )
        );
        Assert.Equal(2, (await AsOfAsync(pipeline, Start)).Count);
    }

    [Theory]
    [InlineData(
        "Value",
        "12,5",
        "history of FakeFact fake|one a, column Value: seen \"12,5\", expected a value that the column can have; "
            + "correct or remove the row of history: The input string '12,5' was not in a correct format."
    )]
    [InlineData(
        "Weight",
        "1",
        "history of FakeFact fake|one a, column Weight: seen \"1\", expected a value that the column can have; "
            + "correct or remove the row of history: there is no such column"
    )]
    public async Task A_row_of_history_that_cannot_be_understood_is_named(string column, string old, string message)
    {
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(
            new MemoryStorage(new FakeTimeProvider(Start)),
            source,
            new FakeTimeProvider(Start)
        );
        source.Body = "a=1";
        await pipeline.RunAsync();
        await (await pipeline.TableAsync(Names.History)).AddEntityAsync(
            new TableEntity("fakefacts|fake|one", $"a|{Start.AddDays(-1).UtcTicks:D19}")
            {
                ["Column"] = column,
                ["OldValue"] = old,
                ["ValidFrom"] = Start.AddDays(-1),
                ["ValidTo"] = Start,
            }
        );
        Assert.Equal(
            message,
            (await Assert.ThrowsAsync<InvalidDataException>(() => AsOfAsync(pipeline, Start.AddHours(-1)))).Message
        );
    }

    private static Task<List<FactRow>> AsOfAsync(TestPipeline pipeline, DateTimeOffset moment) =>
        FactsAsOf.ReadAsync(
            pipeline.Get<FactStore>(),
            FakeFact.Table,
            "PartitionKey ge 'f'",
            _ => true,
            moment,
            CancellationToken.None
        );

    private static async Task<List<FactRow>> NowAsync(TestPipeline pipeline)
    {
        var rows = new List<FactRow>();
        await foreach (
            var row in pipeline
                .Get<FactStore>()
                .QueryAsync(FakeFact.Table, "PartitionKey ge 'f'", CancellationToken.None)
        )
        {
            rows.Add(row);
        }

        return rows;
    }

    private static string Text(IEnumerable<FactRow> rows) =>
        string.Join(
            ' ',
            rows.Cast<FakeFact>()
                .Select(row => $"{row.RowKey}={row.Value}/{row.Note}@{row.LastChanged:MM-dd}")
                .Order(StringComparer.Ordinal)
        );
}
