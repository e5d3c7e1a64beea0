using System.Text.Json;

namespace Pipeline.Exports;

/// <summary>A file of the container <c>exports</c>.</summary>
/// <param name="File">Its name, <c>{table}/{partition}.csv</c> or <c>{table}/_all.csv</c>.</param>
/// <param name="Rows">Its records without the header.</param>
/// <param name="Bytes">Its length in bytes.</param>
/// <param name="Sha256">SHA-256 of its bytes, 64 hexadecimal digits; the blob has it as metadata too.</param>
/// <param name="Vintage">The newest vintage of its rows, UTC.</param>
public sealed record ExportFile(string File, long Rows, long Bytes, string Sha256, DateTimeOffset Vintage);

/// <summary>What is in the container <c>exports</c>: <c>manifest.json</c>.</summary>
/// <param name="Sources">For each source a mark that stands for the slices that the files hold.</param>
/// <param name="Files">The files, by name.</param>
public sealed record ExportManifest(IReadOnlyDictionary<string, string> Sources, IReadOnlyList<ExportFile> Files)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public const string Name = "manifest.json";

    public static ExportManifest Empty { get; } = new(new Dictionary<string, string>(), []);

    /// <summary>Reads a stored manifest.</summary>
    /// <exception cref="JsonException">It is not one.</exception>
    public static ExportManifest Read(BinaryData text) =>
        text.ToObjectFromJson<ExportManifest>(Json) is { Sources: not null, Files: { } files } manifest
        && files.All(file => file?.File is not null)
            ? manifest
            : throw new JsonException("it lacks sources or files");

    public BinaryData Write() => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(this, Json));
}
