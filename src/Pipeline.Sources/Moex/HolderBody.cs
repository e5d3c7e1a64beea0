using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Loading;

namespace Pipeline.Sources.Moex;

/// <summary>
/// Parses a body of statements about holders. The bodies of this source are small (the requests bound them), and what
/// one row is worth can depend on any other, so that a body is read as a whole.
/// </summary>
internal abstract class HolderBody : IRowParser
{
    /// <inheritdoc/>
    public FactTable Table => Holding.Table;

    /// <inheritdoc/>
    public abstract SliceScope Scope { get; }

    /// <summary>The day on which the body was fetched: no figure is of a later one.</summary>
    internal DateOnly LastDay { get; init; } = DateOnly.MaxValue;

    /// <summary>The first day of the dataset.</summary>
    protected virtual DateOnly FirstDay => new(1990, 1, 1);

    /// <summary>How far a figure may stand out; null where the history is too restless to tell.</summary>
    protected virtual SpikeLimit? Spikes => null;

    /// <summary>The range of a value in whole units of its currency.</summary>
    protected virtual (double Least, double Most)? Plausible => (0, MostValue);

    /// <summary>More than all securities of the country are worth, in roubles.</summary>
    protected const double MostValue = 1_000_000_000_000_000;

    /// <summary>Stored rows that are neighbours of those of the body, as an OData filter by partition.</summary>
    protected virtual Func<string, string>? Neighbours => null;

    /// <summary>How far a share may stand out, in percentage points; null where the history is too restless.</summary>
    protected virtual ShareLimit? Shares => null;

    /// <inheritdoc/>
    public FigurePolicy Figures =>
        new()
        {
            Plausible = Plausible is { } range ? row => double.IsNaN(((Holding)row).Value) ? null : range : null,
            Spikes = Spikes is { } limit ? _ => limit : null,
            Neighbours = Neighbours,
            Shares = Shares,
            Periods = new PeriodLimits(
                FirstDay.ToString("O", CultureInfo.InvariantCulture),
                LastDay.ToString("O", CultureInfo.InvariantCulture),
                "the first day of the dataset",
                "when the body was fetched"
            ),
        };

    /// <inheritdoc/>
    public virtual string Wanted => "a statement";

    /// <inheritdoc/>
    /// <remarks>All publishers of this source change earlier figures whenever they like, and say so.</remarks>
    public bool InPolicy(FactRow row, DateTimeOffset vintage) => true;

    /// <inheritdoc/>
    public async Task<BodyCheck> ParseAsync(
        Stream body,
        Func<RowBatch, ValueTask> take,
        CancellationToken cancellationToken
    )
    {
        var reading = (await ReadAllAsync(body, cancellationToken)).Settle();
        await reading.Batch().HandOnAsync(take);
        return reading.Check();
    }

    /// <summary>Reads the rows. What is wrong with the body as a whole is a refusal.</summary>
    protected abstract Task<HolderReading> ReadAllAsync(Stream body, CancellationToken cancellationToken);
}
