namespace Pipeline.Datasets;

/// <summary>How a source's server wants to be treated.</summary>
/// <param name="Spacing">The least time between the starts of two requests.</param>
/// <param name="Concurrency">How many requests may run at the same time.</param>
/// <param name="AttemptTimeout">The longest one attempt may take, body included.</param>
/// <param name="TotalTimeout">The longest one request may take with all its attempts and pauses.</param>
/// <param name="Retries">How often a passing fault is tried again.</param>
/// <param name="RetryDelay">The pause before the first retry; it doubles each time, with jitter. A longer
/// <c>Retry-After</c> is honoured.</param>
/// <param name="MaxRetryDelay">The longest pause. A <c>Retry-After</c> beyond it ends the request; the slice is then
/// due when it says.</param>
public sealed record Courtesy(
    TimeSpan Spacing,
    int Concurrency,
    TimeSpan AttemptTimeout,
    TimeSpan TotalTimeout,
    int Retries,
    TimeSpan RetryDelay,
    TimeSpan MaxRetryDelay
)
{
    /// <summary>
    /// One request at a time, half a second apart, with patience: what a public server without published limits can be
    /// expected to bear.
    /// </summary>
    public static Courtesy Standard { get; } =
        new(
            TimeSpan.FromMilliseconds(500),
            1,
            TimeSpan.FromSeconds(120),
            TimeSpan.FromMinutes(12),
            4,
            TimeSpan.FromSeconds(2),
            TimeSpan.FromMinutes(2)
        );

    /// <summary>The same for the addresses of a source: shorter if all of them are on this machine.</summary>
    /// <param name="addresses">The addresses; null for each that is switched off.</param>
    public Courtesy At(params Uri?[] addresses)
    {
        var used = addresses.OfType<Uri>().ToList();
        return used.Count > 0 && used.TrueForAll(address => address.IsLoopback) ? ForLoopback() : this;
    }

    /// <summary>
    /// What a server on this machine needs: no spacing and short pauses, so that tests and samples do not wait
    /// for nobody.
    /// </summary>
    public Courtesy ForLoopback() => this with { Spacing = TimeSpan.Zero, RetryDelay = RetryDelay / 10 };
}
