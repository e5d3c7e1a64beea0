using System.Globalization;
using System.Text;
using Pipeline.Faults.Sources;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Guards;

/// <summary>
/// Figures that cannot be true: of another magnitude, far above their neighbours, later than their body, or not there.
/// They change nothing, are kept and reported, and an operator who accepts them is not asked again.
/// </summary>
public sealed class FigureGuardTests
{
    private const string Note = "magnitudes, spikes, dates, checks that cannot decide";

    private static readonly SourceCase Capitalisation = SourceCase.All.Single(dataset =>
        dataset.Path == SourceData.IssPath
    );

    /// <summary>Four economies: what is said of a whole release is accepted and loaded in no time.</summary>
    private static readonly string[] Economies = ["643", "660", "840", "999"];

    private static SourceCase Extract => GuardTests.Bulk with { Make = server => SourceCase.Unctad(server) };

    private static readonly Lazy<Task<(MemoryStorage Storage, DateTimeOffset Moment)>> Loaded = new(() =>
        GuardTests.LoadAsync(Extract, _ => GuardTests.Packed(Few()), GuardTests.AfterRelease)
    );

    public static TheoryData<string, string> Releases { get; } =
        new()
        {
            { "x 1000", "seen 560 of 560 figures that are 1000 times those of the table, expected figures in" },
            { "/ 1000", "seen 560 of 560 figures that are 0.001 times those of the table, expected figures in" },
            { "x 0.9", "seen 560 of 560 figures that are 0.9 times those of the table, expected figures in" },
            { "spike", "), the first: fdiannual 840|inward|stock 2001: seen " },
            { "later", "seen 2025 as the last year, expected no year after 2024, the last that can be" },
        };

    [Theory, MemberData(nameof(Releases))]
    public async Task A_release_that_cannot_be_true_changes_nothing_until_it_is_accepted_and_is_remembered(
        string fault,
        string seen
    )
    {
        var (loaded, moment) = await Loaded.Value;
        var spoilt = fault switch
        {
            "x 1000" => Few().Select(row => Times(row, 1000)),
            "/ 1000" => Few().Select(row => Times(row, 0.001m)),
            "x 0.9" => Few().Select(row => Times(row, 0.9m)),
            "spike" => Few().Select(row => IsStock(row, 2001) ? Times(row, 100) : row),
            _ => Few(2025),
        };
        // The next vintage revises one figure, and still has what was accepted.
        var revised = spoilt.Select(row => IsStock(row, 2010) ? Times(row, 1.1m) : row);
        await RefusedAsync(
            new Offer(Extract, loaded, moment, fault, seen),
            _ => GuardTests.Packed(spoilt),
            _ => GuardTests.Packed(revised)
        );

        static bool IsStock(Fdi.Row row, int year) =>
            row is { Code: "840", Flow: "09", Direction: 1 } && row.Year == year;
    }

    private static List<Fdi.Row> Few(int last = 2024) =>
        [.. Fdi.Release(20, last: last).Where(row => row.Code == "0000" || Economies.Contains(row.Code))];

    public static TheoryData<string, string> Slips { get; } =
        new()
        {
            { "x 1000", " US dollars in the world, expected 5000000000 to 20000000000000, which holds every year" },
            { "/ 1000", " US dollars in the world, expected 5000000000 to 20000000000000, which holds every year" },
            { "undecided", "inward flow: seen a figure of the world that cannot be read, expected one" },
        };

    [Theory, MemberData(nameof(Slips))]
    public async Task A_whole_release_in_another_unit_or_without_a_total_changes_nothing(string fault, string seen)
    {
        var (loaded, moment) = await GuardTests.Loaded.Value;
        var release = Fdi.Release(230);
        var spoilt = fault switch
        {
            "x 1000" => release.Select(row => Times(row, 1000)),
            "/ 1000" => release.Select(row => Times(row, 0.001m)),
            _ => release.Select(row =>
                row is { Year: 2001, Code: "0000", Flow: "08", Direction: 1 } ? row with { Value = "?" } : row
            ),
        };
        await RefusedAsync(new Offer(GuardTests.Bulk, loaded, moment, fault, seen), _ => GuardTests.Packed(spoilt));
    }

    /// <summary>A body that is offered over a good one.</summary>
    private sealed record Offer(
        SourceCase Dataset,
        MemoryStorage Loaded,
        DateTimeOffset Moment,
        string Fault,
        string Seen
    );

    /// <param name="offer">The body, and what is said of it.</param>
    /// <param name="bad">Makes it of the right one.</param>
    /// <param name="next">Makes the next vintage; null where the body is not accepted.</param>
    private static async Task RefusedAsync(Offer offer, Func<byte[], byte[]> bad, Func<byte[], byte[]>? next = null)
    {
        using var proof = Proof.Try(Proof.Guard, Note, 1);
        await using var server = await SourceSimulator.StartAsync();
        var dataset = offer.Dataset;
        var clock = new VirtualClock(offer.Moment, SourceCase.Patience);
        var storage = offer.Loaded.Copy(clock);
        await using var pipeline = dataset.Open(server, clock, storage);
        var before = await GuardTests.VersionsAsync(pipeline, dataset);
        Assert.NotEmpty(before);
        await PullAsync(2, offer.Seen, bad);

        Assert.Equal(before, await GuardTests.VersionsAsync(pipeline, dataset));
        Assert.Empty(await pipeline.RowsAsync(Names.History));
        var row = await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None);
        Assert.Equal(SliceState.Quarantined, row.State);
        Assert.Contains(offer.Seen, row.LastError, StringComparison.Ordinal);
        var body = (await pipeline.Get<RawStore>().ListAsync(dataset.Slice, CancellationToken.None))[^1];
        Assert.All(await OpenAsync(pipeline), reject => Assert.Equal(body.Blob, reject));
        Assert.NotEmpty(await OpenAsync(pipeline));
        var refused = await RunAsync(body);
        Assert.True(
            refused is { State: RunState.Quarantined, Counts: { AddUp: true, Added: 0, Changed: 0 } },
            $"{refused}"
        );
        if (next is null)
        {
            proof.Held();
            return;
        }

        await AcceptAsync();
        var accepted = await GuardTests.VersionsAsync(pipeline, dataset);
        var history = (await pipeline.RowsAsync(Names.History)).Count;
        Assert.NotEqual(before, accepted);
        Assert.Empty(await OpenAsync(pipeline));
        var run = await RunAsync(body);
        Assert.True(run is { State: RunState.Done, Counts: { AddUp: true, Rejected: 0 } }, $"{run}");
        Assert.Contains("accepted by an operator: ", run.Notes, StringComparison.Ordinal);
        // Loaded once: saying it again changes nothing.
        await AcceptAsync();
        Assert.Equal(accepted, await GuardTests.VersionsAsync(pipeline, dataset));
        Assert.Equal(history, (await pipeline.RowsAsync(Names.History)).Count);
        // Remembered: the next vintage is not asked about.
        server.Data = new SourceData(5, 3);
        await PullAsync(3, "", next);
        row = await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None);
        Assert.Equal((offer.Fault, SliceState.Published, ""), (offer.Fault, row.State, row.LastError));
        Assert.Equal(history + 1, (await pipeline.RowsAsync(Names.History)).Count);
        await Snapshot.TakeAsync(pipeline);
        proof.Held();

        async Task PullAsync(int version, string seen, Func<byte[], byte[]> make)
        {
            server.Data = new SourceData(5, version);
            GuardTests.Answer(server, dataset, seen, make);
            clock.Advance(TimeSpan.FromDays(1));
            await dataset.PullAsync(pipeline, server, clock, storage);
        }

        async Task AcceptAsync()
        {
            clock.Advance(TimeSpan.FromHours(1));
            var replaying = await pipeline
                .Get<Replay>()
                .RunAsync(dataset.SliceId, Replay.Raw, accept: true, CancellationToken.None);
            Assert.Null(replaying.Refusal);
            await Host.DrainAsync(pipeline, clock, storage);
        }

        async Task<RunRow> RunAsync(RawName name) =>
            (await pipeline.RunsAsync()).Single(run => run.RunId == name.RunId);
    }

    public static TheoryData<string, string, string, string> Figures { get; } =
        new()
        {
            { "x 1000", "40000000", "40000000000", ", expected 1000000000000 to 1000000000000000, which" },
            { "/ 1000", "40000000", "40000", ", expected 1000000000000 to 1000000000000000, which" },
            { "later", "2020-02-14", "2020-04-14", "seen 2020-04-14, expected no later than 2020-03-21" },
        };

    [Theory, MemberData(nameof(Figures))]
    public async Task A_figure_that_cannot_be_true_leaves_the_table_until_it_is_accepted(
        string fault,
        string right,
        string wrong,
        string seen
    )
    {
        using var proof = Proof.Try(Proof.Guard, Note, 1);
        var (loaded, moment) = await GuardTests.LoadAsync(Capitalisation, body => body, SourceCase.Start);
        await using var server = await SourceSimulator.StartAsync();
        var clock = new VirtualClock(moment.AddDays(1), SourceCase.Patience);
        var storage = loaded.Copy(clock);
        await using var pipeline = Capitalisation.Open(server, clock, storage);
        var before = await GuardTests.VersionsAsync(pipeline, Capitalisation);
        Assert.NotEmpty(before);
        byte[] Spoil(byte[] body) =>
            Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body).Replace(right, wrong, StringComparison.Ordinal));
        server.Data = new SourceData(5, 2);
        GuardTests.Answer(server, Capitalisation, seen, Spoil);
        await Capitalisation.PullAsync(pipeline, server, clock, storage);

        Assert.Equal(before, await GuardTests.VersionsAsync(pipeline, Capitalisation));
        Assert.Empty(await pipeline.RowsAsync(Names.History));
        var row = await pipeline.Get<SliceBook>().GetAsync(Capitalisation.Slice, CancellationToken.None);
        Assert.Contains(seen, row.LastError, StringComparison.Ordinal);
        Assert.False(row.NextDue > clock.GetUtcNow(), $"{row}");
        // The row that stays is one of the slice, so that the next load knows how many there are.
        Assert.Equal(1, row.Loaded?.InTable);
        // Too far from the table, and out of the range.
        Assert.Equal(fault == "later" ? 1 : 2, (await OpenAsync(pipeline)).Count);
        var run = (await pipeline.RunsAsync()).MaxBy(run => run.Vintage)!;
        Assert.True(
            run is { State: RunState.Done, Counts: { AddUp: true, Rejected: 1, Added: 0, Changed: 0 } },
            $"{run}"
        );

        for (var said = 0; said < 2; said++)
        {
            clock.Advance(TimeSpan.FromHours(1));
            await pipeline
                .Get<Replay>()
                .RunAsync(Capitalisation.SliceId, Replay.Raw, accept: true, CancellationToken.None);
            await Host.DrainAsync(pipeline, clock, storage);
        }
        var accepted = await GuardTests.VersionsAsync(pipeline, Capitalisation);
        Assert.Equal(fault == "later" ? 2 : 1, accepted.Count);
        Assert.NotEqual(before, accepted);
        Assert.Empty(await OpenAsync(pipeline));
        // The same figure in another body: nothing is asked, and nothing is written.
        GuardTests.Answer(server, Capitalisation, seen, body => [.. Spoil(body), (byte)' ']);
        clock.Advance(TimeSpan.FromDays(1));
        await Capitalisation.PullAsync(pipeline, server, clock, storage);
        row = await pipeline.Get<SliceBook>().GetAsync(Capitalisation.Slice, CancellationToken.None);
        Assert.Equal((fault, SliceState.Published, ""), (fault, row.State, row.LastError));
        Assert.Equal(3, (await pipeline.Get<RawStore>().ListAsync(Capitalisation.Slice, CancellationToken.None)).Count);
        Assert.Equal(accepted, await GuardTests.VersionsAsync(pipeline, Capitalisation));
        await Snapshot.TakeAsync(pipeline);
        proof.Held();
    }

    [Theory]
    [InlineData("2020-04-01", SliceState.NotPublished, "")]
    [InlineData("2020-04-20", SliceState.Missing, "expected rows of 2020, released by 2020-04-16")]
    public async Task A_year_without_rows_is_missing_once_its_release_has_passed(
        string day,
        SliceState state,
        string seen
    )
    {
        using var proof = Proof.Try(Proof.Guard, "years that are missing", 1);
        var dataset = SourceCase.All[0];
        var (loaded, _) = await GuardTests.LoadAsync(dataset, body => body, SourceCase.Start);
        await using var server = await SourceSimulator.StartAsync();
        var moment = DateTimeOffset.ParseExact(
            day,
            "yyyy-MM-dd",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal
        );
        var clock = new VirtualClock(moment, SourceCase.Patience);
        var storage = loaded.Copy(clock);
        await using var pipeline = dataset.Open(server, clock, storage);
        var before = await GuardTests.VersionsAsync(pipeline, dataset);
        Assert.NotEmpty(before);
        server.Data = new SourceData(5, 1);
        var year = dataset with { SliceId = "census-trade/exports-total/2020" };
        await year.PullAsync(pipeline, server, clock, storage);
        Assert.Equal(before, await GuardTests.VersionsAsync(pipeline, dataset));
        var row = await pipeline.Get<SliceBook>().GetAsync(year.Slice, CancellationToken.None);
        Assert.Equal(state, row.State);
        Assert.Contains(seen, row.LastError, StringComparison.Ordinal);
        Assert.Equal(state == SliceState.Missing, row.LastError.Length > 0);
        Assert.False(row.NextDue > clock.GetUtcNow(), $"{row}");
        proof.Held();
    }

    /// <summary>Where the settings want no month of the file, it is only compared with the API.</summary>
    [Fact]
    public async Task A_file_of_which_no_row_is_wanted_is_not_refused()
    {
        var dataset = SourceCase.All.Single(dataset => dataset.Path == SourceData.CountryPath) with
        {
            SliceId = "census-trade/country-balance/2019-01",
            Make = server => SourceCase.Census(server),
        };
        var (storage, moment) = await GuardTests.LoadAsync(dataset, body => body, SourceCase.Start);
        await using var server = await SourceSimulator.StartAsync();
        await using var pipeline = dataset.Open(server, new VirtualClock(moment, SourceCase.Patience), storage);
        var row = await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None);
        Assert.Equal((SliceState.Published, ""), (row.State, row.LastError));
        var run = Assert.Single(await pipeline.RunsAsync());
        Assert.True(run is { Counts: { Read: 48, Excluded: 48 } }, $"{run}");
    }

    private static async Task<List<string>> OpenAsync(TestPipeline pipeline) =>
        [.. (await pipeline.RowsAsync(Names.Rejects, "State eq 'open'")).Select(row => row.GetString("RawBlob"))];

    private static Fdi.Row Times(Fdi.Row row, decimal factor) => row with { Value = Text(Number(row) * factor) };

    private static decimal Number(Fdi.Row row) => decimal.Parse(row.Value, CultureInfo.InvariantCulture);

    private static string Text(decimal number) => number.ToString("0.######", CultureInfo.InvariantCulture);
}
