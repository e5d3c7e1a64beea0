namespace Standin.Functions.Worker.Hosting;

/// <summary>The app cannot start. Each line says where, what was seen, what was expected and what to do.</summary>
internal sealed class StartupException(IReadOnlyList<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    public StartupException(string line) : this([line])
    {
    }

    public IReadOnlyList<string> Lines { get; } = lines;
}
