using Pipeline.Issues;
using Pipeline.Slices;

namespace Pipeline.Datasets;

/// <summary>The sources of the pipeline and the way to each one's server.</summary>
public sealed class SourceCatalog : IDisposable
{
    private readonly Dictionary<string, (Source Source, ISourceClient Client)> sources = new(StringComparer.Ordinal);

    /// <param name="sources">The sources.</param>
    /// <param name="clients">Makes the way to each one's server.</param>
    /// <exception cref="InvalidOperationException">Two datasets write rows of different types to one table; the message
    /// names both.</exception>
    public SourceCatalog(IEnumerable<Source> sources, ISourceClientFactory clients)
    {
        var all = sources.ToList();
        if (FindSharedTable(all) is { } shared)
            throw new InvalidOperationException(shared.ToString());
        foreach (var source in all)
            this.sources.Add(source.Name, (source, clients.Create(source)));
    }

    /// <summary>All sources, in the order they were listed.</summary>
    public IEnumerable<Source> All => sources.Values.Select(entry => entry.Source);

    /// <summary>Whether there is a source of that name.</summary>
    public bool Has(string name) => sources.ContainsKey(name);

    /// <summary>A source by its name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such source; the message names those there are.</exception>
    public Source this[string name] => Entry(name).Source;

    /// <summary>The way to a source's server.</summary>
    public ISourceClient Client(string name) => Entry(name).Client;

    /// <summary>The dataset of a slice, also when the settings have switched it off.</summary>
    /// <exception cref="KeyNotFoundException">There is no such source; the message names those there are.</exception>
    /// <exception cref="FormatException">There is no such slice; the message says what there is.</exception>
    public IDataset Of(Slice slice) => this[slice.Source].Of(slice);

    /// <summary>The dataset of a slice, also when the settings have switched it off; null when there is none.</summary>
    public IDataset? Find(Slice slice) =>
        sources.TryGetValue(slice.Source, out var entry) ? entry.Source.Find(slice) : null;

    /// <summary>Smaller slices that together cover one; empty when it cannot be cut.</summary>
    public IReadOnlyList<Slice> Split(Slice slice) => Find(slice) is ISplittable dataset ? dataset.Split(slice) : [];

    /// <summary>The slices of a source, and those that it was once asked for instead of one that is too big.</summary>
    /// <param name="source">The source's name.</param>
    /// <param name="known">The rows of its slices.</param>
    /// <param name="now">The present moment.</param>
    public IEnumerable<Slice> GetSlices(string source, IReadOnlyDictionary<Slice, SliceRow> known, DateTimeOffset now)
    {
        return this[source].GetSlices(now).SelectMany(WithParts).Where(CanAnswer);

        IEnumerable<Slice> WithParts(Slice slice) =>
            known.TryGetValue(slice, out var row) && row.State == SliceState.Split
                ? Split(slice).SelectMany(WithParts).Prepend(slice)
                : [slice];
    }

    /// <summary>
    /// Whether a slice can be pulled here: always from the network; from samples only what was recorded.
    /// </summary>
    public bool CanAnswer(Slice slice)
    {
        var client = Client(slice.Source);
        return client.Recordings?.Holds(Of(slice).GetRequest(slice).Url) ?? true;
    }

    /// <summary>
    /// When a slice should be asked for again. What came from samples is due at every plan: it costs nothing, and once
    /// the same storage is used live, nothing recorded stays in place of what is published.
    /// </summary>
    public DateTimeOffset? NextDue(Slice slice, string? newest, DateTimeOffset now)
    {
        var client = Client(slice.Source);
        return client.Recordings is null ? Of(slice).GetNextDue(slice, newest, now) : null;
    }

    /// <summary>
    /// The moment that counts as now for a slice: of samples, the day of the newest recording up to then, or of the
    /// oldest if all are newer.
    /// </summary>
    /// <param name="slice">The slice.</param>
    /// <param name="now">The moment for what comes from the network.</param>
    public DateTimeOffset Now(Slice slice, DateTimeOffset now) =>
        RecordedDays(slice) is { Count: > 0 } days ? NewestUpTo(days, now) : now;

    /// <summary>
    /// The day whose recording answers the next pull of a slice: the oldest at first, then the one after that which
    /// answered last, and the newest from then on. While a body is on its way, or has failed on it,
    /// the one that answered last.
    /// </summary>
    /// <param name="row">The slice as it stands.</param>
    /// <returns>The day, a midnight, UTC; null if the network is asked, or the days are not known.</returns>
    public DateTimeOffset? NextRecording(SliceRow row)
    {
        if (RecordedDays(row.Slice) is not { Count: > 0 } days)
            return null;
        if (AnsweredOn(row) is not { } answered)
            return days[0];
        // The body is loaded and completed first, so that each vintage takes all steps.
        var state = row.Restoring ?? row.State;
        var isOnItsWay =
            state.IsUnderWay() || (state == SliceState.StepFailed && (row.Pending ?? row.Loading) is not null);
        return isOnItsWay ? NewestUpTo(days, answered) : days.FirstOrDefault(day => day > answered, days[^1]);
    }

    /// <summary>True if there is a recording of a slice that is newer than the one that answered last.</summary>
    /// <param name="row">The slice as it stands.</param>
    public bool HasNewerRecording(SliceRow row) =>
        AnsweredOn(row) is { } answered && HasNewerRecording(row.Slice, answered);

    /// <summary>
    /// The day of the recording that answered last. Its body may be known before the day is noted, and alone after the
    /// slice was restored from its bodies.
    /// </summary>
    private static DateTimeOffset? AnsweredOn(SliceRow row) =>
        new[] { row.RecordedOn, row.Vintage, row.Pending?.Vintage }.Max();

    /// <summary>True if there is a recording of a slice that is newer than a body.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="vintage">The vintage of the body, UTC.</param>
    public bool HasNewerRecording(Slice slice, DateTimeOffset vintage) =>
        RecordedDays(slice) is { Count: > 0 } days && days[^1] > vintage;

    /// <summary>The day of the oldest recording of all sources, UTC; null if the network is asked.</summary>
    public DateTimeOffset? FirstRecording
    {
        get
        {
            var days = sources
                .Values.Where(entry => entry.Client.Recordings is not null)
                .SelectMany(entry => entry.Client.Recordings!.AllDays)
                .ToList();
            return days.Count == 0 ? null : days.Min();
        }
    }

    private IReadOnlyList<DateTimeOffset> RecordedDays(Slice slice) =>
        Client(slice.Source).Recordings is { } recordings && Find(slice) is { } dataset
            ? recordings.Days(dataset.GetRequest(slice).Url)
            : [];

    private static DateTimeOffset NewestUpTo(IReadOnlyList<DateTimeOffset> days, DateTimeOffset moment) =>
        days.Where(day => day <= moment).Prepend(days[0]).Last();

    /// <summary>
    /// Why no slice of a source can be pulled from its recordings; null if one can, if the source has no slices, and if
    /// the network is asked.
    /// </summary>
    /// <param name="source">The source's name.</param>
    /// <param name="now">The present moment.</param>
    public Finding? FindUselessRecordings(string source, DateTimeOffset now)
    {
        if (Client(source).Recordings is not { } recordings)
            return null;
        var slices = this[source].GetSlices(now).ToList();
        if (slices.Count == 0 || slices.Exists(CanAnswer))
            return null;
        var request = Of(slices[0]).GetRequest(slices[0]);
        return new Finding(
            recordings.File,
            recordings.Requests.Count == 0
                ? "no recording"
                : $"recordings of {string.Join(", ", recordings.Requests.Take(3).Select(asked => Finding.Quote(asked)))}",
            $"the end of the address of a slice as request, for example of {request.Where} ({slices[0]})",
            "correct request, or set Sources__Mode to live"
        );
    }

    public void Dispose()
    {
        foreach (var (_, client) in sources.Values)
            client.Dispose();
    }

    /// <summary>Two datasets whose rows go to one table and have different types; null if there are none.</summary>
    private static Finding? FindSharedTable(IEnumerable<Source> sources)
    {
        // The table service does not tell upper case from lower case.
        var tables = new Dictionary<string, DatasetInfo>(StringComparer.OrdinalIgnoreCase);
        foreach (var info in sources.SelectMany(source => source.All).Select(dataset => dataset.Info))
        {
            if (!tables.TryAdd(info.Table.Name, info) && tables[info.Table.Name].Table.RowType != info.Table.RowType)
            {
                return new Finding(
                    $"table {info.Table.Name}",
                    $"{Rows(tables[info.Table.Name])} and {Rows(info)}",
                    "rows of one type in a table",
                    "give one of the two FactTables another name"
                );
            }
        }
        return null;

        static string Rows(DatasetInfo info) => $"rows of {info.Table.RowType.Name} from {info.Source}/{info.Name}";
    }

    private (Source Source, ISourceClient Client) Entry(string name) =>
        sources.TryGetValue(name, out var entry)
            ? entry
            : throw new KeyNotFoundException(
                $"source: seen {Finding.Quote(name)}, expected one of {string.Join(", ", sources.Keys)}"
            );
}
