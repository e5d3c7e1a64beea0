using System.Net;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Pipeline.Issues;
using Pipeline.Slices;

namespace Pipeline.Storage;

/// <summary>
/// The clients of the data account, from a connection string or from service addresses and an identity. Storage calls
/// are retried by the clients' own policy and by nothing else.
/// </summary>
public sealed class StorageAccount
{
    /// <summary>
    /// Azurite closes idle connections after 5 s; a client that keeps them longer sends into a dying one.
    /// </summary>
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(3);

    private static readonly HttpPipelineTransport Transport = new HttpClientTransport(
        new HttpClient(
            new SocketsHttpHandler
            {
                PooledConnectionIdleTimeout = IdleTime,
                AllowAutoRedirect = false,
                UseProxy = true,
                AutomaticDecompression = DecompressionMethods.None,
            }
        )
        {
            Timeout = Timeout.InfiniteTimeSpan,
        }
    );

    private StorageAccount(BlobServiceClient blobs, QueueServiceClient queues, TableServiceClient tables)
    {
        Blobs = blobs;
        Queues = queues;
        Tables = tables;
    }

    public BlobServiceClient Blobs { get; }
    public QueueServiceClient Queues { get; }
    public TableServiceClient Tables { get; }

    /// <summary>Opens the account that the setting names. Nothing is sent yet.</summary>
    /// <param name="configuration">The app settings.</param>
    /// <param name="name">The setting, a connection string or a section with <c>blobServiceUri</c>,
    /// <c>queueServiceUri</c> and <c>tableServiceUri</c>.</param>
    /// <param name="findings">Receives what is wrong with the setting.</param>
    /// <param name="policies">Policies put under every client, for fault tests and tracing.</param>
    /// <returns>The account, or null when <paramref name="findings"/> grew.</returns>
    public static StorageAccount? Open(
        IConfiguration configuration,
        string name,
        ICollection<Finding> findings,
        params HttpPipelinePolicy[] policies
    )
    {
        var text = configuration[name];
        if (!string.IsNullOrWhiteSpace(text))
            return FromConnectionString(name, text, findings, policies);
        var section = configuration.GetSection(name);
        if (!section.GetChildren().Any())
        {
            findings.Add(
                new Finding(
                    name,
                    "nothing",
                    $"a storage connection string, or {name}__blobServiceUri, {name}__queueServiceUri and "
                        + $"{name}__tableServiceUri",
                    $"for local work set {name}=UseDevelopmentStorage=true"
                )
            );
            return null;
        }
        var before = findings.Count;
        var blob = ServiceUri(section, name, "blobServiceUri", findings);
        var queue = ServiceUri(section, name, "queueServiceUri", findings);
        var table = ServiceUri(section, name, "tableServiceUri", findings);
        if (findings.Count > before)
            return null;
        var credential = Credential(section);
        return new StorageAccount(
            new BlobServiceClient(blob, credential, With(new BlobClientOptions(), policies)),
            new QueueServiceClient(
                queue,
                credential,
                With(new QueueClientOptions { MessageEncoding = Names.Encoding }, policies)
            ),
            new TableServiceClient(table, credential, With(new TableClientOptions(), policies))
        );
    }

    private static StorageAccount? FromConnectionString(
        string name,
        string text,
        ICollection<Finding> findings,
        HttpPipelinePolicy[] policies
    )
    {
        try
        {
            if (IsDevelopment(text) && !(AppContext.TryGetSwitch(AzureLimitsPolicy.OffSwitch, out var off) && off))
                policies = [.. policies, new AzureLimitsPolicy()];
            return new StorageAccount(
                new BlobServiceClient(text, With(new BlobClientOptions(), policies)),
                new QueueServiceClient(
                    text,
                    With(new QueueClientOptions { MessageEncoding = Names.Encoding }, policies)
                ),
                new TableServiceClient(text, With(new TableClientOptions(), policies))
            );
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            // The text itself may hold a key, so it is not repeated.
            findings.Add(
                new Finding(
                    name,
                    "a text that is no connection string",
                    "DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net",
                    $"for local work set {name}=UseDevelopmentStorage=true"
                )
            );
            return null;
        }
    }

    /// <summary>True if the account is Azurite, which accepts what Azure refuses.</summary>
    private static bool IsDevelopment(string text)
    {
        var tables = new TableServiceClient(text);
        return tables.Uri.IsLoopback || tables.AccountName == "devstoreaccount1";
    }

    private static Uri? ServiceUri(
        IConfigurationSection section,
        string name,
        string key,
        ICollection<Finding> findings
    )
    {
        var text = section[key];
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" && IsPlain(uri))
            return uri;
        var seen = uri switch
        {
            _ when string.IsNullOrEmpty(text) => "nothing",
            not { Scheme: "https" or "http" } => "a text that is no address (not repeated here)",
            _ when IsPlain(uri) => Finding.Quote(text),
            _ => "an address with user, query or fragment (not repeated here)",
        };
        findings.Add(
            new Finding(
                $"{name}__{key}",
                seen,
                "a plain https address",
                $"for example "
                    + $"{name}__{key}=https://myaccount.{key[..key.IndexOf('S', StringComparison.Ordinal)]}"
                    + ".core.windows.net"
            )
        );
        return null;
    }

    /// <summary>User and query may hold a secret; a signature in them would be ignored, too.</summary>
    private static bool IsPlain(Uri uri) =>
        uri.Query.Length == 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0;

    private static TokenCredential Credential(IConfigurationSection section)
    {
        var clientId = section["clientId"];
        if (string.Equals(section["credential"], "managedidentity", StringComparison.OrdinalIgnoreCase))
        {
            return new ManagedIdentityCredential(
                string.IsNullOrEmpty(clientId)
                    ? ManagedIdentityId.SystemAssigned
                    : ManagedIdentityId.FromUserAssignedClientId(clientId)
            );
        }

        return new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = clientId });
    }

    private static T With<T>(T options, HttpPipelinePolicy[] policies)
        where T : ClientOptions
    {
        options.Transport = Transport;
        options.Retry.Mode = RetryMode.Exponential;
        options.Retry.Delay = TimeSpan.FromMilliseconds(200);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(10);
        options.Retry.MaxRetries = 5;
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(60);
        options.AddPolicy(new SliceLease.GuardPolicy(), HttpPipelinePosition.PerCall);
        // What cannot be sent is not tried again.
        foreach (var policy in policies)
        {
            options.AddPolicy(
                policy,
                policy is AzureLimitsPolicy ? HttpPipelinePosition.PerCall : HttpPipelinePosition.PerRetry
            );
        }

        return options;
    }
}
