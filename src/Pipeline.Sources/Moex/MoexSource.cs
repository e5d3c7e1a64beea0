using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Moex;

/// <summary>
/// Foreign holders of Russian securities: the exchange's capitalisation as a denominator, the Bank of Russia's table of
/// OFZ, the depository's daily figures, and a curated file of statements by country, which no service publishes.
/// </summary>
public sealed class MoexSource(MoexOptions settings) : ISource
{
    private const string Caveat =
        "The server may not answer from every country or cloud; whether to call it, sanctions included, is the "
        + "owner's decision: each dataset has a switch of its own.";

    private readonly MoexPlan plan = new(settings);
    private readonly MoexRequests requests = new(settings);

    /// <inheritdoc/>
    public string Name => MoexSlice.Source;

    /// <inheritdoc/>
    public Courtesy Courtesy { get; } = CourtesyOf(settings);

    /// <inheritdoc/>
    public IReadOnlyList<Dataset> Datasets { get; } = [.. DatasetsOf(settings)];

    /// <inheritdoc/>
    public IEnumerable<Slice> Slices(DateTimeOffset now) => plan.Slices(now);

    /// <inheritdoc/>
    public DateTimeOffset? NextDue(Slice slice, string? newest, DateTimeOffset now) =>
        MoexPlan.NextDue(slice, newest, now);

    /// <inheritdoc/>
    public SourceRequest Request(Slice slice) => requests.Request(MoexSlice.Checked(slice));

    /// <inheritdoc/>
    public Verdict Judge(Slice slice, Answer answer) => MoexAnswers.Judge(slice, Request(slice), answer);

    /// <inheritdoc/>
    public async Task<Fetched> FetchAsync(Fetching fetching, CancellationToken cancellationToken)
    {
        var (slice, request) = (fetching.Slice, Request(fetching.Slice));
        Verdict Meaning(Answer answer) => Judge(slice, answer);
        if (slice.Dataset != MoexSlice.Capitalisation)
            return await fetching.SendConditionalAsync(request, Meaning, cancellationToken);
        var fetched = await new IssPages(CapitalisationBody.Block, paged: false).FetchAsync(
            fetching,
            request,
            Meaning,
            cancellationToken
        );
        MoexAnswers.SayBlocked(fetched);
        return fetched;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Slice> Narrow(Slice slice) => [];

    /// <inheritdoc/>
    public bool IsPublished(Slice slice, IReadOnlyCollection<SliceRow> known) => false;

    /// <inheritdoc/>
    public bool MayBeEmpty(Slice slice) => MoexPlan.ReleaseDate(slice) is null;

    /// <inheritdoc/>
    public DateTimeOffset? ReleaseDate(Slice slice) => MoexPlan.ReleaseDate(slice);

    /// <inheritdoc/>
    public string? ExpectedPeriod(Slice slice, DateTimeOffset now) => MoexPlan.ExpectedPeriod(slice, now);

    /// <inheritdoc/>
    public ISliceReader Reader(Slice slice) => ReaderOf(slice, DateOnly.MaxValue);

    private HolderBody ReaderOf(Slice slice, DateOnly last) =>
        MoexSlice.Checked(slice).Dataset switch
        {
            MoexSlice.Capitalisation => new CapitalisationBody { LastDay = last },
            MoexSlice.Ofz => new OfzBody { LastDay = last },
            MoexSlice.Nsd => new NsdBody(MoexSlice.Day(slice)) { LastDay = last },
            _ => new HoldersBody { LastDay = last, FileName = settings.HoldersFile },
        };

    /// <inheritdoc/>
    public ValueTask<ISliceReader> ReaderAsync(Slice slice, BodyContext context, CancellationToken cancellationToken) =>
        new(ReaderOf(slice, DateOnly.FromDateTime(context.FetchedAt.UtcDateTime + Moscow)));

    /// <summary>Days are those of Moscow.</summary>
    private static readonly TimeSpan Moscow = TimeSpan.FromHours(3);

    /// <inheritdoc/>
    public IReadOnlyList<string> ComparedWith(Slice slice) =>
        slice.Dataset switch
        {
            MoexSlice.Ofz => [MoexSlice.Holders],
            MoexSlice.Holders => [MoexSlice.Ofz],
            _ => [],
        };

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> CrossCheckAsync(
        Slice slice,
        Func<CancellationToken, Task<Stream>> body,
        FactStore facts,
        Func<CancellationToken, Task<long>> rows,
        CancellationToken cancellationToken
    ) => ComparedWith(slice).Count > 0 ? await new MoexCrossChecks(facts).OfzAsync(cancellationToken) : [];

    private static IEnumerable<Dataset> DatasetsOf(MoexOptions settings)
    {
        var urls = new MoexRequests(settings with { NsdApiKey = "" });
        if (settings.IssUrl is not null)
        {
            yield return new Dataset(
                MoexSlice.Capitalisation,
                "Capitalisation of the Russian stock market at the close of the last trading day",
                "Moscow Exchange",
                Holding.Table,
                "roubles",
                urls.Request(MoexSlice.OfCapitalisation).Url.AbsoluteUri,
                $"A denominator, nobody's holding. {Caveat}",
                "one figure per trading day; the same day is read again until the next one"
            );
        }

        if (settings.OfzTableUrl is not null)
        {
            yield return new Dataset(
                MoexSlice.Ofz,
                "OFZ held by non-residents, nominal volume and share, monthly",
                "Bank of Russia",
                Holding.Table,
                "billions of roubles and per cent (in the table: whole roubles and per cent)",
                settings.OfzTableUrl.AbsoluteUri,
                $"Must not be mixed with other series of OFZ; shares before and after 2022 are not comparable. "
                    + $"{Caveat}",
                "a new month 23 to 33 days after its first day; earlier months may change at any time"
            );
        }

        if (settings.NsdUrl is not null && settings.NsdApiKey.Length > 0)
        {
            yield return new Dataset(
                MoexSlice.Nsd,
                "Securities held through foreign nominee accounts, per type of asset and security, daily",
                "National Settlement Depository",
                Holding.Table,
                "per cent, and the currency of the answer",
                settings.NsdUrl.AbsoluteUri,
                $"Experimental: the method's address and form are not confirmed. Needs a key of the publisher. "
                    + $"{Caveat}",
                $"daily; the last {MoexPlan.NsdDays} days are read again"
            );
        }

        if (settings.HoldersFile.Length > 0)
        {
            yield return new Dataset(
                MoexSlice.Holders,
                "Statements on foreign holders of Russian securities, by country",
                "Moscow Exchange, Bank of Russia and others, as cited in each row",
                Holding.Table,
                "per cent of what Basis names, and whole units of Currency",
                $"{Storage.Names.CuratedContainer}/{settings.HoldersFile}",
                "Statements, cited row by row; those that contradict each other stay side by side. The basis "
                    + "foreign_held_free_float is the project's reading of the exchange's words. Shares on "
                    + "different bases must not be added or compared.",
                "whenever the file is changed; the whole file is read each time"
            );
        }
    }

    /// <remarks>
    /// One request at a time, 250 ms apart (moex.md, section 1.1). The depository may take 300 s for an
    /// answer.
    /// </remarks>
    private static Courtesy CourtesyOf(MoexOptions settings)
    {
        var asksNsd = settings.NsdUrl is not null && settings.NsdApiKey.Length > 0;
        var courtesy = new Courtesy(
            TimeSpan.FromMilliseconds(250),
            1,
            TimeSpan.FromSeconds(asksNsd ? 310 : 120),
            TimeSpan.FromMinutes(12),
            4,
            TimeSpan.FromSeconds(2),
            TimeSpan.FromMinutes(2)
        );
        Uri?[] addresses = [settings.IssUrl, settings.OfzTableUrl, asksNsd ? settings.NsdUrl : null];
        return
            addresses.Any(address => address is not null)
            && addresses.All(address => address is null or { IsLoopback: true })
            ? courtesy.ForLoopback()
            : courtesy;
    }
}
