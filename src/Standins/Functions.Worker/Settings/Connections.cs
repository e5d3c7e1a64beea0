using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.Configuration;
using Standin.Functions.Worker.Azurite;

namespace Standin.Functions.Worker.Settings;

/// <summary>Finds the storage account that a connection name stands for. Order and suffixes: WebJobs' connection lookup and Azure's identity-based connections.</summary>
internal sealed class Connections(IConfiguration settings, AzuritePorts ports)
{
    private readonly Dictionary<string, StorageAccount> found = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The account; asked twice for one name, the same object.</summary>
    /// <param name="name">The name as written in an attribute; null or empty means host storage.</param>
    /// <param name="error">Why there is none; never holds a secret.</param>
    public StorageAccount? Find(string? name, out string error)
    {
        error = "";
        var key = string.IsNullOrEmpty(name) ? "Storage" : name;
        if (found.TryGetValue(key, out var known)) return known;
        string[] places = [$"ConnectionStrings:AzureWebJobs{key}", $"AzureWebJobs{key}", $"ConnectionStrings:{key}", key];
        foreach (var place in places)
        {
            var section = settings.GetSection(place);
            if (!section.Exists()) continue;
            var account = section.Value is { } text ? FromConnectionString(place, text, out error) : FromIdentity(section, out error);
            if (account is not null) found[key] = account;
            return account;
        }
        error = $"Storage account connection string 'AzureWebJobs{key}' does not exist. Make sure that it is a defined App Setting.";
        return null;
    }

    private StorageAccount? FromConnectionString(string place, string text, out string error)
    {
        error = "";
        if (text.Length == 0)
        {
            error = $"setting '{Shown(place)}' is empty, expected a connection string; set it, or remove it so that its identity form can be seen.";
            return null;
        }
        var parts = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('=', 2)).ToList();
        if (parts.Any(part => part.Length != 2) || parts.GroupBy(part => part[0], StringComparer.OrdinalIgnoreCase).Any(group => group.Count() > 1))
        {
            error = $"setting '{Shown(place)}' is not a storage connection string, expected Name=Value pairs joined by ';', e.g. UseDevelopmentStorage=true.";
            return null;
        }
        var values = parts.ToDictionary(part => part[0], part => part[1], StringComparer.OrdinalIgnoreCase);
        var development = values.TryGetValue("UseDevelopmentStorage", out var use) && use.Equals("true", StringComparison.OrdinalIgnoreCase);
        if (development) return StorageAccount.Development(Shown(place), ports);
        var named = values.ContainsKey("AccountName") && values.ContainsKey("AccountKey");
        var addressed = values.ContainsKey("SharedAccessSignature") && (values.ContainsKey("QueueEndpoint") || values.ContainsKey("BlobEndpoint"));
        if (!named && !addressed)
        {
            error = $"setting '{Shown(place)}' is not a storage connection string, expected AccountName and AccountKey, or endpoints and SharedAccessSignature.";
            return null;
        }
        return StorageAccount.FromConnectionString(Shown(place), text);
    }

    private static StorageAccount? FromIdentity(IConfigurationSection section, out string error)
    {
        error = "";
        var place = Shown(section.Path);
        Uri? blobs, queues;
        if (section["accountName"] is { Length: > 0 } account)
        {
            blobs = new Uri($"https://{account}.blob.core.windows.net");
            queues = new Uri($"https://{account}.queue.core.windows.net");
        }
        else
        {
            var fallback = section["serviceUri"];
            foreach (var (suffix, text) in new[] { ("blobServiceUri", section["blobServiceUri"]), ("queueServiceUri", section["queueServiceUri"]), ("serviceUri", fallback) })
                if (text is not null && !Uri.TryCreate(text, UriKind.Absolute, out _))
                {
                    error = $"setting '{place}__{suffix}': seen \"{text}\", expected an address such as https://account.queue.core.windows.net.";
                    return null;
                }
            blobs = (section["blobServiceUri"] ?? fallback) is { } blob ? new Uri(blob) : null;
            queues = (section["queueServiceUri"] ?? fallback) is { } queue ? new Uri(queue) : null;
            if (blobs is null && queues is null)
            {
                error = $"settings '{place}__…' name no storage account, expected '{place}__accountName', or '{place}__queueServiceUri' and '{place}__blobServiceUri'.";
                return null;
            }
        }
        return Credential(section, place, out error) is { } credential ? StorageAccount.FromIdentity(place, blobs, queues, credential) : null;
    }

    private static TokenCredential? Credential(IConfigurationSection section, string place, out string error)
    {
        error = "";
        var (kind, client, tenant, secret) = (section["credential"], section["clientId"], section["tenantId"], section["clientSecret"]);
        if (string.Equals(kind, "managedidentity", StringComparison.OrdinalIgnoreCase))
            return new ManagedIdentityCredential(client is { Length: > 0 } ? ManagedIdentityId.FromUserAssignedClientId(client) : ManagedIdentityId.SystemAssigned);
        if (!string.IsNullOrEmpty(kind))
        {
            error = $"setting '{place}__credential': seen \"{kind}\", expected managedidentity or nothing (the default credential).";
            return null;
        }
        if (!string.IsNullOrEmpty(tenant) && !string.IsNullOrEmpty(client) && !string.IsNullOrEmpty(secret)) return new ClientSecretCredential(tenant, client, secret);
        return new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = string.IsNullOrEmpty(client) ? null : client });
    }

    private static string Shown(string path) => path.Replace(":", "__", StringComparison.Ordinal);
}
