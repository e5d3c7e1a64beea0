namespace Pipeline.Local;

/// <summary>Where things are: the repository, the built function app, and Azurite's data.</summary>
internal static class Checkout
{
    /// <summary>
    /// The folder whose package.json asks for azurite, from the current folder or this program's upwards; null
    /// outside a checkout.
    /// </summary>
    public static string? Root { get; } = FindRoot();

    /// <summary>Azurite's data on its usual ports, and what local hosts remember.</summary>
    public static string Data { get; } = Path.Combine(Root ?? Path.GetTempPath(), ".azurite");

    /// <summary>
    /// The function app that was built with this program: src/Pipeline.Local/bin/X/Y and
    /// src/Pipeline.Functions/bin/X/Y.
    /// </summary>
    public static string AppFolder { get; } =
        Path.GetFullPath(
            Path.Combine(
                AppContext.BaseDirectory,
                "..",
                "..",
                "..",
                "..",
                "Pipeline.Functions",
                "bin",
                Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))!),
                Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))
            )
        );

    private static string? FindRoot()
    {
        foreach (var from in new[] { Environment.CurrentDirectory, AppContext.BaseDirectory })
        {
            for (var at = new DirectoryInfo(from); at is not null; at = at.Parent)
            {
                var package = Path.Combine(at.FullName, "package.json");
                if (File.Exists(package) && File.ReadAllText(package).Contains("\"azurite\"", StringComparison.Ordinal))
                {
                    return at.FullName;
                }
            }
        }
        return null;
    }
}
