using System.Text.Json;
using Pipeline.Sources;
using Pipeline.Steps;
using Pipeline.Storage;

namespace Pipeline.Ledger;

/// <summary>A message that failed too often, as far as its body can be understood.</summary>
/// <param name="Queue">The queue of the step that failed.</param>
/// <param name="Body">The message's body.</param>
/// <param name="Slice">The slice that it names; null when it names none.</param>
/// <param name="RawBlob">The raw body that it names; empty when it names none.</param>
/// <param name="PlannedAt">When the pull was planned; the earliest date for other messages.</param>
/// <param name="Replay">Whether it was somebody's wish to read a body once more.</param>
public sealed record DeadLetter(string Queue, string Body, Slice? Slice, string RawBlob, DateTimeOffset PlannedAt, bool Replay)
{
    /// <summary>The source of messages that name none.</summary>
    public const string UnknownSource = "unknown";

    private static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true };

    /// <summary>The members of all messages of the steps.</summary>
    private sealed record Letter(string? Slice, string? RawBlob, DateTimeOffset PlannedAt, bool Replay);

    /// <summary>Reads a message of a step's queue. Never fails: what is no message names nothing.</summary>
    public static DeadLetter Read(string queue, string body)
    {
        Letter? letter = null;
        try
        {
            letter = JsonSerializer.Deserialize<Letter>(body, Json);
        }
        catch (JsonException)
        {
            // It is no message of ours; it is kept all the same.
        }
        var slice = Slice.TryParse(letter?.Slice, out var named) ? named : null;
        var blob = slice is not null && RawName.TryParse(letter?.RawBlob, out var name) && name.Slice == slice ? name.Blob : "";
        return new DeadLetter(queue, body, slice, blob, letter?.PlannedAt ?? default, letter?.Replay ?? false);
    }

    /// <summary>The raw body that it names.</summary>
    public RawName? Raw => RawName.TryParse(RawBlob, out var name) ? name : null;

    /// <summary>The step that failed.</summary>
    public string Step => Queue switch
    {
        Names.PullQueue => nameof(Pull),
        Names.NormalizeQueue => nameof(Normalize),
        _ => nameof(Publish)
    };

    /// <summary>What is wrong with it by itself; null when its step should have understood it.</summary>
    public string? Fault
    {
        get
        {
            try
            {
                if (Slice is null) Messages.SliceOf(Body.Length == 0 ? null : JsonSerializer.Deserialize<Letter>(Body, Json)?.Slice, Queue);
                return null;
            }
            catch (FormatException e)
            {
                return e.Message;
            }
            catch (JsonException e)
            {
                return $"no JSON of a message: {e.Message}";
            }
        }
    }
}
