using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// A message of a step queue: one of five kinds, each of which asks for one thing. In a queue it is JSON with the kind
/// in the property <c>Kind</c>.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "Kind")]
[JsonDerivedType(typeof(PullMessage), "Pull")]
[JsonDerivedType(typeof(NormalizeMessage), "Normalize")]
[JsonDerivedType(typeof(ReloadNewestMessage), "ReloadNewest")]
[JsonDerivedType(typeof(CompleteRunMessage), "CompleteRun")]
[JsonDerivedType(typeof(RefreshSourceMessage), "RefreshSource")]
public abstract record StepMessage
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNameCaseInsensitive = true,
        AllowOutOfOrderMetadataProperties = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    private const string Kinds = "Pull, Normalize, ReloadNewest, CompleteRun or RefreshSource";

    /// <summary>
    /// Since when the message waits for a lease that another worker holds; the storage's time. Null when it has not
    /// waited.
    /// </summary>
    public DateTimeOffset? WaitingSince { get; init; }

    /// <summary>How often a worker has lost the lease while it worked on the message.</summary>
    public int LeaseLosses { get; init; }

    /// <summary>
    /// The span that sent the message, as W3C Trace Context writes it (<c>traceparent</c>): the step that works on it
    /// continues its trace. Null where nothing traces. No decision depends on it.
    /// </summary>
    public string? TraceParent { get; init; }

    /// <summary>The queue that the message belongs to.</summary>
    [JsonIgnore]
    public abstract string Queue { get; }

    /// <summary>The name of the step that works on it.</summary>
    [JsonIgnore]
    public abstract string StepName { get; }

    /// <summary>Reads what the message names.</summary>
    /// <exception cref="FormatException">It names nothing that there can be.</exception>
    [JsonIgnore]
    public abstract MessageSubject Subject { get; }

    /// <summary>The message as its queue holds it.</summary>
    public BinaryData ToJson() => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(this, Json));

    /// <summary>Reads a message.</summary>
    /// <param name="queue">The queue that it came from.</param>
    /// <param name="body">The message as the queue holds it.</param>
    /// <exception cref="FormatException">It is no message of that queue.</exception>
    public static StepMessage Read(string queue, string body)
    {
        var message = Parse(queue, body);
        _ = message.Subject;
        return message;
    }

    /// <summary>Reads a message whose members may still name nothing that there can be.</summary>
    /// <exception cref="FormatException">It is no message of that queue.</exception>
    internal static StepMessage Parse(string queue, string body)
    {
        StepMessage? message;
        try
        {
            message = JsonSerializer.Deserialize<StepMessage>(body, Json);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw Unreadable(queue, body);
        }
        if (message is null || message.Queue != queue)
            throw Unreadable(queue, body);
        return message;
    }

    private static FormatException Unreadable(string queue, string body) =>
        new(
            new Finding(
                $"queue {queue}",
                body.Length == 0 ? "an empty message" : Finding.Quote(body),
                $"a JSON object whose Kind is {KindsOf(queue)}",
                "the message moves to the poison queue; replay the slice in its place"
            ).ToString()
        );

    private static string KindsOf(string queue) =>
        queue switch
        {
            Names.PullQueue => "Pull",
            Names.NormalizeQueue => "Normalize or ReloadNewest",
            Names.PublishQueue => "CompleteRun or RefreshSource",
            _ => Kinds,
        };

    /// <exception cref="FormatException">The message names no slice.</exception>
    protected static Slice SliceOf(string? text, string queue) =>
        Slice.TryParse(text, out var slice)
            ? slice
            : throw new FormatException(
                new Finding(
                    $"queue {queue}, property Slice",
                    text is null ? "nothing" : Finding.Quote(text),
                    "source/dataset/key, for example census-trade/exports-total/2019",
                    "the message moves to the poison queue; send it again with a slice of the table slices"
                ).ToString()
            );

    /// <exception cref="FormatException">The message names no raw body of its slice.</exception>
    protected static RawName BodyOf(string? blob, Slice slice, string queue) =>
        RawName.TryParse(blob, out var name) && name.Slice == slice
            ? name
            : throw new FormatException(
                new Finding(
                    $"queue {queue}, property RawBlob",
                    blob is null ? "nothing" : Finding.Quote(blob),
                    $"{slice}/yyyyMMddTHHmmssZ-sha12.ext",
                    "the message moves to the poison queue; send it again with a blob of the container raw"
                ).ToString()
            );

    /// <summary>What a message is about that names a slice.</summary>
    private protected MessageSubject About(string? slice)
    {
        var named = SliceOf(slice, Queue);
        return new MessageSubject(named.Source, named, null);
    }

    /// <summary>What a message is about that names a slice and a body of it.</summary>
    private protected MessageSubject About(string? slice, string? blob)
    {
        var subject = About(slice);
        return subject with { Body = BodyOf(blob, subject.Slice!, Queue) };
    }
}

/// <summary>What a message is about.</summary>
/// <param name="Source">The source.</param>
/// <param name="Slice">The slice; null when the message is about the source as a whole.</param>
/// <param name="Body">The raw body; null when the message names none.</param>
public sealed record MessageSubject(string Source, Slice? Slice, RawName? Body)
{
    /// <summary>The name of the lease that the step takes.</summary>
    public string LeaseName => Slice?.Id ?? Source;
}

/// <summary>Asks for a slice to be pulled.</summary>
/// <param name="Slice">The slice as <see cref="Pipeline.Slices.Slice.Id"/> writes it.</param>
/// <param name="PlannedAt">The plan that sent it, UTC: a copy of a message that was worked on is passed over. Null:
/// pull in any case.</param>
public sealed record PullMessage(string Slice, DateTimeOffset? PlannedAt = null) : StepMessage
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Queue => Names.PullQueue;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string StepName => nameof(Pull);

    /// <inheritdoc/>
    [JsonIgnore]
    public override MessageSubject Subject => About(Slice);
}

/// <summary>Asks for a raw body to be checked and loaded.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="RawBlob">The blob in the container <c>raw</c>.</param>
/// <param name="Replay">Whether the body is to be read although that has been done: an operator asks for it, or what it
/// was judged by has changed.</param>
/// <param name="AcceptId">The operator's accept: the findings that <c>rejects</c> has under this id are no reason to
/// refuse the body. Null without one.</param>
public sealed record NormalizeMessage(string Slice, string RawBlob, bool Replay = false, int? AcceptId = null)
    : StepMessage
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Queue => Names.NormalizeQueue;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string StepName => nameof(Normalize);

    /// <inheritdoc/>
    [JsonIgnore]
    public override MessageSubject Subject => About(Slice, RawBlob);
}

/// <summary>
/// Asks for the newest body of a slice to be loaded once more over the table: a worker that had lost its lease may have
/// written rows of an older one.
/// </summary>
/// <param name="Slice">The slice.</param>
public sealed record ReloadNewestMessage(string Slice) : StepMessage
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Queue => Names.NormalizeQueue;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string StepName => nameof(Normalize);

    /// <inheritdoc/>
    [JsonIgnore]
    public override MessageSubject Subject => About(Slice);
}

/// <summary>Asks for what depends on a loaded body to be brought up to date.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="RawBlob">The body.</param>
/// <param name="AcceptId">See <see cref="NormalizeMessage"/>.</param>
public sealed record CompleteRunMessage(string Slice, string RawBlob, int? AcceptId = null) : StepMessage
{
    /// <summary>
    /// Since when the message waits for slices that this one is compared with; the storage's time. Null when it has not
    /// waited.
    /// </summary>
    public DateTimeOffset? ComparisonWaitingSince { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Queue => Names.PublishQueue;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string StepName => nameof(CompleteRun);

    /// <inheritdoc/>
    [JsonIgnore]
    public override MessageSubject Subject => About(Slice, RawBlob);
}

/// <summary>Asks for what depends on a source as a whole to be brought up to date.</summary>
/// <param name="Source">The source.</param>
public sealed record RefreshSourceMessage(string Source) : StepMessage
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Queue => Names.PublishQueue;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string StepName => nameof(RefreshSource);

    /// <inheritdoc/>
    [JsonIgnore]
    public override MessageSubject Subject =>
        Pipeline.Slices.Slice.TryParse($"{Source}/x/x", out var slice)
            ? new MessageSubject(slice.Source, null, null)
            : throw new FormatException(
                new Finding(
                    $"queue {Queue}, property Source",
                    Source is null ? "nothing" : Finding.Quote(Source),
                    "the name of a source, for example census-trade",
                    "the message moves to the poison queue; the next plan of the source asks again"
                ).ToString()
            );
}
