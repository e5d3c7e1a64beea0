using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Unctad.Partners;

/// <summary>UNCTAD, foreign direct investment by partner, from a file that people maintain. One slice.</summary>
/// <param name="settings">The settings of the source.</param>
public sealed class FdiPartnersDataset(UnctadOptions settings) : ICrossChecked
{
    private readonly UnctadRequests requests = new(settings);

    /// <inheritdoc/>
    public DatasetInfo Info { get; } =
        new(
            UnctadSlice.Source,
            UnctadSlice.Partners,
            "Foreign direct investment by partner, annual (Bilateral FDI Statistics 2014 and what operators " + "add)",
            UnctadOptions.Publisher,
            FdiPartner.Table,
            UnctadOptions.Unit,
            SourceRequest.Curated(settings.PartnersFile, "csv", 0).Url.AbsoluteUri,
            UnctadOptions.Terms,
            "discontinued by the publisher in 2014; the file changes when operators change it"
        )
        {
            // People maintain the file.
            MaximumAgeDays = null,
        };

    /// <inheritdoc/>
    public bool IsOn => settings.PartnersFile.Length > 0;

    /// <inheritdoc/>
    public string ExampleKey => UnctadSlice.All;

    /// <inheritdoc/>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now) => [UnctadSlice.OfPartners];

    /// <inheritdoc/>
    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now) => now + UnctadOptions.NextPlan;

    /// <inheritdoc/>
    public SourceRequest GetRequest(Slice slice) => requests.Partners();

    /// <inheritdoc/>
    public Task<FetchResult> FetchAsync(FetchContext context, CancellationToken cancellationToken) =>
        context.SendAsync(
            requests.Partners(),
            answer => UnctadAnswers.Curated(answer, "put it there, or set Unctad__PartnersFile to the empty string"),
            cancellationToken
        );

    /// <inheritdoc/>
    public ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    ) => new(new PartnersBody(context.FetchedAt.Year, settings.PartnersFile));

    /// <inheritdoc/>
    public bool IsComparedWith(Slice slice, Slice other) => other.Dataset == UnctadSlice.FlowsStock;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> CrossCheckAsync(
        CrossCheckContext context,
        CancellationToken cancellationToken
    ) => new UnctadCrossChecks(context.Facts).PartnersAsync(cancellationToken);
}
