using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Sources.Moex.Nsd;

/// <summary>National Settlement Depository, securities held through foreign nominees. A slice a day.</summary>
/// <param name="settings">The settings of the source.</param>
public sealed class MoexNsdDataset(MoexOptions settings) : IDataset
{
    /// <summary>How many days are read again.</summary>
    public const int Days = 7;

    /// <summary>The most objects asked for; a day has one for each type of asset and method.</summary>
    public const int Limit = 1000;

    /// <summary>Some hundred securities of a day.</summary>
    private const long MaxBody = 32L << 20;

    /// <inheritdoc/>
    public DatasetInfo Info { get; } =
        new(
            MoexSlice.Source,
            MoexSlice.Nsd,
            "Securities held through foreign nominee accounts, per type of asset and security, daily",
            "National Settlement Depository",
            Holding.Table,
            "per cent, and the currency of the answer",
            (settings.NsdUrl ?? MoexOptions.DefaultNsdUrl).AbsoluteUri,
            $"Experimental: the method's address and form are not confirmed. Needs a key of the publisher. "
                + MoexOptions.Caveat,
            $"daily; the last {Days} days are read again"
        )
        {
            // Trading days; the longest holidays are those of January.
            MaximumAgeDays = 14,
        };

    /// <inheritdoc/>
    public bool IsOn => settings.AsksNsd;

    /// <inheritdoc/>
    public string ExampleKey => "2026-11-20";

    /// <inheritdoc/>
    public bool IsKey(string key) => MoexSlice.TryDay(key, out _);

    /// <inheritdoc/>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        return Enumerable.Range(1, Days).Select(back => MoexSlice.OfNsd(today.AddDays(-back)));
    }

    /// <inheritdoc/>
    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now) => now + MoexOptions.NextPlan;

    /// <inheritdoc/>
    public SourceRequest GetRequest(Slice slice) =>
        new(
            new Uri(
                $"{(settings.NsdUrl ?? MoexOptions.DefaultNsdUrl).AbsoluteUri}?limit={Limit}&filter="
                    + Uri.EscapeDataString($$"""{"date":"{{slice.Key}}"}""")
            ),
            "json",
            MaxBody
        )
        {
            Secrets = [new SourceSecret("apikey", settings.NsdApiKey)],
        };

    /// <inheritdoc/>
    public Verdict Classify(SourceRequest request, Answer answer) => MoexAnswers.Nsd(answer);

    /// <inheritdoc/>
    public ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    ) => new(new NsdBody(MoexSlice.Day(slice)) { LastDay = MoexOptions.DayOf(context) });
}
