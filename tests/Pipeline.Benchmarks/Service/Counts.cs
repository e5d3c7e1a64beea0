using System.Runtime.InteropServices;

namespace Pipeline.Benchmarks.Service;

/// <summary>How often something was asked for, by a word for it.</summary>
internal sealed class Counts
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, double> counts = new(StringComparer.Ordinal);

    public void Add(string what, double number = 1)
    {
        lock (gate)
            CollectionsMarshal.GetValueRefOrAddDefault(counts, what, out _) += number;
    }

    public void Clear()
    {
        lock (gate)
            counts.Clear();
    }

    public Dictionary<string, double> All()
    {
        lock (gate)
            return new Dictionary<string, double>(counts, StringComparer.Ordinal);
    }
}
