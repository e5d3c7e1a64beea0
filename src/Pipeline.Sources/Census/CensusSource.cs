using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Census;

/// <summary>
/// US Census Bureau, international trade in goods: the API by country and commodity, and the country balance
/// file before 2010.
/// </summary>
public sealed class CensusSource(CensusOptions settings) : ISource
{
    private const string Publisher = "US Census Bureau";
    private const string Terms =
        "This product uses the Census Bureau Data API but is not endorsed or certified by the Census Bureau.";
    private const string Revisions =
        "a new month about five weeks after its end; every June the three latest closed years are revised";

    private readonly CensusPlan plan = new(CensusSlice.Source, settings);
    private readonly CensusRequests requests = new(settings);

    /// <inheritdoc/>
    public string Name => CensusSlice.Source;

    /// <inheritdoc/>
    public Courtesy Courtesy { get; } = CourtesyOf(settings);

    /// <inheritdoc/>
    public IReadOnlyList<Dataset> Datasets { get; } =
    [
        .. settings.Levels.SelectMany(
            level => new[] { CensusSlice.Exports, CensusSlice.Imports },
            (level, flow) =>
                new Dataset(
                    CensusSlice.DatasetOf(flow, level),
                    $"US {(flow == CensusSlice.Exports ? "exports" : "general imports")} of goods by "
                        + $"country{(level == CensusSlice.Total ? "" : $" and commodity ({level})")}, monthly",
                    Publisher,
                    TradeMonthly.Table,
                    "US dollars",
                    $"{settings.BaseUrl.AbsoluteUri.TrimEnd('/')}/{flow}/hs",
                    Terms,
                    Revisions
                )
        ),
        .. settings.CountryFileUrl is null
            ? (Dataset[])[]
            :
            [
                new Dataset(
                    CensusSlice.BalanceDataset,
                    "US trade in goods by country, monthly, before 2010",
                    Publisher,
                    TradeMonthly.Table,
                    "millions of US dollars (in the table: whole US dollars)",
                    settings.CountryFileUrl.AbsoluteUri,
                    "public domain",
                    Revisions
                ),
            ],
    ];

    /// <inheritdoc/>
    public IEnumerable<Slice> Slices(DateTimeOffset now) => plan.Slices(now);

    /// <inheritdoc/>
    public DateTimeOffset? NextDue(Slice slice, string? newest, DateTimeOffset now) =>
        CensusPlan.NextDue(slice, newest, now);

    /// <inheritdoc/>
    public SourceRequest Request(Slice slice) => requests.Request(Checked(slice));

    /// <inheritdoc/>
    public Verdict Judge(Slice slice, Answer answer) => CensusAnswers.Judge(slice, answer);

    /// <inheritdoc/>
    public IReadOnlyList<Slice> Narrow(Slice slice) => plan.Narrow(slice);

    /// <inheritdoc/>
    public bool IsPublished(Slice slice, IReadOnlyCollection<SliceRow> known) => CensusPlan.IsPublished(slice, known);

    /// <inheritdoc/>
    public DateTimeOffset? ReleaseDate(Slice slice) => CensusPlan.ReleaseDate(slice);

    /// <inheritdoc/>
    public string? ExpectedPeriod(Slice slice, DateTimeOffset now) => CensusPlan.ExpectedPeriod(slice, now);

    /// <inheritdoc/>
    public string Absence(Slice slice) =>
        CensusSlice.TryParse(slice, out var parsed) && parsed.Partner is { } partner
            ? CensusPartners.Absence(partner, parsed.Year)
            : "";

    /// <inheritdoc/>
    /// <remarks>A partner may have had no trade in a month; all partners together have.</remarks>
    public bool MayBeEmpty(Slice slice) =>
        CensusSlice.TryParse(slice, out var parsed) && parsed.Level != CensusSlice.Total;

    /// <inheritdoc/>
    /// <remarks>
    /// A partner whose total has trade in a month has chapters in it. Where no total is loaded nothing says that a
    /// whole year without a chapter is true, and all partners together have some of them every month.
    /// </remarks>
    public async Task<string?> WhyRowsAsync(
        Slice slice,
        bool isWhole,
        FactStore facts,
        IReadOnlyCollection<SliceRow> known,
        CancellationToken cancellationToken
    )
    {
        if (
            !CensusSlice.TryParse(slice, out var parsed)
            || parsed.Level == CensusSlice.Total
            || Absence(slice).Length > 0
            || ReleaseDate(slice) is null
        )
        {
            return null;
        }
        if (parsed.Partner is not { } partner)
        {
            return isWhole
                ? $"rows of {parsed.Start:yyyy-MM}, because all partners together trade in every month; released by "
                    + $"{ReleaseDate(slice):yyyy-MM-dd}"
                : null;
        }
        if (await CensusCrossChecks.TotalAsync(parsed, partner, facts, cancellationToken) is { } total)
        {
            return $"rows, because the total of {partner} in {total.Period} is "
                + $"{total.ValueUsd.ToString("N0", System.Globalization.CultureInfo.InvariantCulture)} US dollars";
        }

        var hasTotals = known.Any(row =>
            row.Loaded is { Rows: > 0 }
            && CensusSlice.TryParse(row.Slice, out var other)
            && other.Level == CensusSlice.Total
            && (other.Flow, other.Year) == (parsed.Flow, parsed.Year)
        );
        return isWhole && !hasTotals
            ? $"rows of {parsed.Year}, because no total is loaded that says that {partner} had no trade; add total to "
                + $"{CensusOptions.LevelsSetting}, or take the partner out of "
                + $"{CensusOptions.PartnersSetting}"
            : null;
    }

    /// <inheritdoc/>
    public ISliceReader Reader(Slice slice) =>
        CensusSlice.TryParse(Checked(slice), out var parsed)
            ? new CensusBody(parsed, settings)
            : new BalanceBody(FirstMonthOf(slice));

    /// <inheritdoc/>
    public ValueTask<ISliceReader> ReaderAsync(Slice slice, BodyContext context, CancellationToken cancellationToken) =>
        new(
            CensusSlice.TryParse(Checked(slice), out var parsed)
                ? new CensusBody(parsed, settings, CensusPlan.LastMonth(context.FetchedAt))
                : new BalanceBody(FirstMonthOf(slice), context.FetchedAt.Year)
        );

    /// <summary>The first month of a slice of the country file.</summary>
    private DateOnly FirstMonthOf(Slice slice) =>
        CensusSlice.TryParseBalance(slice, out var from) ? from : settings.From;

    /// <inheritdoc/>
    public IReadOnlyList<string> ComparedWith(Slice slice) =>
        slice.Dataset == CensusSlice.BalanceDataset
            ?
            [
                CensusSlice.DatasetOf(CensusSlice.Exports, CensusSlice.Total),
                CensusSlice.DatasetOf(CensusSlice.Imports, CensusSlice.Total),
            ]
            : TotalsOf(slice);

    /// <summary>Commodities are compared with the total of their partner, where totals are asked for.</summary>
    private IReadOnlyList<string> TotalsOf(Slice slice) =>
        CensusSlice.TryParse(slice, out var parsed)
        && parsed.Level != CensusSlice.Total
        && settings.Levels.Contains(CensusSlice.Total)
            ? [CensusSlice.DatasetOf(parsed.Flow, CensusSlice.Total)]
            : [];

    /// <inheritdoc/>
    /// <remarks>Of totals only those of the same year.</remarks>
    public bool IsComparedWith(Slice slice, Slice other) =>
        ComparedWith(slice).Contains(other.Dataset)
        && (
            !CensusSlice.TryParse(slice, out var parsed)
            || !CensusSlice.TryParse(other, out var total)
            || parsed.Year == total.Year
        );

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> CrossCheckAsync(
        Slice slice,
        Func<CancellationToken, Task<Stream>> body,
        FactStore facts,
        Func<CancellationToken, Task<long>> rows,
        CancellationToken cancellationToken
    )
    {
        var checks = new CensusCrossChecks(settings, facts);
        if (CensusSlice.TryParse(slice, out var parsed))
            return await checks.CommoditiesAsync(parsed, body, rows, cancellationToken);
        await using var stream = await body(cancellationToken);
        return await checks.BalanceAsync(stream, cancellationToken);
    }

    /// <exception cref="FormatException">There is no such slice: a message was written by hand, or by another version
    /// of the program.</exception>
    private static Slice Checked(Slice slice) =>
        CensusSlice.TryParse(slice, out _) || CensusSlice.TryParseBalance(slice, out _)
            ? slice
            : throw new FormatException(
                new Finding(
                    $"slice {slice}",
                    Finding.Quote($"{slice.Dataset}/{slice.Key}"),
                    $"a slice of the trade source, for example exports-total/2019, imports-hs2/4621-2023 or "
                        + $"{CensusSlice.BalanceDataset}/1992-01",
                    "the message moves to the poison queue; send it again with a slice of the table slices"
                ).ToString()
            );

    /// <remarks>
    /// One request at a time, 500 ms apart; an answer takes 5 to 40 s and may need a second try (census.md,
    /// section 1.5).
    /// </remarks>
    private static Courtesy CourtesyOf(CensusOptions settings)
    {
        var courtesy = new Courtesy(
            TimeSpan.FromMilliseconds(500),
            1,
            TimeSpan.FromSeconds(120),
            TimeSpan.FromMinutes(12),
            4,
            TimeSpan.FromSeconds(2),
            TimeSpan.FromMinutes(2)
        );
        return settings.BaseUrl.IsLoopback ? courtesy.ForLoopback() : courtesy;
    }
}
