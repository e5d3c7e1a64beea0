using System.Globalization;
using Pipeline.Local.Azurite;

namespace Pipeline.Local;

/// <summary>Where things are: the repository, the built function app, and Azurite's data.</summary>
internal static class Checkout
{
    /// <summary>
    /// The folder whose package.json asks for azurite, from the current folder or this program's upwards; null
    /// outside a checkout.
    /// </summary>
    public static string? Root { get; } = FindRoot();

    /// <summary>Azurite's data on its usual ports, and the hosts of this checkout that use another storage.</summary>
    public static string Data { get; } = Path.Combine(Root ?? Path.GetTempPath(), ".azurite");

    /// <summary>The folder of the data of an Azurite that this checkout starts.</summary>
    public static string DataOf(AzuriteAccount account) =>
        account == AzuriteAccount.Default
            ? Data
            : Path.Combine(Data, account.Blob.ToString(CultureInfo.InvariantCulture));

    /// <summary>
    /// The folder of the hosts that use the Azurite on some ports. It is one for all checkouts of a user, because they
    /// share that Azurite.
    /// </summary>
    public static string HostsOf(AzuriteAccount account)
    {
        var user = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData,
            Environment.SpecialFolderOption.DoNotVerify
        );
        return user.Length == 0
            ? Path.Combine(DataOf(account), "hosts")
            : Path.Combine(user, "trade-pipeline", $"azurite-{string.Join('-', account.Ports)}");
    }

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
