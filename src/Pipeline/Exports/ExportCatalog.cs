using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Exports;

/// <summary>
/// What is in the container <c>exports</c>: <c>catalog.json</c>, a Data Package of the Frictionless specification
/// version 1 (https://specs.frictionlessdata.io/data-package/).
/// </summary>
/// <remarks>
/// Its profile is <c>data-package</c>, because the profile <c>tabular-data-package</c> allows CSV only. Each resource
/// of CSV files is a <c>tabular-data-resource</c>.
/// </remarks>
/// <param name="Marks">For each source a mark that stands for the slices that the files hold.</param>
/// <param name="Resources">The tables by name and format.</param>
public sealed record ExportCatalog(IReadOnlyDictionary<string, string> Marks, IReadOnlyList<ExportResource> Resources)
{
    /// <summary>The name of the blob.</summary>
    public const string BlobName = "catalog.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A catalog of nothing.</summary>
    public static ExportCatalog Empty { get; } = new(new Dictionary<string, string>(), []);

    /// <summary>The rules of the specification that it follows.</summary>
    [JsonPropertyOrder(-4)]
    public string Profile => "data-package";

    /// <summary>The name of the package.</summary>
    [JsonPropertyOrder(-3)]
    public string Name => "trade-pipeline";

    /// <summary>The package in one line.</summary>
    [JsonPropertyOrder(-2)]
    public string Title => "Figures on trade, investment and holders of securities, with their history";

    /// <summary>What a reader of the files has to know.</summary>
    [JsonPropertyOrder(-1)]
    public string Description =>
        "Each table is a resource of CSV files and one of Parquet files with the same rows. CSV: UTF-8, RFC 4180; a "
        + "text that a spreadsheet would take for a formula begins with an apostrophe. Parquet: typed columns, zstd.";

    /// <summary>All files, by name.</summary>
    [JsonIgnore]
    public IEnumerable<ExportFile> Files => Resources.SelectMany(resource => resource.Files);

    /// <summary>Reads a stored catalog.</summary>
    /// <exception cref="JsonException">It is not one.</exception>
    public static ExportCatalog Read(BinaryData text) =>
        text.ToObjectFromJson<ExportCatalog>(Json) is { Marks: not null, Resources: { } resources } catalog
        && resources.All(resource =>
            resource is { Files: [_, ..] } && resource.Files.All(file => file is { Path: not null, Hash: not null })
        )
            ? catalog
            : throw new JsonException("it lacks marks, resources or their files");

    /// <summary>The text of the catalog.</summary>
    public BinaryData Write() => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(this, Json));
}
