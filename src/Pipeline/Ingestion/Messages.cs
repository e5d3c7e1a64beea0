using System.Text.Json.Serialization;
using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>Asks for one slice to be pulled.</summary>
/// <param name="Slice">The slice as <see cref="Pipeline.Slices.Slice.Id"/> writes it.</param>
/// <param name="PlannedAt">When it was planned, UTC. A message that is older than the slice's last pull is a stale
/// copy.</param>
public sealed record PullMessage(string Slice, DateTimeOffset PlannedAt);

/// <summary>Asks for one raw body to be normalised.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="RawBlob">The blob in the container <c>raw</c>.</param>
/// <param name="Replay">Whether to read the body although that has been done.</param>
/// <param name="Accept">Whether the body is right although a check says otherwise.</param>
/// <param name="Reload">Whether that is not an operator's word: a body that was loaded before is loaded to its
/// end.</param>
/// <param name="SpokenAt">When an operator said so, UTC: their word holds for what <c>rejects</c> showed by then, also
/// when the message is delivered again.</param>
public sealed record NormalizeMessage(
    string Slice,
    string RawBlob,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Replay = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Accept = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Reload = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] DateTimeOffset SpokenAt = default
);

/// <summary>Asks for what depends on a loaded body to be brought up to date.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="RawBlob">The body that was loaded; empty for what depends on the slice's source as a whole.</param>
/// <param name="Waited">How often the message has waited for slices it is compared with.</param>
/// <param name="Accept">Whether an operator says that the body is right although a comparison says otherwise.</param>
/// <param name="Again">Whether only to compare the body again, because what it is compared with has come.</param>
/// <param name="SpokenAt">See <see cref="NormalizeMessage"/>.</param>
public sealed record PublishMessage(
    string Slice,
    string RawBlob,
    int Waited = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Accept = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Again = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] DateTimeOffset SpokenAt = default
);

/// <summary>Reads what messages name.</summary>
internal static class Messages
{
    /// <exception cref="FormatException">The message names no slice.</exception>
    public static Slice SliceOf(string? text, string queue) =>
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
    public static RawName BodyOf(string? blob, Slice slice, string queue) =>
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
}
