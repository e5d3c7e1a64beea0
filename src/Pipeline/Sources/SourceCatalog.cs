using Microsoft.Extensions.Logging;
using Pipeline.Ledger;
using Pipeline.Sources.Http;

namespace Pipeline.Sources;

/// <summary>The sources of the pipeline and the way to each one's server.</summary>
public sealed class SourceCatalog : IDisposable
{
    private readonly Dictionary<string, (ISource Source, SourceClient Client, SampleAnswers? Samples)> sources = new(
        StringComparer.Ordinal
    );

    /// <param name="sources">The sources.</param>
    /// <param name="samplesFolder">Where the recorded samples are, one folder a source; null to use the
    /// network.</param>
    /// <param name="time">The clock of all waits.</param>
    /// <param name="random">The jitter of pauses.</param>
    /// <param name="network">What carries the requests of a source; null for plain sockets.</param>
    /// <param name="loggers">Where retries, time-outs and circuits are logged; null for nowhere.</param>
    public SourceCatalog(
        IEnumerable<ISource> sources,
        string? samplesFolder,
        TimeProvider time,
        Random random,
        Func<HttpMessageHandler>? network = null,
        ILoggerFactory? loggers = null
    )
    {
        foreach (var source in sources)
        {
            var samples = samplesFolder is null ? null : new SampleAnswers(Path.Combine(samplesFolder, source.Name));
            var gate = new Lock();
            double Jitter()
            {
                lock (gate)
                    return random.NextDouble();
            }
            this.sources.Add(
                source.Name,
                (
                    source,
                    new SourceClient(
                        source.Courtesy,
                        samples ?? network?.Invoke() ?? SourceClient.Sockets(),
                        time,
                        Jitter,
                        source.Name,
                        loggers
                    ),
                    samples
                )
            );
        }
    }

    /// <summary>All sources, in the order they were listed.</summary>
    public IEnumerable<ISource> All => sources.Values.Select(entry => entry.Source);

    /// <summary>Whether there is a source of that name.</summary>
    public bool Has(string name) => sources.ContainsKey(name);

    /// <summary>A source by its name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such source; the message names those there are.</exception>
    public ISource this[string name] => Entry(name).Source;

    /// <summary>The way to a source's server.</summary>
    public SourceClient Client(string name) => Entry(name).Client;

    /// <summary>Whether a source of this program knows the slice.</summary>
    public bool Exists(Slice slice)
    {
        if (!Has(slice.Source))
            return false;
        try
        {
            this[slice.Source].Request(slice);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether a slice can be pulled here: always from the network; from samples only what was
    /// recorded.
    /// </summary>
    public bool CanAnswer(Slice slice)
    {
        var (source, _, samples) = Entry(slice.Source);
        return samples is null || samples.Holds(source.Request(slice).Url);
    }

    /// <summary>
    /// When a slice should be asked for again. What came from samples is due at every plan: it costs nothing, and once
    /// the same storage is used live, nothing recorded stays in place of what is published.
    /// </summary>
    public DateTimeOffset NextDue(Slice slice, string? newest, DateTimeOffset now)
    {
        var (source, _, samples) = Entry(slice.Source);
        return samples is null ? source.NextDue(slice, newest, now) : SliceRow.Never;
    }

    /// <summary>The moment that counts as now for a slice: of samples, the day of the recording.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="now">The moment for what comes from the network.</param>
    public DateTimeOffset Now(Slice slice, DateTimeOffset now)
    {
        var (source, _, samples) = Entry(slice.Source);
        return samples?.AsOf(source.Request(slice).Url) ?? now;
    }

    public void Dispose()
    {
        foreach (var (_, client, _) in sources.Values)
            client.Dispose();
    }

    private (ISource Source, SourceClient Client, SampleAnswers? Samples) Entry(string name) =>
        sources.TryGetValue(name, out var entry)
            ? entry
            : throw new KeyNotFoundException(
                $"source: seen {Finding.Quote(name)}, expected one of {string.Join(", ", sources.Keys)}"
            );
}
