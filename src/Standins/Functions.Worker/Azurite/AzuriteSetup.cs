namespace Standin.Functions.Worker.Azurite;

/// <summary>What a local Azurite is started with.</summary>
internal sealed record AzuriteSetup
{
    public AzuritePorts Ports { get; init; } = AzuritePorts.Default;

    /// <summary>The checkout; null looks for the folder whose package.json asks for azurite.</summary>
    public string? Root { get; init; }

    /// <summary>Where the data is; null means <c>.azurite</c> in the checkout.</summary>
    public string? Data { get; init; }

    public string Node { get; init; } = "node";
    public string Npm { get; init; } = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
    public TimeSpan InstallLimit { get; init; } = TimeSpan.FromMinutes(5);
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Where the processes that use these ports register. One folder for the machine, user and ports, not for the checkout: two checkouts share the ports too.
    /// </summary>
    public string UsersFolder => Path.Combine(Path.GetTempPath(), $"standin-azurite-{Environment.UserName}-{Ports.Blob}");
}
