using Pipeline.Issues;
using Pipeline.Slices;

namespace Pipeline.Datasets;

/// <summary>The sources of the pipeline and the way to each one's server.</summary>
public sealed class SourceCatalog : IDisposable
{
    private readonly Dictionary<string, (ISource Source, ISourceClient Client)> sources = new(StringComparer.Ordinal);

    /// <param name="sources">The sources.</param>
    /// <param name="clients">Makes the way to each one's server.</param>
    public SourceCatalog(IEnumerable<ISource> sources, ISourceClientFactory clients)
    {
        foreach (var source in sources)
            this.sources.Add(source.Name, (source, clients.Create(source)));
    }

    /// <summary>All sources, in the order they were listed.</summary>
    public IEnumerable<ISource> All => sources.Values.Select(entry => entry.Source);

    /// <summary>Whether there is a source of that name.</summary>
    public bool Has(string name) => sources.ContainsKey(name);

    /// <summary>A source by its name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such source; the message names those there are.</exception>
    public ISource this[string name] => Entry(name).Source;

    /// <summary>The way to a source's server.</summary>
    public ISourceClient Client(string name) => Entry(name).Client;

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
    /// Whether a slice can be pulled here: always from the network; from samples only what was recorded.
    /// </summary>
    public bool CanAnswer(Slice slice)
    {
        var (source, client) = Entry(slice.Source);
        return client.Recordings?.Holds(source.Request(slice).Url) ?? true;
    }

    /// <summary>
    /// When a slice should be asked for again. What came from samples is due at every plan: it costs nothing, and once
    /// the same storage is used live, nothing recorded stays in place of what is published.
    /// </summary>
    public DateTimeOffset? NextDue(Slice slice, string? newest, DateTimeOffset now)
    {
        var (source, client) = Entry(slice.Source);
        return client.Recordings is null ? source.NextDue(slice, newest, now) : null;
    }

    /// <summary>The moment that counts as now for a slice: of samples, the day of the recording.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="now">The moment for what comes from the network.</param>
    public DateTimeOffset Now(Slice slice, DateTimeOffset now)
    {
        var (source, client) = Entry(slice.Source);
        return client.Recordings?.AsOf(source.Request(slice).Url) ?? now;
    }

    public void Dispose()
    {
        foreach (var (_, client) in sources.Values)
            client.Dispose();
    }

    private (ISource Source, ISourceClient Client) Entry(string name) =>
        sources.TryGetValue(name, out var entry)
            ? entry
            : throw new KeyNotFoundException(
                $"source: seen {Finding.Quote(name)}, expected one of {string.Join(", ", sources.Keys)}"
            );
}
