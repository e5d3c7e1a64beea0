using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Moex.Capitalisation;

/// <summary>Moscow Exchange, the value of the stock market at the close of the last trading day. One slice.</summary>
/// <param name="settings">The settings of the source.</param>
public sealed class MoexCapitalisationDataset(MoexOptions settings) : IDataset
{
    /// <summary>The longest that the exchange is closed, with a few days to spare: the holidays of January.</summary>
    private const int ClosedDays = 14;

    /// <summary>
    /// The answer has 300 bytes; a list of some thousand securities, several pages of it, would fit too.
    /// </summary>
    private const long MaxBody = 16L << 20;

    /// <inheritdoc/>
    public DatasetInfo Info { get; } =
        new(
            MoexSlice.Source,
            MoexSlice.Capitalisation,
            "Capitalisation of the Russian stock market at the close of the last trading day",
            "Moscow Exchange",
            Holding.Table,
            "roubles",
            RequestOf(settings).Url.AbsoluteUri,
            $"A denominator, not a holding. {MoexOptions.Caveat}",
            "one figure per trading day; the same day is read again until the next one"
        )
        {
            // Trading days.
            MaximumAgeDays = ClosedDays,
        };

    /// <inheritdoc/>
    public bool IsOn => settings.IssUrl is not null;

    /// <inheritdoc/>
    public string ExampleKey => MoexSlice.OfCapitalisation.Key;

    /// <inheritdoc/>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now) => [MoexSlice.OfCapitalisation];

    /// <inheritdoc/>
    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now) => now + MoexOptions.NextPlan;

    /// <inheritdoc/>
    public DateTimeOffset? GetReleaseDate(Slice slice) => new DateTimeOffset(2012, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public string? GetExpectedPeriod(Slice slice, DateTimeOffset now) => MoexOptions.Month(now.AddDays(-ClosedDays));

    /// <inheritdoc/>
    public SourceRequest GetRequest(Slice slice) => RequestOf(settings);

    /// <inheritdoc/>
    public async Task<FetchResult> FetchAsync(FetchContext context, CancellationToken cancellationToken)
    {
        var request = RequestOf(settings);
        var fetched = await new IssPages(CapitalisationBody.Block, paged: false).FetchAsync(
            context,
            request,
            answer => MoexAnswers.Iss(request, answer),
            cancellationToken
        );
        return MoexAnswers.SayBlocked(fetched);
    }

    /// <inheritdoc/>
    public ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    ) => new(new CapitalisationBody { LastDay = MoexOptions.DayOf(context) });

    private static SourceRequest RequestOf(MoexOptions settings) =>
        new(
            new Uri(
                $"{(settings.IssUrl ?? MoexOptions.DefaultIssUrl).AbsoluteUri.TrimEnd('/')}/statistics/engines/"
                    + "stock/capitalization.json?iss.meta=off&lang=en"
            ),
            "json",
            MaxBody
        );
}
