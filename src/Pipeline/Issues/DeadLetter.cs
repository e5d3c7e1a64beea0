using System.Text.Json;
using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Issues;

/// <summary>A message that failed too often, as far as its body can be understood.</summary>
/// <param name="Queue">The queue of the step that failed.</param>
/// <param name="Body">The message's body.</param>
/// <param name="Slice">The slice that it names; null when it names none.</param>
/// <param name="RawBlob">The raw body that it names; empty when it names none.</param>
/// <param name="PlannedAt">When the pull was planned; the earliest date for other messages.</param>
/// <param name="Replay">Whether an operator asked to read a body once more.</param>
/// <param name="Accept">Whether that body may lack rows of the table.</param>
/// <param name="Fault">What is wrong with it by itself, so that no step can do anything with it; null when its step
/// should have understood it.</param>
public sealed record DeadLetter(
    string Queue,
    string Body,
    Slice? Slice,
    string RawBlob,
    DateTimeOffset PlannedAt,
    bool Replay,
    bool Accept,
    string? Fault
)
{
    /// <summary>The source of messages that name none.</summary>
    public const string UnknownSource = "unknown";

    private static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true };

    /// <summary>The members of all messages of the steps.</summary>
    private sealed record Letter(string? Slice, string? RawBlob, DateTimeOffset PlannedAt, bool Replay, bool Accept);

    /// <summary>
    /// Reads a message of a step's queue. Never fails: what is no message says so in <see cref="Fault"/>.
    /// </summary>
    public static DeadLetter Read(string queue, string body)
    {
        var (slice, blob, fault) = ((Slice?)null, "", (string?)null);
        Letter? letter = null;
        try
        {
            if (body.Length > 0)
                letter = JsonSerializer.Deserialize<Letter>(body, Json);
            slice = Messages.SliceOf(letter?.Slice, queue);
            // What is published of a source as a whole names no body.
            if (queue == Names.NormalizeQueue || (queue == Names.PublishQueue && letter?.RawBlob != ""))
                blob = Messages.BodyOf(letter?.RawBlob, slice, queue).Blob;
        }
        catch (FormatException e)
        {
            fault = e.Message;
        }
        catch (JsonException e)
        {
            fault = $"no JSON of a message: {e.Message}";
        }
        return new DeadLetter(
            queue,
            body,
            slice,
            blob,
            letter?.PlannedAt ?? default,
            letter?.Replay ?? false,
            letter?.Accept ?? false,
            fault
        );
    }

    /// <summary>The raw body that it names.</summary>
    public RawName? Raw => RawName.TryParse(RawBlob, out var name) ? name : null;

    /// <summary>The step that failed.</summary>
    public string Step =>
        Queue switch
        {
            Names.PullQueue => nameof(Pull),
            Names.NormalizeQueue => nameof(Normalize),
            _ => nameof(Publish),
        };
}
