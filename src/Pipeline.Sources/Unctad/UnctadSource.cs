using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Unctad;

/// <summary>
/// UNCTAD, foreign direct investment: flows and stocks by economy, and from a file by partner. Each dataset is
/// one slice.
/// </summary>
public sealed class UnctadSource(UnctadOptions settings) : ISource
{
    private const string Publisher = "UN Trade and Development (UNCTAD)";
    private const string Terms = "Source: UNCTAD, UNCTADstat; CC BY 3.0 IGO";

    /// <summary>
    /// A week, less the spread of a weekly schedule, so that the next week's plan finds the slices due.
    /// </summary>
    private static readonly TimeSpan NextPlan = TimeSpan.FromDays(7) - TimeSpan.FromHours(4);

    private readonly UnctadRequests requests = new(settings);

    /// <inheritdoc/>
    public string Name => UnctadSlice.Source;

    /// <inheritdoc/>
    public Courtesy Courtesy { get; } = CourtesyOf(settings);

    /// <inheritdoc/>
    public IReadOnlyList<Dataset> Datasets { get; } =
    [
        .. settings.BulkUrl is null
            ? (Dataset[])[]
            :
            [
                new Dataset(
                    UnctadSlice.FlowsStock,
                    "Foreign direct investment: inward and outward flows and stock by economy, annual",
                    Publisher,
                    FdiAnnual.Table,
                    "millions of US dollars at current prices (in the table: whole US dollars)",
                    settings.BulkUrl.AbsoluteUri,
                    Terms,
                    "once a year after the World Investment Report of June, with re-issues; each release revises "
                        + "the whole history, so that a vintage replaces the one before as a whole"
                ),
            ],
        .. settings.PartnersFile.Length == 0
            ? (Dataset[])[]
            :
            [
                new Dataset(
                    UnctadSlice.Partners,
                    "Foreign direct investment by partner, annual (Bilateral FDI Statistics 2014 and what operators "
                        + "add)",
                    Publisher,
                    FdiPartner.Table,
                    "millions of US dollars at current prices (in the table: whole US dollars)",
                    SourceRequest.Curated(settings.PartnersFile, "csv", 0).Url.AbsoluteUri,
                    Terms,
                    "discontinued by the publisher in 2014; the file changes when operators change it"
                ),
            ],
    ];

    /// <inheritdoc/>
    public IEnumerable<Slice> Slices(DateTimeOffset now) =>
        Datasets.Select(dataset => new Slice(Name, dataset.Name, UnctadSlice.All));

    /// <inheritdoc/>
    public DateTimeOffset? NextDue(Slice slice, string? newest, DateTimeOffset now) => now + NextPlan;

    /// <inheritdoc/>
    public SourceRequest Request(Slice slice) =>
        UnctadSlice.Checked(slice).Dataset == UnctadSlice.Partners ? requests.Partners() : requests.Bulk();

    /// <inheritdoc/>
    public Verdict Judge(Slice slice, Answer answer) =>
        slice.Dataset == UnctadSlice.Partners
            ? UnctadAnswers.Curated(answer, "put it there, or set Unctad__PartnersFile to the empty string")
            : UnctadAnswers.Archive(answer);

    /// <inheritdoc/>
    public async Task<Fetched> FetchAsync(Fetching fetching, CancellationToken cancellationToken)
    {
        if (UnctadSlice.Checked(fetching.Slice).Dataset == UnctadSlice.Partners)
            return await fetching.SendAsync(requests.Partners(), Classify, cancellationToken);
        // By a list that is none nothing can be judged: it is corrected first.
        if ((await FinancialCentres.ReadAsync(fetching.Context, cancellationToken)).Finding is { } wrong)
        {
            var file = UnctadRequests.Dropped(FinancialCentres.FileName);
            return new Fetched(file, Verdict.Permanent(wrong.Seen, wrong.Expected, wrong.Advice), null, null, "", null);
        }
        var reader = await ReaderAsync(fetching.Slice, fetching.Context, cancellationToken);
        return await new UnctadFetch(settings, requests, fetching, reader).RunAsync(cancellationToken);

        Verdict Classify(Answer answer) => Judge(fetching.Slice, answer);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Slice> Narrow(Slice slice) => [];

    /// <inheritdoc/>
    /// <remarks>No other slice says anything about one.</remarks>
    public bool IsPublished(Slice slice, IReadOnlyCollection<SliceRow> known) => false;

    /// <inheritdoc/>
    public bool MayBeEmpty(Slice slice) => slice.Dataset != UnctadSlice.FlowsStock;

    /// <inheritdoc/>
    public DateTimeOffset? ReleaseDate(Slice slice) => slice.Dataset == UnctadSlice.FlowsStock ? FirstRelease : null;

    /// <summary>The report has been published every year since then.</summary>
    private static readonly DateTimeOffset FirstRelease = new(2002, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    /// <remarks>
    /// A release comes after the report of June, its archive up to two months later: from October on it is
    /// late.
    /// </remarks>
    public string? ExpectedPeriod(Slice slice, DateTimeOffset now) =>
        slice.Dataset != UnctadSlice.FlowsStock
            ? null
            : $"{now.UtcDateTime.Year - (now.UtcDateTime.Month >= October ? 1 : 2):0000}-12";

    private const int October = 10;

    /// <inheritdoc/>
    public ISliceReader Reader(Slice slice) =>
        UnctadSlice.Checked(slice).Dataset == UnctadSlice.Partners
            ? new PartnersBody(fileName: settings.PartnersFile)
            : new FdiBody(settings.Extract);

    /// <inheritdoc/>
    public async ValueTask<ISliceReader> ReaderAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    )
    {
        if (UnctadSlice.Checked(slice).Dataset == UnctadSlice.Partners)
            return new PartnersBody(context.FetchedAt.Year, settings.PartnersFile);
        var (centres, wrong) = await FinancialCentres.ReadAsync(context, cancellationToken);
        return new FdiBody(settings.Extract, LastYear(context.FetchedAt), centres, wrong);
    }

    /// <inheritdoc/>
    public async ValueTask<string> ListsAsync(Slice slice, BodyContext context, CancellationToken cancellationToken) =>
        UnctadSlice.Checked(slice).Dataset == UnctadSlice.Partners
            ? ""
            : await context.ReadCurated(FinancialCentres.FileName, cancellationToken) ?? "";

    /// <summary>The last year that a release can hold: a year's figures come in the summer after it.</summary>
    private static int LastYear(DateTimeOffset fetchedAt) => fetchedAt.UtcDateTime.Year - 1;

    /// <inheritdoc/>
    public IReadOnlyList<string> ComparedWith(Slice slice) =>
        slice.Dataset == UnctadSlice.Partners ? [UnctadSlice.FlowsStock] : [];

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> CrossCheckAsync(
        Slice slice,
        Func<CancellationToken, Task<Stream>> body,
        FactStore facts,
        Func<CancellationToken, Task<long>> rows,
        CancellationToken cancellationToken
    )
    {
        var checks = new UnctadCrossChecks(facts);
        return slice.Dataset == UnctadSlice.Partners
            ? checks.PartnersAsync(cancellationToken)
            : checks.EconomiesAsync(cancellationToken);
    }

    /// <remarks>
    /// No limits are published. One request at a time, a second apart; an attempt ends as a whole after three minutes,
    /// because bodies have been seen to stall for hours (unctad.md, section 3). A pull makes several requests, and a
    /// function may take 30 minutes.
    /// </remarks>
    private static Courtesy CourtesyOf(UnctadOptions settings)
    {
        var courtesy = new Courtesy(
            TimeSpan.FromSeconds(1),
            1,
            TimeSpan.FromMinutes(3),
            TimeSpan.FromMinutes(8),
            3,
            TimeSpan.FromSeconds(5),
            TimeSpan.FromMinutes(2)
        );
        return settings.BulkUrl?.IsLoopback == true ? courtesy.ForLoopback() : courtesy;
    }
}
