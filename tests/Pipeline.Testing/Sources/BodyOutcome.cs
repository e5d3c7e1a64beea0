using System.Text;
using Pipeline.Datasets;
using Pipeline.Issues;
using Xunit;

namespace Pipeline.Testing;

/// <summary>Everything a reader makes of a body, in the order of the body.</summary>
internal sealed record BodyOutcome(
    BodyCheck Check,
    List<FactRow> Rows,
    List<MissingRow> Missing,
    List<Finding> Rejected
)
{
    /// <summary>Columns without a value of rows that are loaded.</summary>
    public List<MissingRow> Gaps { get; } = [];

    /// <summary>Rows that a check does not believe.</summary>
    public List<DoubtedRow> Doubts { get; } = [];

    /// <summary>
    /// Reads a body as the pipeline does: the check first, and the rows if the check lets it pass. Both must
    /// count alike.
    /// </summary>
    /// <param name="reader">The reader.</param>
    /// <param name="body">The body.</param>
    /// <param name="step">How many bytes the stream gives at most at a time.</param>
    public static async Task<BodyOutcome> ReadAsync(ISliceReader reader, byte[] body, int step = int.MaxValue)
    {
        var check = await BodyCheck.OfAsync(
            reader,
            _ => Task.FromResult<Stream>(new Drip(body, step)),
            CancellationToken.None
        );
        var outcome = new BodyOutcome(check, [], [], []);
        if (check.Refusal is not null)
            return outcome;
        var (read, excluded) = (0L, 0L);
        await foreach (var batch in reader.ReadAsync(new Drip(body, step), CancellationToken.None))
        {
            outcome.Rows.AddRange(batch.Rows);
            outcome.Missing.AddRange(batch.Missing);
            outcome.Gaps.AddRange(batch.Gaps);
            outcome.Rejected.AddRange(batch.Rejected);
            outcome.Doubts.AddRange(batch.Doubts);
            read += batch.Read;
            excluded += batch.Excluded;
        }
        Assert.Equal(
            (check.Read, check.Kept, check.Excluded, check.Missing),
            (read, outcome.Rows.Count, excluded, outcome.Missing.Count)
        );
        Assert.Equal(check.Read, check.Kept + check.Excluded + check.Missing + check.Rejected);
        return outcome;
    }

    /// <summary>The outcome as lines: the counts, then what was refused, missing and rejected.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{Check.Kept} of {Check.Read} kept, {Check.Excluded} excluded");
        if (Check.Refusal is { } refusal)
            text.Append($"\nrefused: {refusal}");
        foreach (var finding in Check.Unreadable is null ? Check.Judgements.Skip(1) : [])
            text.Append($"\nrefused too: {finding}");
        foreach (var gap in Missing)
            text.Append($"\nmissing: {gap.PartitionKey} {gap.RowKey}: {gap.Reason}");
        foreach (var gap in Gaps)
            text.Append($"\ngap: {gap.PartitionKey} {gap.RowKey}: {gap.Reason}");
        foreach (var finding in Rejected)
            text.Append($"\nrejected: {finding}");
        foreach (var doubt in Doubts)
            text.Append($"\ndoubted: {doubt.Finding}");
        return text.ToString();
    }

    /// <summary>A stream that gives a few bytes at a time, as a network does.</summary>
    private sealed class Drip(byte[] bytes, int step) : MemoryStream(bytes, writable: false)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer.Length > step ? buffer[..step] : buffer);

        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, step));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));
    }
}
