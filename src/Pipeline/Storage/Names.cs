using Azure.Storage.Queues;

namespace Pipeline.Storage;

/// <summary>
/// Every name the pipeline uses in its storage account, in one place; the deployment declares the same
/// ones.
/// </summary>
public static class Names
{
    /// <summary>The setting that names the data account.</summary>
    public const string Connection = "PipelineStorage";

    public const string PullQueue = "pull";
    public const string NormalizeQueue = "normalize";
    public const string PublishQueue = "publish";

    /// <summary>How message bodies are written. The host's <c>messageEncoding</c> must say the same.</summary>
    public const QueueMessageEncoding Encoding = QueueMessageEncoding.Base64;

    /// <summary>How often the host tries a message. Its <c>maxDequeueCount</c> must say the same.</summary>
    public const int MaxAttempts = 5;

    public const string RawContainer = "raw";

    /// <summary>A blob for each slice and source, whose lease a step holds while it works.</summary>
    public const string LocksContainer = "locks";

    /// <summary>Where people put the files they maintain.</summary>
    public const string CuratedContainer = "curated";

    /// <summary>Where files for programs that cannot sign in to tables go.</summary>
    public const string ExportsContainer = "exports";

    public const string History = "history";
    public const string Runs = "runs";
    public const string Slices = "slices";
    public const string Gaps = "gaps";
    public const string Rejects = "rejects";
    public const string Datasets = "datasets";

    /// <summary>What is computed from the facts.</summary>
    public const string Indicators = "indicators";

    /// <summary>Published figures, checked against the indicators.</summary>
    public const string Claims = "claims";

    /// <summary>Partners, economies and holders with their codes in all lists.</summary>
    public const string Partners = "partners";

    /// <summary>Commodities of the Harmonized System.</summary>
    public const string Commodities = "commodities";

    /// <summary>Months, quarters and years that facts cover.</summary>
    public const string Periods = "periods";

    /// <summary>The step queues, in the order data flows.</summary>
    public static IReadOnlyList<string> Queues { get; } = [PullQueue, NormalizeQueue, PublishQueue];

    /// <summary>Where the host puts the messages of a queue that it has given up.</summary>
    public static string PoisonOf(string queue) => $"{queue}-poison";
}
