using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Standin.Functions.Worker.Azurite;

namespace Standin.Functions.Worker.Settings;

/// <summary>A storage account and how to sign in to it.</summary>
internal sealed class StorageAccount
{
    // Azurite closes idle connections after about 5 s; sending on one that is dying fails, so ours are dropped earlier.
    private static readonly HttpClientTransport Loopback = new(new HttpClient(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(3) }));

    private readonly Func<QueueServiceClient> queues;
    private readonly Func<BlobServiceClient> blobs;

    private StorageAccount(string setting, Func<QueueServiceClient> queues, Func<BlobServiceClient> blobs)
    {
        Setting = setting;
        this.queues = queues;
        this.blobs = blobs;
    }

    /// <summary>The setting that names the account.</summary>
    public string Setting { get; }

    /// <summary>True when the setting asks for the local emulator.</summary>
    public bool IsDevelopment { get; private init; }

    /// <summary>Whether the settings name the service; a connection string names all.</summary>
    public bool HasQueues { get; private init; } = true;
    public bool HasBlobs { get; private init; } = true;

    public QueueServiceClient Queues() => queues();
    public BlobServiceClient Blobs() => blobs();

    /// <summary>The emulator's account on the given ports.</summary>
    public static StorageAccount Development(string setting, AzuritePorts ports)
    {
        var text = ports.ConnectionString;
        return new(setting, () => new(text, QueueOptions(true)), () => new(text, BlobOptions(true)))
        {
            IsDevelopment = true,
        };
    }

    public static StorageAccount FromConnectionString(string setting, string text)
    {
        var local = text.Contains("//127.0.0.1", StringComparison.Ordinal) || text.Contains("//localhost", StringComparison.OrdinalIgnoreCase);
        return new(setting, () => new(text, QueueOptions(local)), () => new(text, BlobOptions(local)));
    }

    public static StorageAccount FromIdentity(string setting, Uri? blobs, Uri? queues, TokenCredential credential) => new(
        setting,
        () => new(queues ?? throw new InvalidOperationException($"setting '{setting}__queueServiceUri' is missing"), credential, QueueOptions(queues.IsLoopback)),
        () => new(blobs ?? throw new InvalidOperationException($"setting '{setting}__blobServiceUri' is missing"), credential, BlobOptions(blobs.IsLoopback)))
    {
        HasQueues = queues is not null,
        HasBlobs = blobs is not null,
    };

    // The host encodes by host.json's messageEncoding itself, so that a body that cannot be decoded can still be moved as it is.
    private static QueueClientOptions QueueOptions(bool local)
    {
        var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None };
        // The listeners ask again by themselves; a stop should not wait for many attempts of an account that is away.
        options.Retry.MaxRetries = 2;
        if (local) options.Transport = Loopback;
        return options;
    }

    private static BlobClientOptions BlobOptions(bool local)
    {
        var options = new BlobClientOptions();
        if (local) options.Transport = Loopback;
        return options;
    }
}
