namespace Pipeline.Local;

/// <summary>The local host cannot go on. Its message is shown as it is, and the exit code is 1.</summary>
internal sealed class StartException(params IReadOnlyList<string> lines) : Exception(string.Join('\n', lines))
{
    /// <summary>One line a cause: where, what was seen, what was expected, what to do.</summary>
    public IReadOnlyList<string> Lines => lines;
}
