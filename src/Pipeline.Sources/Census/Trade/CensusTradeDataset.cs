using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Census.Trade;

/// <summary>
/// US Census Bureau, international trade in goods by the API: one flow (exports or general imports) at one level
/// (totals or HS codes of 2, 4 or 6 digits).
/// </summary>
/// <param name="settings">The settings of the source.</param>
/// <param name="series">The flow and level.</param>
public sealed class CensusTradeDataset(CensusOptions settings, CensusTradeDataset.Series series)
    : ISplittable,
        ICrossChecked
{
    /// <summary>A flow at a level.</summary>
    /// <param name="Flow"><see cref="CensusSlice.Exports"/> or <see cref="CensusSlice.Imports"/>.</param>
    /// <param name="Level">One of <see cref="CensusOptions.AllLevels"/>.</param>
    public sealed record Series(string Flow, string Level);

    /// <summary>Every flow at every level.</summary>
    public static IReadOnlyList<Series> All { get; } =
    [
        .. CensusOptions.AllLevels.SelectMany(
            level => (string[])[CensusSlice.Exports, CensusSlice.Imports],
            (level, flow) => new Series(flow, level)
        ),
    ];

    /// <summary>Stands for "not before the program is changed".</summary>
    private static readonly DateTimeOffset NoMore = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    /// <summary>A day, less the spread of a daily schedule, so that the next day's plan finds the slice due.</summary>
    private static readonly TimeSpan NextPlan = TimeSpan.FromHours(20);

    private readonly CensusRequests requests = new(settings);

    private bool IsTotal => series.Level == CensusSlice.Total;

    /// <inheritdoc/>
    public DatasetInfo Info { get; } =
        new(
            CensusSlice.Source,
            CensusSlice.DatasetOf(series.Flow, series.Level),
            $"US {(series.Flow == CensusSlice.Exports ? "exports" : "general imports")} of goods by "
                + $"country{(series.Level == CensusSlice.Total ? "" : $" and commodity ({series.Level})")}, monthly",
            CensusOptions.Publisher,
            TradeMonthly.Table,
            "US dollars",
            $"{settings.BaseUrl.AbsoluteUri.TrimEnd('/')}/{series.Flow}/hs",
            "This product uses the Census Bureau Data API but is not endorsed or certified by the Census Bureau.",
            CensusCalendar.Revisions
        )
        {
            // A month comes some five weeks after its end, so that releases are 28 to 35 days apart.
            MaximumAgeDays = 45,
        };

    /// <inheritdoc/>
    public bool IsOn => settings.Levels.Contains(series.Level);

    /// <inheritdoc/>
    public string ExampleKey => IsTotal ? "2019" : "4621-2023";

    /// <inheritdoc/>
    public bool IsKey(string key) => CensusSlice.TryParse(Slice(key), out _);

    /// <inheritdoc/>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now)
    {
        var first = settings.From > CensusSlice.FirstMonth ? settings.From : CensusSlice.FirstMonth;
        // Newest years first: they are what people wait for. But the first months of an open year are held against
        // those of the year before, which is therefore loaded earlier.
        int[] latest = [now.Year - 1, now.Year];
        return latest
            .Concat(Enumerable.Range(0, now.Year).Select(back => now.Year - 2 - back))
            .Where(year => year >= first.Year)
            .SelectMany(year => OfYear(year, first, now))
            .Select(part => Slice(part.Key));
    }

    private IEnumerable<CensusSlice> OfYear(int year, DateOnly first, DateTimeOffset now)
    {
        var whole = new CensusSlice(series.Flow, series.Level, null, year, null, null);
        if (IsTotal)
            return [whole];
        if (settings.Partners is { } partners)
            return partners.Select(partner => whole with { Partner = partner });
        // All partners with their commodities are some 13,000 rows a month.
        return Enumerable
            .Range(1, year == now.Year ? now.Month : 12)
            .Where(month => year > first.Year || month >= first.Month)
            .Select(month => whole with { Month = month });
    }

    /// <inheritdoc/>
    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now)
    {
        var parsed = CensusSlice.Parse(slice);
        // A partner without trade in the last months has no rows for them: some time after their release the slice is
        // closed all the same.
        var closed =
            now > CensusCalendar.EarliestRelease(parsed.End).AddMonths(2)
            || (newest is not null && string.CompareOrdinal(newest, $"{parsed.End:yyyy-MM}") >= 0);
        if (closed)
        {
            var june = CensusCalendar.NextRevision(now);
            return june.Year - parsed.Year <= CensusCalendar.RevisedYears ? june : NoMore;
        }
        var next = newest is null
            ? parsed.Start
            : DateOnly.ParseExact(newest, "yyyy-MM", CultureInfo.InvariantCulture).AddMonths(1);
        var release = CensusCalendar.EarliestRelease(next);
        return release > now ? release : now + NextPlan;
    }

    /// <inheritdoc/>
    public DateTimeOffset? GetReleaseDate(Slice slice) => CensusCalendar.LatestRelease(CensusSlice.Parse(slice).Start);

    /// <inheritdoc/>
    /// <remarks>Of all partners together; a single one may have had no trade.</remarks>
    public string? GetExpectedPeriod(Slice slice, DateTimeOffset now)
    {
        if (!IsTotal)
            return null;
        var parsed = CensusSlice.Parse(slice);
        for (var month = parsed.End; month >= parsed.Start; month = month.AddMonths(-1))
        {
            if (CensusCalendar.LatestRelease(month) <= now)
                return month.ToString("yyyy-MM", CultureInfo.InvariantCulture);
        }

        return null;
    }

    /// <inheritdoc/>
    /// <remarks>A partner may have had no trade in a month; all partners together have.</remarks>
    public bool MayBeEmpty(Slice slice) => !IsTotal;

    /// <inheritdoc/>
    public SourceRequest GetRequest(Slice slice) => requests.Trade(CensusSlice.Parse(slice));

    /// <inheritdoc/>
    public Verdict Classify(SourceRequest request, Answer answer) => CensusAnswers.Api(answer);

    /// <inheritdoc/>
    public ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    ) => new(new CensusBody(CensusSlice.Parse(slice), settings, CensusCalendar.LastMonth(context.FetchedAt)));

    /// <inheritdoc/>
    /// <remarks>
    /// The API answers a request that is too big as it answers one without rows. A year is asked for by months, a month
    /// of all partners by chapters. A year of totals has some 3,000 rows, which is never too big; a partner that is no
    /// more has no rows in any part.
    /// </remarks>
    public IReadOnlyList<Slice> Split(Slice slice)
    {
        var parsed = CensusSlice.Parse(slice);
        if (IsTotal || GetAbsence(slice).Length > 0)
            return [];
        if (parsed.Month is null)
            return [.. Enumerable.Range(1, 12).Select(month => Slice((parsed with { Month = month }).Key))];
        if (parsed is not { Partner: null, Chapter: null })
            return [];
        // There is no chapter 77.
        return
        [
            .. Enumerable
                .Range(1, 99)
                .Where(chapter => chapter != 77)
                .Select(chapter => Slice((parsed with { Chapter = $"{chapter:00}" }).Key)),
        ];
    }

    /// <inheritdoc/>
    /// <remarks>A month is published when any slice that begins with it or later has rows.</remarks>
    public bool IsPublished(Slice slice, IReadOnlyCollection<SliceRow> known)
    {
        var parsed = CensusSlice.Parse(slice);
        return known.Any(row =>
            row.Loaded is { Rows: > 0 } && CensusSlice.TryParse(row.Slice, out var other) && other.Start >= parsed.Start
        );
    }

    /// <inheritdoc/>
    public string GetAbsence(Slice slice) =>
        CensusSlice.Parse(slice) is { Partner: { } partner } parsed ? CensusPartners.Absence(partner, parsed.Year) : "";

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
        if (IsTotal || GetAbsence(slice).Length > 0)
            return null;
        var parsed = CensusSlice.Parse(slice);
        if (parsed.Partner is not { } partner)
        {
            return isWhole
                ? $"rows of {parsed.Start:yyyy-MM}, because all partners together trade in every month; released by "
                    + $"{GetReleaseDate(slice):yyyy-MM-dd}"
                : null;
        }
        if (await CensusCrossChecks.TotalAsync(parsed, partner, facts, cancellationToken) is { } total)
        {
            return $"rows, because the total of {partner} in {total.Period} is "
                + $"{total.ValueUsd.ToString("N0", CultureInfo.InvariantCulture)} US dollars";
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
    /// <remarks>Commodities are compared with the totals of their flow and year, where totals are asked for.</remarks>
    public bool IsComparedWith(Slice slice, Slice other) =>
        !IsTotal
        && settings.Levels.Contains(CensusSlice.Total)
        && other.Dataset == CensusSlice.DatasetOf(series.Flow, CensusSlice.Total)
        && CensusSlice.Parse(slice).Year == CensusSlice.Parse(other).Year;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> CrossCheckAsync(
        CrossCheckContext context,
        CancellationToken cancellationToken
    ) =>
        new CensusCrossChecks(settings, context.Facts).CommoditiesAsync(
            CensusSlice.Parse(context.Slice),
            context.CountRowsAsync,
            cancellationToken
        );

    private Slice Slice(string key) => new(CensusSlice.Source, Info.Name, key);
}
