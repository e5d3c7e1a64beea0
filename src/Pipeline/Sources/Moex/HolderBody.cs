using System.Runtime.CompilerServices;
using Pipeline.Tables;

namespace Pipeline.Sources.Moex;

/// <summary>
/// Reads a body of statements about holders. The bodies of this source are small (the requests bound them), and what one row is
/// worth can depend on any other, so that a body is read as a whole.
/// </summary>
internal abstract class HolderBody : ISliceReader
{
    /// <inheritdoc/>
    public FactTable Table => Holding.Table;

    /// <inheritdoc/>
    public abstract SliceScope Scope { get; }

    /// <inheritdoc/>
    /// <remarks>All publishers of this source change earlier figures whenever they like, and say so.</remarks>
    public bool InPolicy(FactRow row, DateTimeOffset vintage) => true;

    /// <inheritdoc/>
    public async Task<BodyCheck> CheckAsync(Stream body, CancellationToken cancellationToken)
    {
        var reading = (await ReadAllAsync(body, cancellationToken).ConfigureAwait(false)).Settle();
        OnChecked(reading);
        return reading.Check();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RowBatch> ReadAsync(Stream body, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batch = (await ReadAllAsync(body, cancellationToken).ConfigureAwait(false)).Settle().Batch();
        if (batch.Read > 0) yield return batch;
    }

    /// <summary>Reads the rows. What is wrong with the body as a whole is a refusal.</summary>
    protected abstract Task<HolderReading> ReadAllAsync(Stream body, CancellationToken cancellationToken);

    /// <summary>Told what a check has found.</summary>
    protected virtual void OnChecked(HolderReading reading)
    {
    }
}
