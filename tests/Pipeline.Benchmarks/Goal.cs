namespace Pipeline.Benchmarks;

/// <summary>Something that is to be reached, and how it is measured.</summary>
internal interface IGoal
{
    /// <summary>How the command line calls it.</summary>
    string Name { get; }

    /// <summary>Measures it.</summary>
    /// <exception cref="Processes.BenchmarkException">What was made is not right: no figure says anything
    /// then.</exception>
    Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench);
}

/// <summary>A line of the table.</summary>
/// <param name="Goal">Its number.</param>
/// <param name="What">What was measured.</param>
/// <param name="Measured">The figure, with what it is compared to.</param>
/// <param name="Asked">What it should be.</param>
/// <param name="IsMet">Whether it is; null where nothing is asked.</param>
internal sealed record Outcome(int Goal, string What, string Measured, string Asked, bool? IsMet);
