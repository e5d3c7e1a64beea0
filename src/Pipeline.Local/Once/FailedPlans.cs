namespace Pipeline.Local.Once;

/// <summary>The plan functions whose last attempt failed.</summary>
internal sealed class FailedPlans
{
    private readonly List<string> functions = [];

    /// <summary>Their names, each once, in the order of their first failure.</summary>
    public IReadOnlyList<string> All => functions;

    /// <summary>Records a failure.</summary>
    public void Failed(string function)
    {
        if (!functions.Contains(function))
        {
            functions.Add(function);
        }
    }

    /// <summary>Records a success, which makes up for earlier failures.</summary>
    public void Succeeded(string function) => functions.Remove(function);
}
