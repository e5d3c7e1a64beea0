using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Issues;

/// <summary>A message that failed too often, as far as its body can be understood.</summary>
/// <param name="Queue">The queue of the step that failed.</param>
/// <param name="Body">The message's body.</param>
/// <param name="Message">The message; null when it is none of the queue's.</param>
/// <param name="Fault">What is wrong with it by itself, so that no step can do anything with it; null when its step
/// should have understood it.</param>
public sealed record DeadLetter(string Queue, string Body, StepMessage? Message, string? Fault)
{
    /// <summary>The source of messages that name none.</summary>
    public const string UnknownSource = "unknown";

    /// <summary>
    /// Reads a message of a step's queue. Never fails: what is no message says so in <see cref="Fault"/>.
    /// </summary>
    public static DeadLetter Read(string queue, string body)
    {
        StepMessage? message = null;
        try
        {
            message = StepMessage.Parse(queue, body);
            return new DeadLetter(queue, body, message, null) { Slice = message.Subject.Slice };
        }
        catch (FormatException e)
        {
            var named = message switch
            {
                PullMessage pull => pull.Slice,
                NormalizeMessage normalize => normalize.Slice,
                ReloadNewestMessage reload => reload.Slice,
                CompleteRunMessage complete => complete.Slice,
                _ => null,
            };
            return new DeadLetter(queue, body, message, e.Message)
            {
                Slice = Slice.TryParse(named, out var slice) ? slice : null,
            };
        }
    }

    /// <summary>The slice that it is about; null when it is about none.</summary>
    public Slice? Slice { get; init; }

    /// <summary>The source that it is about; <see cref="UnknownSource"/> when it is about none.</summary>
    public string Source => Slice?.Source ?? (Fault is null ? Message?.Subject.Source : null) ?? UnknownSource;

    /// <summary>The raw body that it names; null when it names none.</summary>
    public RawName? Raw => Fault is null ? Message?.Subject.Body : null;

    /// <summary>The plan that sent it, UTC; null for other messages.</summary>
    public DateTimeOffset? PlannedAt => (Message as PullMessage)?.PlannedAt;

    /// <summary>Whether a body was to be read again.</summary>
    public bool IsRequest => Message is NormalizeMessage { Replay: true } or NormalizeMessage { AcceptId: not null };

    /// <summary>
    /// What tells it from other messages of the same queue and body; empty for the one that the steps send.
    /// </summary>
    public string Wish =>
        Message switch
        {
            NormalizeMessage { AcceptId: not null } or CompleteRunMessage { AcceptId: not null } => "|accept",
            NormalizeMessage { Replay: true } => "|replay",
            ReloadNewestMessage => "|reload",
            RefreshSourceMessage => "|refresh",
            _ => "",
        };

    /// <summary>The step that failed.</summary>
    public string Step =>
        Message?.StepName
        ?? Queue switch
        {
            Names.PullQueue => nameof(Pull),
            Names.NormalizeQueue => nameof(Normalize),
            _ => nameof(CompleteRun),
        };
}
