using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Faults.Simulation;
using Pipeline.Faults.Sources;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Guards;

/// <summary>
/// Bodies that are well formed and must not be loaded: too few rows, sums that do not tie out, another period
/// than was asked for.
/// </summary>
public sealed class GuardTests
{
    public static TheoryData<string, string, string> Bodies { get; } =
        new()
        {
            {
                "census-trade/exports-total/2019",
                "shrunk",
                "seen 33 rows, expected at least 35, 95 % of the 36 rows of the body before"
            },
            {
                "census-trade/imports-total/2019",
                "shrunk",
                "seen 33 rows, expected at least 35, 95 % of the 36 rows of the body before"
            },
            { "census-trade/exports-total/2019", "tie-out", "month 2019-05: seen partners that add up to" },
            { "census-trade/imports-total/2019", "tie-out", "month 2019-05: seen partners that add up to" },
            {
                "census-trade/exports-hs2/4621-2019",
                "shrunk",
                "seen 33 rows, expected at least 35, 95 % of the 36 rows of the body before"
            },
            { "census-trade/exports-total/2019", "period", "2018" },
            { "census-trade/imports-total/2019", "period", "2018" },
            { "census-trade/imports-hs2/4621-2019", "period", "2018" },
            { "moex-holders/nsd-holders/2020-03-19", "period", "which was asked for" },
        };

    [Theory, MemberData(nameof(Bodies))]
    public Task A_body_that_must_not_be_loaded_is_refused_as_a_whole_kept_and_reported_and_the_old_rows_stay(
        string slice,
        string fault,
        string seen
    ) =>
        RefusedAsync(SourceCase.All.Single(dataset => dataset.SliceId == slice), seen, body =>
            Encoding.UTF8.GetBytes(Spoil(Encoding.UTF8.GetString(body), fault))
        );

    public static TheoryData<string, string, string> Workbooks { get; } =
        new()
        {
            {
                "census-trade/country-balance/2005-01",
                "shrunk",
                "seen 24 rows, expected at least 46, 95 % of the 48 rows of the body before"
            },
            { "census-trade/country-balance/2005-01", "tie-out", "US dollars for 4621 2006, expected " },
            {
                "moex-holders/ofz-nonresidents/all",
                "shrunk",
                "seen 23 rows, expected at least 24, 95 % of the 25 rows of the body before"
            },
            {
                "moex-holders/ofz-nonresidents/all",
                "newest",
                "seen no row of 2020-01-01, the newest period of the table, expected a vintage that goes as far as "
                    + "the one before"
            },
            {
                "moex-holders/ofz-nonresidents/all",
                "unit",
                "column share: seen no share above 1, expected per cent, not fractions of 1"
            },
        };

    [Theory, MemberData(nameof(Workbooks))]
    public Task A_workbook_that_must_not_be_loaded_is_refused_the_same_way(string slice, string fault, string seen) =>
        RefusedAsync(SourceCase.All.Single(dataset => dataset.SliceId == slice), seen, _ =>
            (slice.Split('/')[1], fault) switch
            {
                ("country-balance", "shrunk") => new SourceData(5, 2).Country(years: 1),
                ("country-balance", _) => new SourceData(5, 2).Country(excess: 1),
                (_, "shrunk") => new SourceData(5, 2).Ofz(months: 23),
                (_, "newest") => new SourceData(5, 2).Ofz(months: 24),
                _ => new SourceData(5, 2).Ofz(scale: 100),
            }
        );

    public static TheoryData<string, string> Releases { get; } =
        new()
        {
            { "shrunk", "rows, expected at least " },
            { "exchanged", "rows of the table not in it, the first " },
            {
                "newest",
                "seen no row of 2024, the newest period of the table, expected a vintage that goes as far as the "
                    + "one before"
            },
            { "tie-out", "year 2001, inward flow: seen " },
            { "small", "seen 28140 rows, expected 30000 to 60000" },
            { "period", "seen 1991 as the first year, expected 1990, or 1970 in old releases" },
            { "twice", "1990 inward flow a second time, expected one row per economy, year, flow and direction" },
        };

    [Theory, MemberData(nameof(Releases))]
    public async Task A_release_of_investment_that_must_not_be_loaded_is_refused_the_same_way(string fault, string seen)
    {
        var release = Fdi.Release(230);
        var (loaded, moment) = await Loaded.Value;
        await RefusedAsync(Bulk, seen, loaded, moment, _ => Packed(
                fault switch
                {
                    "shrunk" => Fdi.Release(217),
                    "exchanged" => Fdi.Release(230, without: 13),
                    "newest" => release.Where(row => row.Year < 2024),
                    "tie-out" => release.Select(row =>
                        row is { Year: 2001, Code: "0000", Flow: "08", Direction: 1 } ? row with { Value = "1" } : row
                    ),
                    "small" => Fdi.Release(200),
                    "period" => Fdi.Release(230, first: 1991),
                    _ => release.Append(release[0]),
                }
            ));
    }

    /// <summary>A release of full size is loaded once for all that is offered after it.</summary>
    internal static readonly Lazy<Task<(MemoryStorage Storage, DateTimeOffset Moment)>> Loaded = new(() =>
        LoadAsync(Bulk, _ => Packed(Fdi.Release(230)), AfterRelease)
    );

    /// <summary>When figures of 2024, the last year of the release, are out.</summary>
    internal static readonly DateTimeOffset AfterRelease = new(2025, 8, 15, 13, 15, 0, TimeSpan.Zero);

    internal static SourceCase Bulk =>
        SourceCase.All.Single(dataset => dataset.Path == SourceData.BulkPath) with
        {
            Make = server => SourceCase.Unctad(server, extract: false),
        };

    internal static byte[] Packed(IEnumerable<Fdi.Row> rows) => Fdi.Archive(Encoding.UTF8.GetBytes(Fdi.Text(rows)));

    /// <summary>Loads a good body, then offers one that must not be loaded.</summary>
    private static async Task RefusedAsync(SourceCase dataset, string seen, Func<byte[], byte[]> bad)
    {
        var (loaded, moment) = await LoadAsync(dataset, body => body, SourceCase.Start);
        await RefusedAsync(dataset, seen, loaded, moment, bad);
    }

    internal static async Task<(MemoryStorage Loaded, DateTimeOffset Moment)> LoadAsync(
        SourceCase dataset,
        Func<byte[], byte[]> body,
        DateTimeOffset start
    )
    {
        await using var server = await SourceSimulator.StartAsync();
        var clock = new VirtualClock(start, SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        server.Data = new SourceData(5, 1);
        Answer(server, dataset, "", body);
        await using var pipeline = dataset.Open(server, clock, storage);
        await dataset.PullAsync(pipeline, server, clock, storage);
        return (storage, clock.GetUtcNow());
    }

    /// <summary>What the server answers to the decisive request, made of the right answer.</summary>
    internal static void Answer(SourceSimulator server, SourceCase dataset, string seen, Func<byte[], byte[]> body) =>
        (server.Broken, server.Fault) = (
            dataset.Path,
            new ServerFault(
                seen,
                _ => seen,
                (_, context, right) =>
                {
                    context.Response.ContentType = right!.Value.ContentType;
                    return context.Response.Body.WriteAsync(body(right.Value.Body)).AsTask();
                }
            )
        );

    private static async Task RefusedAsync(
        SourceCase dataset,
        string seen,
        MemoryStorage loaded,
        DateTimeOffset moment,
        Func<byte[], byte[]> bad
    )
    {
        using var proof = Proof.Try(Proof.Guard, "shrunk bodies, sums, periods", 1);
        await using var server = await SourceSimulator.StartAsync();
        var clock = new VirtualClock(moment, SourceCase.Patience);
        var storage = loaded.Copy(clock);
        await using var pipeline = dataset.Open(server, clock, storage);
        var before = await VersionsAsync(pipeline, dataset);
        Assert.NotEmpty(before);
        server.Data = new SourceData(5, 2);
        Answer(server, dataset, seen, bad);
        clock.Advance(TimeSpan.FromDays(1));
        await dataset.PullAsync(pipeline, server, clock, storage);

        Assert.Equal(before, await VersionsAsync(pipeline, dataset));
        Assert.Empty(await pipeline.RowsAsync(Names.History));
        var row = await pipeline.Get<SliceBook>().GetAsync(dataset.Slice, CancellationToken.None);
        Assert.Equal(SliceState.Quarantined, row.State);
        Assert.Contains(seen, row.LastError, StringComparison.Ordinal);
        var bodies = await pipeline.Get<RawStore>().ListAsync(dataset.Slice, CancellationToken.None);
        Assert.Equal(2, bodies.Count);
        var reject = (await pipeline.RowsAsync(Names.Rejects, "State eq 'open'"))[0];
        Assert.Equal((bodies[1].Blob, dataset.SliceId), (reject["RawBlob"], reject["Slice"]));
        var run = (await pipeline.RunsAsync()).Single(run => run.RunId == bodies[1].RunId);
        Assert.True(run is { State: RunState.Quarantined, Counts: { AddUp: true, Added: 0, Changed: 0 } }, $"{run}");
        proof.Held();
    }

    [Fact]
    public async Task A_change_outside_the_publishers_window_is_applied_flagged_and_told()
    {
        using var proof = Proof.Try(Proof.Guard, "changes outside the window", 1);
        // The small publisher announces changes to values below 1000 only.
        using var source = SimulatedSource.Offline(new FakeSource { Body = "a=1 b=2 c=3" });
        var clock = new VirtualClock(SourceCase.Start, TimeSpan.FromSeconds(15));
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            source,
            clock,
            new MemoryStorage(clock)
        );
        await pipeline.RunAsync();
        source.Body = "a=10 b=2000 c=3";
        clock.Advance(TimeSpan.FromDays(1));
        await pipeline.RunAsync();
        Assert.Equal(
            ["a 1 10 True", "b 2 2000 False"],
            (await pipeline.RowsAsync(Names.History)).Select(row =>
                $"{row.RowKey[..1]} {row["OldValue"]} {row["NewValue"]} {row["InPolicy"]}"
            )
        );
        Assert.Contains(
            "Warning: fake/facts/one: 1 changes outside the publisher's revision window; see InPolicy in history",
            pipeline.Log
        );
        proof.Held();
    }

    private static string Spoil(string body, string fault) =>
        fault switch
        {
            "shrunk" => Regex.Replace(body, @",\n\[[^\[\]]*""2019-12""\]", ""),
            "tie-out" => Regex.Replace(body, @"(\[""-"",""[^""]*"","")(\d+)("",""\d+"",""2019-05"")", match =>
                $"{match.Groups[1].Value}"
                + $"{long.Parse(match.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture) + 1}"
                + $"{match.Groups[3].Value}"
            ),
            _ => body.Replace("2019-", "2018-", StringComparison.Ordinal)
                .Replace("2020-03-19", "2020-03-18", StringComparison.Ordinal),
        };

    internal static async Task<List<string>> VersionsAsync(TestPipeline pipeline, SourceCase dataset) =>
        [.. (await pipeline.RowsAsync(dataset.Table)).Select(row => $"{row.PartitionKey} {row.RowKey} {row.ETag}")];
}
