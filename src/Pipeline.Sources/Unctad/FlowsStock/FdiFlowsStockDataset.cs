using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// UNCTAD, foreign direct investment: flows and stocks by economy. One slice, which each release replaces.
/// </summary>
/// <param name="settings">The settings of the source.</param>
public sealed class FdiFlowsStockDataset(UnctadOptions settings) : ICrossChecked
{
    /// <summary>The report has been published every year since then.</summary>
    private static readonly DateTimeOffset FirstRelease = new(2002, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private const int October = 10;

    private readonly UnctadRequests requests = new(settings);

    /// <inheritdoc/>
    public DatasetInfo Info { get; } =
        new(
            UnctadSlice.Source,
            UnctadSlice.FlowsStock,
            "Foreign direct investment: inward and outward flows and stock by economy, annual",
            UnctadOptions.Publisher,
            FdiAnnual.Table,
            UnctadOptions.Unit,
            (settings.BulkUrl ?? UnctadOptions.DefaultBulkUrl).AbsoluteUri,
            UnctadOptions.Terms,
            "once a year after the World Investment Report of June, with re-issues; each release revises "
                + "the whole history, so that a vintage replaces the one before as a whole"
        )
        {
            // Once a year, after the report of June.
            MaximumAgeDays = 400,
        };

    /// <inheritdoc/>
    public bool IsOn => settings.BulkUrl is not null;

    /// <inheritdoc/>
    public string ExampleKey => UnctadSlice.All;

    /// <inheritdoc/>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now) => [UnctadSlice.OfFlowsStock];

    /// <inheritdoc/>
    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now) => now + UnctadOptions.NextPlan;

    /// <inheritdoc/>
    public DateTimeOffset? GetReleaseDate(Slice slice) => FirstRelease;

    /// <inheritdoc/>
    /// <remarks>
    /// A release comes after the report of June, its archive up to two months later: from October on it is
    /// late.
    /// </remarks>
    public string? GetExpectedPeriod(Slice slice, DateTimeOffset now) =>
        $"{now.UtcDateTime.Year - (now.UtcDateTime.Month >= October ? 1 : 2):0000}-12";

    /// <inheritdoc/>
    public SourceRequest GetRequest(Slice slice) => requests.Bulk();

    /// <inheritdoc/>
    public async Task<FetchResult> FetchAsync(FetchContext context, CancellationToken cancellationToken)
    {
        // By a list that is none nothing can be judged: it is corrected first.
        if ((await FinancialCentres.ReadAsync(context.Context, cancellationToken)).Finding is { } wrong)
        {
            var file = UnctadRequests.Dropped(FinancialCentres.FileName);
            return new FetchResult(file, Verdict.Permanent(wrong.Seen, wrong.Expected, wrong.Advice));
        }
        var parser = await CreateParserAsync(context.Slice, context.Context, cancellationToken);
        return await new UnctadFetch(settings, requests, context, parser).RunAsync(cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The last year that a release can hold is the one before: its figures come in the summer after it.
    /// </remarks>
    public async ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    )
    {
        var (centres, wrong) = await FinancialCentres.ReadAsync(context, cancellationToken);
        return new FdiBody(settings.Extract, context.FetchedAt.UtcDateTime.Year - 1, centres, wrong);
    }

    /// <inheritdoc/>
    public async ValueTask<string> ReadListsAsync(BodyContext context, CancellationToken cancellationToken) =>
        await context.ReadCurated(FinancialCentres.FileName, cancellationToken) ?? "";

    /// <inheritdoc/>
    public bool IsComparedWith(Slice slice, Slice other) => false;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> CrossCheckAsync(
        CrossCheckContext context,
        CancellationToken cancellationToken
    ) => new UnctadCrossChecks(context.Facts).EconomiesAsync(cancellationToken);
}
