using Microsoft.Extensions.Configuration;
using Pipeline.Settings;

namespace Pipeline.Local.Azurite;

/// <summary>The emulator's account in a connection string: the ports that Azurite serves it on.</summary>
internal sealed record AzuriteAccount(int Blob, int Queue, int Table)
{
    private const string Name = "devstoreaccount1";
    private static readonly string[] Endpoints = ["BlobEndpoint", "QueueEndpoint", "TableEndpoint"];

    /// <summary>What <c>UseDevelopmentStorage=true</c> stands for.</summary>
    public static readonly AzuriteAccount Default = new(10000, 10001, 10002);

    public IReadOnlyList<int> Ports => [Blob, Queue, Table];

    /// <summary>The addresses for messages.</summary>
    public string Shown => $"127.0.0.1:{string.Join('/', Ports)}";

    /// <summary>
    /// The settings that name a storage, the data account first, with the Azurite that each asks for.
    /// </summary>
    /// <returns>A setting without a value is left out; the account is null for any other storage.</returns>
    public static IReadOnlyList<(string Setting, string Text, AzuriteAccount? Account)> Named(
        IConfiguration configuration
    ) =>
        [
            .. new[] { SettingNames.Storage, SettingNames.HostStorage }
                .Select(name => (Name: name, Text: configuration[name] ?? ""))
                .Where(setting => setting.Text.Length > 0)
                .Select(setting => (setting.Name, setting.Text, Of(setting.Text))),
        ];

    /// <summary>Reads a setting.</summary>
    /// <returns>The ports, or null if the setting names another account or an emulator on another machine.</returns>
    public static AzuriteAccount? Of(string? connectionString)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
        {
            return null;
        }
        var parts = connectionString
            .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('=', 2))
            .Where(part => part.Length == 2)
            .GroupBy(part => part[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => group.Last()[1], StringComparer.OrdinalIgnoreCase);
        if (
            parts.TryGetValue("UseDevelopmentStorage", out var use)
            && use.Equals("true", StringComparison.OrdinalIgnoreCase)
        )
        {
            return parts.ContainsKey("DevelopmentStorageProxyUri") ? null : Default;
        }
        if (parts.GetValueOrDefault("AccountName") != Name)
        {
            return null;
        }
        var ports = Endpoints.Select(name => Port(parts.GetValueOrDefault(name))).OfType<int>().ToList();
        return ports is [var blob, var queue, var table] ? new AzuriteAccount(blob, queue, table) : null;
    }

    private static int? Port(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri is { Scheme: "http", IsLoopback: true }
            ? uri.Port
            : null;
}
