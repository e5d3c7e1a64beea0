using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Census.Balance;

/// <summary>US Census Bureau, the country balance file: trade in goods by country before 2010, one slice.</summary>
/// <param name="settings">The settings of the source.</param>
public sealed class CensusBalanceDataset(CensusOptions settings) : ICrossChecked
{
    private readonly CensusRequests requests = new(settings);

    /// <inheritdoc/>
    public DatasetInfo Info { get; } =
        new(
            CensusSlice.Source,
            CensusSlice.BalanceDataset,
            "US trade in goods by country, monthly, before 2010",
            CensusOptions.Publisher,
            TradeMonthly.Table,
            "millions of US dollars (in the table: whole US dollars)",
            (settings.CountryFileUrl ?? CensusOptions.DefaultCountryFileUrl).AbsoluteUri,
            "public domain",
            CensusCalendar.Revisions
        )
        {
            // Only the months before 2010 are taken from it.
            MaximumAgeDays = null,
        };

    /// <inheritdoc/>
    public bool IsOn => settings.CountryFileUrl is not null;

    /// <inheritdoc/>
    public string ExampleKey => "1992-01";

    /// <inheritdoc/>
    public bool IsKey(string key) => CensusSlice.TryParseBalance(Info.SliceOf(key), out _);

    /// <inheritdoc/>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now) => [Info.SliceOf(CensusSlice.BalanceKey(settings.From))];

    /// <inheritdoc/>
    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now) =>
        CensusCalendar.EarliestRelease(new DateOnly(now.Year, now.Month, 1).AddMonths(-1));

    /// <inheritdoc/>
    /// <remarks>The file has always been there.</remarks>
    public DateTimeOffset? GetReleaseDate(Slice slice) =>
        CensusCalendar.LatestRelease(CensusSlice.FirstMonth.AddMonths(-1));

    /// <inheritdoc/>
    public SourceRequest GetRequest(Slice slice) => requests.Balance();

    /// <inheritdoc/>
    public Verdict Classify(SourceRequest request, Answer answer) => CensusAnswers.Balance(answer);

    /// <inheritdoc/>
    public ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    ) => new(new BalanceBody(FirstMonthOf(slice), context.FetchedAt.Year));

    /// <inheritdoc/>
    public bool IsComparedWith(Slice slice, Slice other) =>
        CensusSlice.TryParse(other, out var totals) && totals.Level == CensusSlice.Total;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> CrossCheckAsync(
        CrossCheckContext context,
        CancellationToken cancellationToken
    ) =>
        await new CensusCrossChecks(settings, context.Facts).BalanceAsync(
            await context.OpenBodyAsync(cancellationToken),
            cancellationToken
        );

    private DateOnly FirstMonthOf(Slice slice) =>
        CensusSlice.TryParseBalance(slice, out var from) ? from : settings.From;
}
