using Xunit;

namespace Pipeline.Faults;

/// <summary>
/// A promise that is being tried: what is tried counts from its beginning, what survives only when it has.
/// </summary>
internal sealed class Trial : IDisposable
{
    /// <summary>After so many failures one more tells nothing new.</summary>
    private const int Enough = 5;

    private readonly ProofTable table;
    private readonly string promise;
    private readonly long together;
    private readonly List<string> differences = [];
    private bool held;
    private string? begun;

    internal Trial(ProofTable table, string promise, long tried)
    {
        (this.table, this.promise, together) = (table, promise, tried);
        table.Tried(promise, tried);
    }

    /// <summary>How many single cases were tried here.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// Tries one case. If it fails its difference is kept and the next ones are still tried, up to a few
    /// failures.
    /// </summary>
    /// <param name="where">The case.</param>
    /// <param name="work">Throws what did not hold.</param>
    public async Task RunAsync(string where, Func<Task> work)
    {
        table.Tried(promise, 1);
        lock (differences)
            Count++;
        try
        {
            await work();
            table.Survived(promise, 1);
        }
        catch (Exception e)
        {
            Fail($"{where}: {(e is Xunit.Sdk.IAssertionException ? e.Message : e)}");
            lock (differences)
            {
                if (differences.Count >= Enough)
                    End();
            }
        }
    }

    /// <summary>
    /// Begins one more case, of a test that ends with the first that fails: the one before has survived.
    /// </summary>
    /// <param name="where">The case.</param>
    public void Next(string where)
    {
        if (begun is not null)
            table.Survived(promise, 1);
        begun = where;
        table.Tried(promise, 1);
        Count++;
    }

    /// <summary>All that was tried together has survived, and the case that was begun last.</summary>
    public void Held()
    {
        table.Survived(promise, together + (begun is null ? 0 : 1));
        (held, begun) = (true, null);
    }

    /// <summary>Fails the test if any single case has failed.</summary>
    public void End()
    {
        lock (differences)
        {
            if (differences.Count > 0)
                Assert.Fail($"{differences.Count} of {Count} did not hold\n{string.Join('\n', differences)}");
        }
    }

    /// <summary>
    /// What was tried together and ended before <see cref="Held"/> has failed; the test itself says how.
    /// </summary>
    public void Dispose()
    {
        if (begun is not null || (together > 0 && !held))
        {
            Fail(
                $"{TestContext.Current.Test?.TestDisplayName ?? "a test"}: {(begun is null ? "" : begun + " ")}did "
                    + "not come to its end, see its failure above"
            );
        }
    }

    private void Fail(string difference)
    {
        lock (differences)
            differences.Add(difference);
        table.Differs(promise, difference);
    }
}
