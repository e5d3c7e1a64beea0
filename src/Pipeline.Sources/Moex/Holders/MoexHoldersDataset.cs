using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Moex.Holders;

/// <summary>
/// Statements on foreign holders of Russian securities by country, which no service publishes: a file that people
/// maintain. One slice.
/// </summary>
/// <param name="settings">The settings of the source.</param>
public sealed class MoexHoldersDataset(MoexOptions settings) : ICrossChecked
{
    private const long MaxBody = 4L << 20;

    /// <inheritdoc/>
    public DatasetInfo Info { get; } =
        new(
            MoexSlice.Source,
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
        )
        {
            // People maintain the file.
            MaximumAgeDays = null,
        };

    /// <inheritdoc/>
    public bool IsOn => settings.HoldersFile.Length > 0;

    /// <inheritdoc/>
    public string ExampleKey => MoexSlice.OfHolders.Key;

    /// <inheritdoc/>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now) => [MoexSlice.OfHolders];

    /// <inheritdoc/>
    /// <remarks>Looking at the file costs nothing, and an operator who changes it wants to see it loaded.</remarks>
    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now) => null;

    /// <inheritdoc/>
    public SourceRequest GetRequest(Slice slice) =>
        SourceRequest.Curated(IsOn ? settings.HoldersFile : MoexOptions.DefaultHoldersFile, "csv", MaxBody);

    /// <inheritdoc/>
    public Verdict Classify(SourceRequest request, Answer answer) => MoexAnswers.Holders(request, answer);

    /// <inheritdoc/>
    public ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    ) => new(new HoldersBody { LastDay = MoexOptions.DayOf(context), FileName = settings.HoldersFile });

    /// <inheritdoc/>
    public bool IsComparedWith(Slice slice, Slice other) => other.Dataset == MoexSlice.Ofz;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> CrossCheckAsync(
        CrossCheckContext context,
        CancellationToken cancellationToken
    ) => new MoexCrossChecks(context.Facts).OfzAsync(cancellationToken);
}
