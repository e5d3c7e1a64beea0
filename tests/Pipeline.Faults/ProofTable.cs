using System.Globalization;
using System.Text;

namespace Pipeline.Faults;

/// <summary>What was found of some promises.</summary>
internal sealed class ProofTable(IReadOnlyList<string> promises)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Row> found = new(StringComparer.Ordinal);

    private sealed class Row
    {
        public long Tried,
            Survived;
        public readonly SortedSet<string> Notes = new(StringComparer.Ordinal);
        public readonly List<string> Differences = [];
    }

    /// <summary>See <see cref="Proof.Try"/>.</summary>
    public Trial Try(string promise, string note, long tried)
    {
        if (!promises.Contains(promise))
            throw new ArgumentException($"seen \"{promise}\", expected one of Proof.Promises", nameof(promise));
        Add(promise, row => row.Notes.Add(note));
        return new Trial(this, promise, tried);
    }

    internal void Tried(string promise, long count) => Add(promise, row => row.Tried += count);

    internal void Survived(string promise, long count) => Add(promise, row => row.Survived += count);

    internal void Differs(string promise, string difference) => Add(promise, row => row.Differences.Add(difference));

    private void Add(string promise, Action<Row> change)
    {
        lock (gate)
        {
            if (!found.TryGetValue(promise, out var row))
                found.Add(promise, row = new Row());
            change(row);
        }
    }

    /// <summary>Whether every promise was tried and held whenever it was.</summary>
    public bool AllHeld
    {
        get
        {
            lock (gate)
                return promises.All(promise => found.TryGetValue(promise, out var row) && row.Tried > 0 && Holds(row));
        }
    }

    private static bool Holds(Row row) => row.Tried == row.Survived && row.Differences.Count == 0;

    /// <summary>The table, in the form of the page; a promise that did not hold, or was not tried, says so.</summary>
    public string Text()
    {
        var table = new StringBuilder("| promise | cases run | passed | what was tried |\n|---|---:|---:|---|\n");
        lock (gate)
        {
            foreach (var promise in promises)
            {
                var row = found.GetValueOrDefault(promise);
                var note = row is null ? "not run" : string.Join("; ", row.Notes);
                table.Append(
                    CultureInfo.InvariantCulture,
                    $"| {promise} | {row?.Tried ?? 0:N0} | {row?.Survived ?? 0:N0} | "
                        + $"{(row is null || Holds(row) ? "" : "FAILED: ")}{note} |\n"
                );
            }
        }

        return table.ToString();
    }

    /// <summary>Where promises did not hold, and what was seen there; empty when all held.</summary>
    public string Differences()
    {
        var text = new StringBuilder();
        lock (gate)
        {
            foreach (var promise in promises.Where(promise => found.TryGetValue(promise, out var row) && !Holds(row)))
            {
                text.Append(CultureInfo.InvariantCulture, $"FAILED: {promise}\n");
                foreach (var difference in found[promise].Differences)
                    text.Append(difference).Append('\n');
            }
        }

        return text.ToString();
    }
}
