using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Loading;
using Pipeline.Report;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Sources.Census;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>
/// A request that was recorded on two days: the first run loads both vintages, the older one first, and leaves the
/// revision in <c>history</c>.
/// </summary>
public sealed class VintagesTests
{
    private static readonly Slice Revised = new("census-trade", "imports-total", "2022");
    private static readonly DateTimeOffset First = new(2024, 8, 15, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Second = new(2025, 10, 15, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// The trade of three years and the file of all countries: seven slices, of which one has two recordings.
    /// </summary>
    private static TestPipeline Open(MemoryStorage storage) =>
        new(storage, [new("Census__From", "2022-01"), new("Census__Levels", "total")]);

    private static MemoryStorage NewStorage() => new(TimeProvider.System);

    [Fact]
    public async Task The_first_run_loads_both_and_history_has_what_was_known_in_between()
    {
        await using var pipeline = Open(NewStorage());
        await pipeline.RunAsync();

        var history = await pipeline.RowsAsync("history");
        Assert.All(history, row =>
            Assert.Equal(
                ("trademonthly|4621|imports|total", First, Second, true),
                (
                    row.PartitionKey,
                    row.GetDateTimeOffset("ValidFrom"),
                    row.GetDateTimeOffset("ValidTo"),
                    row.GetBoolean("InPolicy")
                )
            )
        );
        // What is published as of a year to date changes with each month before.
        Assert.Equal(
            ["2022-05", "2022-06", "2022-07", "2022-08", "2022-09", "2022-10", "2022-11", "2022-12"],
            history.Select(row => row.RowKey[..7])
        );
        Assert.Equal(
            [
                "ValueUsd,YearToDateUsd "
                    + """{"ValueUsd":"1125202795","YearToDateUsd":"10469054281"} """
                    + """{"ValueUsd":"1125202203","YearToDateUsd":"10469053689"}""",
                "YearToDateUsd 11130141708 11130141116",
                "ValueUsd,YearToDateUsd "
                    + """{"ValueUsd":"637908720","YearToDateUsd":"14437127572"} """
                    + """{"ValueUsd":"637835184","YearToDateUsd":"14437053444"}""",
            ],
            new[] { history[0], history[1], history[^1] }.Select(row =>
                $"{row["Column"]} {row["OldValue"]} {row["NewValue"]}"
            )
        );
        var december = Assert.Single(await pipeline.RowsAsync("trademonthly", December));
        Assert.Equal(
            (637_835_184L, 1, First, Second, Second),
            (
                december.GetInt64("ValueUsd"),
                december.GetInt32("Revision"),
                december.GetDateTimeOffset("FirstSeen"),
                december.GetDateTimeOffset("LastChanged"),
                december.GetDateTimeOffset("Vintage")
            )
        );
    }

    [Fact]
    public async Task Each_vintage_is_a_body_with_a_run_that_was_completed()
    {
        await using var pipeline = Open(NewStorage());
        await pipeline.RunAsync();
        var bodies = await pipeline.Get<RawStore>().ListAsync(Revised, CancellationToken.None);
        Assert.Equal([First, Second], bodies.Select(body => body.Vintage));
        var runs = (await pipeline.RunsAsync()).Where(run => run.Slice == Revised).OrderBy(run => run.Vintage);
        Assert.Equal(
            [
                (First, RunState.Done, new RowCounts(12, 12, 0, 0, 0, 0, 0)),
                (Second, RunState.Done, new RowCounts(12, 0, 8, 4, 0, 0, 0)),
            ],
            runs.Select(run => (run.Vintage, run.State, run.Counts))
        );
    }

    [Theory]
    [InlineData("2024-08-14", null)]
    [InlineData("2024-08-15", 637_908_720)]
    [InlineData("2025-10-14", 637_908_720)]
    [InlineData("2025-10-15", 637_835_184)]
    public async Task As_of_a_day_a_figure_is_that_of_the_recording_before(string day, int? expected)
    {
        await using var pipeline = Open(NewStorage());
        await pipeline.RunAsync();
        var rows = await FactsAsOf.ReadAsync(
            pipeline.Get<FactStore>(),
            TradeMonthly.Table,
            December,
            partition => partition == "4621|imports|total",
            DateTimeOffset.Parse($"{day}T23:59:59Z", System.Globalization.CultureInfo.InvariantCulture),
            CancellationToken.None
        );
        Assert.Equal(
            expected,
            rows.Cast<TradeMonthly>().SingleOrDefault(row => row.RowKey == "2022-12|TOTAL")?.ValueUsd
        );
    }

    [Fact]
    public async Task A_second_run_asks_for_the_newest_recording_alone_and_writes_nothing()
    {
        var storage = NewStorage();
        await using var pipeline = Open(storage);
        await pipeline.RunAsync();
        var (ledger, before) = (await pipeline.LedgerAsync(), await VersionsAsync(pipeline));

        await pipeline.RunAsync();

        Assert.Equal(ledger, await pipeline.LedgerAsync());
        Assert.Equal(before, await VersionsAsync(pipeline));
        var again = (await pipeline.RunsAsync()).Where(run => run.Slice == Revised && run.State == RunState.Unchanged);
        Assert.Single(again);
    }

    /// <summary>
    /// The message after any number of steps is lost with its process: the next run continues, and the older vintage is
    /// never passed over.
    /// </summary>
    [Fact]
    public async Task A_first_run_that_is_killed_is_continued_by_the_next()
    {
        var quiet = NewStorage();
        await using var undisturbed = Open(quiet);
        await undisturbed.RunAsync();
        var expected = await ContentAsync(undisturbed);
        for (var steps = 0; ; steps++)
        {
            var storage = NewStorage();
            bool isKilled;
            await using (var killed = Open(storage))
            {
                await killed.Get<Plan>().RunAsync("census-trade", CancellationToken.None);
                for (var done = 0; done < steps; done++)
                    await killed.WorkAsync();
                isKilled = await TakeAsync(killed);
            }
            await using var next = Open(storage);
            await next.RunAsync();
            await next.RunAsync();
            Assert.Equal(expected.Prepend($"{steps} steps"), (await ContentAsync(next)).Prepend($"{steps} steps"));
            if (!isKilled)
                break;
        }
    }

    /// <summary>
    /// The file of the whole world is as old as the older recording. It is compared again once the newer one is loaded,
    /// so that its note does not tell of fewer months than differ.
    /// </summary>
    [Fact]
    public async Task What_is_compared_is_compared_with_the_newest_recording()
    {
        await using var pipeline = new TestPipeline(NewStorage(), [new("Census__Levels", "total")]);
        await pipeline.RunAsync();
        var notes = (await pipeline.RunsAsync())
            .SelectMany(run => run.AllNotes)
            .Where(note => note.Contains("differ for imports", StringComparison.Ordinal));
        Assert.StartsWith(
            "the file and the API differ for imports with 4621 in 14 months: 2022-05 file 1,125,202,795, API "
                + "1,125,202,203; ",
            Assert.Single(notes),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_page_shows_the_revision_and_the_last_run_however_old_the_recordings_are()
    {
        await using var pipeline = Open(NewStorage());
        await pipeline.RunAsync();
        var revisions = await pipeline.Get<RevisionReader>().ReadAsync(CancellationToken.None);
        Assert.Equal((8, 0, 0), (revisions.Total, revisions.OutOfPolicy, revisions.Odd));
        // The oldest recording of any source: the capitalisation of 2017-06-23.
        Assert.Equal(new DateTimeOffset(2017, 6, 24, 0, 0, 0, TimeSpan.Zero), revisions.Since);
        var rows = await pipeline.Get<SliceBook>().ListAsync("census-trade", CancellationToken.None);
        var last = await pipeline.Get<StandingReader>().LastRunAsync("census-trade", rows, CancellationToken.None);
        Assert.Equal((7, 3_540L, 8L), (last!.Slices, last.Counts.Read, last.Counts.Changed));
    }

    [Theory]
    [InlineData(null, "", "", "2024-08-15")]
    [InlineData(SliceState.Pulled, "", "2024-08-15", "2024-08-15")]
    [InlineData(SliceState.Loading, "2024-08-15", "", "2024-08-15")]
    [InlineData(SliceState.Loaded, "2024-08-15", "", "2024-08-15")]
    [InlineData(SliceState.Published, "2024-08-15", "", "2025-10-15")]
    [InlineData(SliceState.Pulled, "2024-08-15", "2025-10-15", "2025-10-15")]
    [InlineData(SliceState.Quarantined, "2024-08-15", "", "2025-10-15")]
    [InlineData(SliceState.Published, "2025-10-15", "", "2025-10-15")]
    [InlineData(SliceState.Published, "2026-11-30", "", "2025-10-15")]
    [InlineData(SliceState.Published, "2024-08-15", "", "2025-10-15", true)]
    public async Task The_next_recording_follows_the_one_that_answered(
        SliceState? state,
        string loaded,
        string pending,
        string expected,
        bool isRestored = false
    )
    {
        await using var pipeline = Open(NewStorage());
        var answered = (pending.Length > 0 ? pending : loaded) is { Length: > 0 } day
            ? Day(day)
            : (DateTimeOffset?)null;
        var row = new SliceRow(Revised)
        {
            State = state,
            RecordedOn = isRestored ? null : answered,
            Loaded =
                loaded.Length > 0 && state != SliceState.Loading
                    ? new LoadedBody(Body(loaded), new string('a', 64), 12)
                    : null,
            Loading = state == SliceState.Loading ? Body(loaded) : null,
            Pending = pending.Length > 0 ? Body(pending) : null,
        };
        Assert.Equal(Day(expected), pipeline.Get<SourceCatalog>().NextRecording(row));
    }

    [Theory]
    [InlineData("2020-01-01", "2024-08-15")]
    [InlineData("2024-08-15", "2024-08-15")]
    [InlineData("2025-10-14", "2024-08-15")]
    [InlineData("2026-11-30", "2025-10-15")]
    public async Task Now_is_the_day_of_the_newest_recording_up_to_then(string moment, string expected)
    {
        await using var pipeline = Open(NewStorage());
        Assert.Equal(Day(expected), pipeline.Get<SourceCatalog>().Now(Revised, Day(moment)));
    }

    private const string December = "PartitionKey eq '4621|imports|total' and RowKey eq '2022-12|TOTAL'";

    private static DateTimeOffset Day(string day) =>
        new(DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture), TimeOnly.MinValue, TimeSpan.Zero);

    private static RawName Body(string day) => new(Revised, Day(day), new string('a', 12), "json");

    /// <summary>Takes a message and never works on it; false when there is none.</summary>
    private static async Task<bool> TakeAsync(TestPipeline pipeline)
    {
        foreach (var queue in Names.Queues)
        {
            if ((await pipeline.Queue(queue).ReceiveMessageAsync(TimeSpan.FromHours(1))).Value is not null)
                return true;
        }
        return false;
    }

    private static async Task<List<string>> ContentAsync(TestPipeline pipeline)
    {
        var rows = new List<string>();
        foreach (var table in (string[])["trademonthly", "history"])
        {
            rows.AddRange(
                (await pipeline.RowsAsync(table)).Select(row =>
                    $"{table} "
                    + string.Join(
                        '|',
                        row.Where(cell => cell.Key is not ("odata.etag" or "Timestamp"))
                            .OrderBy(cell => cell.Key, StringComparer.Ordinal)
                            .Select(cell => $"{cell.Key}={cell.Value}")
                    )
                )
            );
        }
        return rows;
    }

    private static async Task<List<string>> VersionsAsync(TestPipeline pipeline)
    {
        var versions = new List<string>();
        foreach (var table in (string[])["trademonthly", "history", "indicators", "claims", "gaps"])
            versions.AddRange((await pipeline.RowsAsync(table)).Select(Version));
        return versions;
    }

    private static string Version(TableEntity row) => $"{row.PartitionKey} {row.RowKey} {row.ETag}";
}
