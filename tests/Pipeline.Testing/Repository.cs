namespace Pipeline.Testing;

/// <summary>Where the checkout is, for tests that read its files.</summary>
public static class Repository
{
    /// <summary>The folder that holds Pipeline.sln.</summary>
    public static string Root { get; } = Find();

    /// <summary>What node loads before Azurite; says why itself.</summary>
    public static string AzuriteWithoutSweeping { get; } =
        Path.Combine(Root, "tests", "Pipeline.Testing", "azurite-without-sweeping.cjs");

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Pipeline.sln")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new InvalidOperationException($"no Pipeline.sln above {AppContext.BaseDirectory}");
    }
}
