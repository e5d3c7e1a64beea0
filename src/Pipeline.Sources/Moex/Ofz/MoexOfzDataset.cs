using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Moex.Ofz;

/// <summary>Bank of Russia, OFZ held by non-residents, monthly. One slice.</summary>
/// <param name="settings">The settings of the source.</param>
public sealed class MoexOfzDataset(MoexOptions settings) : ICrossChecked
{
    /// <summary>
    /// The day of the month from which the Bank of Russia's figures of that month may appear: they come 23 to
    /// 33 days after its first day, up to 46 before 2021.
    /// </summary>
    private const int FirstDay = 20;

    /// <summary>Days after the first of a month on which its figures must be out: at most 46 so far.</summary>
    private const int LatestDays = 60;

    /// <summary>A few hundred rows.</summary>
    private const long MaxBody = 16L << 20;

    /// <inheritdoc/>
    public DatasetInfo Info { get; } =
        new(
            MoexSlice.Source,
            MoexSlice.Ofz,
            "OFZ held by non-residents, nominal volume and share, monthly",
            "Bank of Russia",
            Holding.Table,
            "billions of roubles and per cent (in the table: whole roubles and per cent)",
            (settings.OfzTableUrl ?? MoexOptions.SampleOfzTableUrl).AbsoluteUri,
            $"Must not be mixed with other series of OFZ; shares before and after 2022 are not comparable. "
                + MoexOptions.Caveat,
            "a new month 23 to 33 days after its first day; earlier months may change at any time"
        )
        {
            // Monthly, 23 to 33 days after the first, at times 46.
            MaximumAgeDays = 50,
        };

    /// <inheritdoc/>
    public bool IsOn => settings.OfzTableUrl is not null;

    /// <inheritdoc/>
    public string ExampleKey => MoexSlice.OfOfz.Key;

    /// <inheritdoc/>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now) => [MoexSlice.OfOfz];

    /// <inheritdoc/>
    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now)
    {
        if (newest is null)
            return now + MoexOptions.NextPlan;
        var next = DateOnly.ParseExact(newest, "yyyy-MM", CultureInfo.InvariantCulture).AddMonths(1);
        var release = new DateTimeOffset(next.Year, next.Month, FirstDay, 0, 0, 0, TimeSpan.Zero);
        return release > now ? release : now + MoexOptions.NextPlan;
    }

    /// <inheritdoc/>
    public DateTimeOffset? GetReleaseDate(Slice slice) => new DateTimeOffset(2012, 3, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public string? GetExpectedPeriod(Slice slice, DateTimeOffset now) => MoexOptions.Month(now.AddDays(-LatestDays));

    /// <inheritdoc/>
    public SourceRequest GetRequest(Slice slice) =>
        new(settings.OfzTableUrl ?? MoexOptions.SampleOfzTableUrl, "xlsx", MaxBody);

    /// <inheritdoc/>
    public Verdict Classify(SourceRequest request, Answer answer) => MoexAnswers.Ofz(answer);

    /// <inheritdoc/>
    public ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    ) => new(new OfzBody { LastDay = MoexOptions.DayOf(context) });

    /// <inheritdoc/>
    public bool IsComparedWith(Slice slice, Slice other) => other.Dataset == MoexSlice.Holders;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> CrossCheckAsync(
        CrossCheckContext context,
        CancellationToken cancellationToken
    ) => new MoexCrossChecks(context.Facts).OfzAsync(cancellationToken);
}
