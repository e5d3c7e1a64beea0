using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Report.Data;

/// <summary>One figure with all that is known of it.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Partition">Its partition key.</param>
/// <param name="Row">Its row key.</param>
/// <param name="Values">The figures of the row with their units.</param>
/// <param name="About">The other columns of the row: what the figures are about.</param>
/// <param name="Basis">What the figures measure.</param>
/// <param name="Vintage">When the body that gave the present values was fetched, UTC.</param>
/// <param name="FirstSeen">When the body that first had the row was fetched, UTC.</param>
/// <param name="LastChanged">When the body that last changed the row was fetched, UTC.</param>
/// <param name="Revision">How often the row has changed; 0 is the first value.</param>
/// <param name="History">The versions before the present one, in the order of time.</param>
/// <param name="Dataset">The dataset that the row belongs to.</param>
/// <param name="Raw">The body that gave the present values.</param>
/// <param name="Citation">All of it in one sentence, to be copied.</param>
public sealed record FigureDocument(
    string Table,
    string Partition,
    string Row,
    IReadOnlyList<FigureValue> Values,
    IReadOnlyDictionary<string, object?> About,
    string Basis,
    DateTimeOffset Vintage,
    DateTimeOffset FirstSeen,
    DateTimeOffset LastChanged,
    int Revision,
    IReadOnlyList<FigureVersion> History,
    FigureDataset Dataset,
    FigureBody Raw,
    string Citation
)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The document as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Options);
}

/// <summary>A figure of a row.</summary>
/// <param name="Column">Its column.</param>
/// <param name="Value">The number; null where the publisher has none.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Meaning">What the column means.</param>
public sealed record FigureValue(string Column, object? Value, string Unit, string Meaning);

/// <summary>A version of a row that is no longer the present one.</summary>
/// <param name="ValidFrom">When the body that brought it was fetched, UTC.</param>
/// <param name="ValidTo">When the body that ended it was fetched, UTC.</param>
/// <param name="Changes">What changed when it ended.</param>
/// <param name="InPolicy">Whether the publisher's declared revision window covers the change.</param>
/// <param name="RunId">The run that ended it.</param>
public sealed record FigureVersion(
    DateTimeOffset ValidFrom,
    DateTimeOffset ValidTo,
    IReadOnlyList<FigureChange> Changes,
    bool InPolicy,
    string RunId
);

/// <summary>A column that changed.</summary>
/// <param name="Column">The column.</param>
/// <param name="Old">Its text until then.</param>
/// <param name="New">Its text from then on; empty if the row was removed.</param>
public sealed record FigureChange(string Column, string Old, string New);

/// <summary>The dataset of a figure.</summary>
/// <param name="Source">The source.</param>
/// <param name="Name">The dataset.</param>
/// <param name="Title">What it is, in one line.</param>
/// <param name="Publisher">Who publishes it.</param>
/// <param name="Url">Where it comes from.</param>
/// <param name="Terms">What the publisher asks of those who use it.</param>
/// <param name="RevisionPolicy">When and how far back the publisher changes figures.</param>
public sealed record FigureDataset(
    string Source,
    string Name,
    string Title,
    string Publisher,
    string Url,
    string Terms,
    string RevisionPolicy
);

/// <summary>The stored body that gave a figure.</summary>
/// <param name="Blob">Its blob in the container <c>raw</c>.</param>
/// <param name="Sha256">SHA-256 of the blob's bytes as they are now; empty if it cannot be read.</param>
/// <param name="FetchedAt">When it was fetched, UTC; null if the blob's name does not tell.</param>
/// <param name="From">The address or the file that was asked for it; empty where that is not known.</param>
/// <param name="Place">Where the row stands in it; empty if it was not found there.</param>
/// <param name="Note">Why something is not known; empty if all is.</param>
public sealed record FigureBody(
    string Blob,
    string Sha256,
    DateTimeOffset? FetchedAt,
    string From,
    string Place,
    string Note
);
