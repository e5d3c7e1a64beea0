using System.Text;
using Pipeline.Datasets;
using Pipeline.Issues;
using Xunit;

namespace Pipeline.Testing;

/// <summary>Everything a parser makes of a body, in the order of the body.</summary>
internal sealed record BodyOutcome(
    BodyCheck Check,
    List<FactRow> Rows,
    List<MissingRow> Missing,
    List<Finding> Rejected
)
{
    /// <summary>Columns without a value of rows that are loaded.</summary>
    public List<MissingRow> Gaps { get; init; } = [];

    /// <summary>Rows that a check does not believe.</summary>
    public List<DoubtedRow> Doubts { get; init; } = [];

    /// <summary>
    /// Parses a body as the pipeline does: its rows count only if it may be loaded. Both ways of counting must agree.
    /// </summary>
    /// <param name="parser">The parser.</param>
    /// <param name="body">The body.</param>
    /// <param name="step">How many bytes the stream gives at most at a time.</param>
    public static async Task<BodyOutcome> ReadAsync(IRowParser parser, byte[] body, int step = int.MaxValue)
    {
        var (check, all) = await parser.ParseAsync(new Drip(body, step));
        if (check.Refusal is not null)
            return new BodyOutcome(check, [], [], []);
        Assert.Equal((check.Kept, check.Missing), (all.Rows.Count, all.Missing.Count));
        Assert.Equal(check.Read, check.Kept + check.Excluded + check.Missing + check.Rejected);
        return new BodyOutcome(check, all.Rows, all.Missing, all.Rejected) { Gaps = all.Gaps, Doubts = all.Doubts };
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
