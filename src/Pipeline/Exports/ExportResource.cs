using System.Text.Json.Serialization;
using Pipeline.Datasets;
using Pipeline.Exports.Formats;

namespace Pipeline.Exports;

/// <summary>A file of the container <c>exports</c>.</summary>
/// <param name="Path">Its name in the container.</param>
/// <param name="Rows">Its rows, without a header.</param>
/// <param name="Bytes">Its length in bytes.</param>
/// <param name="Hash"><c>sha256:</c> and 64 hexadecimal digits; the blob has the digits as metadata too.</param>
/// <param name="Vintage">The newest vintage of its rows, UTC; null where no row has one.</param>
public sealed record ExportFile(string Path, long Rows, long Bytes, string Hash, DateTimeOffset? Vintage)
{
    private const string Algorithm = "sha256:";

    /// <summary>The SHA-256 of its bytes, 64 hexadecimal digits.</summary>
    [JsonIgnore]
    public string Sha256 => Hash.StartsWith(Algorithm, StringComparison.Ordinal) ? Hash[Algorithm.Length..] : "";

    /// <summary>A <see cref="Hash"/> of 64 hexadecimal digits.</summary>
    internal static string HashOf(string sha256) => Algorithm + sha256;
}

/// <summary>
/// A table in one format: a Data Resource, and if its format is CSV a Tabular Data Resource, of the Frictionless
/// specification version 1. <c>table</c>, <c>rows</c>, <c>vintage</c>, <c>files</c> and <c>unit</c> are additions, as
/// the specification allows.
/// </summary>
public sealed record ExportResource
{
    /// <summary>The name in the catalog: the table's, followed by the format unless that is CSV.</summary>
    public required string Name { get; init; }

    /// <summary>The table or view.</summary>
    public required string Table { get; init; }

    /// <summary>What it holds, in one line.</summary>
    public required string Title { get; init; }

    /// <summary>What to look up there and how its keys are made.</summary>
    public required string Description { get; init; }

    /// <summary>The rules of the specification that it follows.</summary>
    public required string Profile { get; init; }

    /// <summary>The format: <c>csv</c> or <c>parquet</c>.</summary>
    public required string Format { get; init; }

    /// <summary>The media type.</summary>
    public required string Mediatype { get; init; }

    /// <summary>The encoding of a text file; null of another one.</summary>
    public string? Encoding { get; init; }

    /// <summary>True if each year is a file, of which there may be one.</summary>
    public required bool ByYear { get; init; }

    /// <summary>The file, or the list of files.</summary>
    public object Path => ByYear ? Files.Select(file => file.Path).ToArray() : Files[0].Path;

    /// <summary>Rows of all files.</summary>
    public long Rows => Files.Sum(file => file.Rows);

    /// <summary>Bytes of all files.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>The hash of the file; null where there is a list of them, each of which has its own.</summary>
    public string? Hash => ByYear ? null : Files[0].Hash;

    /// <summary>The newest vintage of all rows, UTC; null where no row has one.</summary>
    public DateTimeOffset? Vintage => Files.Max(file => file.Vintage);

    /// <summary>Its columns.</summary>
    public required ExportSchema Schema { get; init; }

    /// <summary>What the publishers ask of those who use it; null if no dataset is known.</summary>
    public IReadOnlyList<ExportLicense>? Licenses { get; init; }

    /// <summary>The datasets that its figures come from; null if none is known.</summary>
    public IReadOnlyList<ExportOrigin>? Sources { get; init; }

    /// <summary>Its files, at least one, by name.</summary>
    public required IReadOnlyList<ExportFile> Files { get; init; }

    /// <summary>Describes the files of a table in one format.</summary>
    internal static ExportResource Of(ExportTable table, RowFormat format, IReadOnlyList<ExportFile> files)
    {
        var isText = format == RowFormat.Csv;
        return new ExportResource
        {
            Name = isText ? table.Name : $"{table.Name}-{format.Name}",
            Table = table.Name,
            Title = table.Title,
            Description = table.Description,
            Profile = isText ? "tabular-data-resource" : "data-resource",
            Format = format.Name,
            Mediatype = format.MediaType,
            Encoding = isText ? "utf-8" : null,
            ByYear = table.YearColumn is not null,
            Schema = new ExportSchema([.. table.Columns.Select(ExportField.Of)], table.PrimaryKey),
            Licenses = NullIfEmpty(table.Datasets.Select(ExportLicense.Of)),
            Sources = NullIfEmpty(table.Datasets.Select(ExportOrigin.Of)),
            Files = files,
        };
    }

    private static List<T>? NullIfEmpty<T>(IEnumerable<T> items) =>
        items.Distinct().ToList() is [_, ..] some ? some : null;
}

/// <summary>The columns of a resource: a Table Schema of the specification.</summary>
/// <param name="Fields">The columns, in the order of the file.</param>
/// <param name="PrimaryKey">The columns that together are different on each row.</param>
public sealed record ExportSchema(IReadOnlyList<ExportField> Fields, IReadOnlyList<string> PrimaryKey);

/// <summary>A column of a resource.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type in the words of the specification.</param>
/// <param name="Format">How a moment is written; null of another type.</param>
/// <param name="Description">What it means.</param>
/// <param name="Unit">The unit of its numbers; null where there is none, or where another column names it.</param>
public sealed record ExportField(string Name, string Type, string? Format, string Description, string? Unit)
{
    internal static ExportField Of(ColumnMeanings.Column column) =>
        new(
            column.Name,
            column.LogicalType switch
            {
                LogicalType.String => "string",
                LogicalType.Int32 or LogicalType.Int64 => "integer",
                LogicalType.Double => "number",
                LogicalType.Boolean => "boolean",
                LogicalType.Date => "date",
                LogicalType.Timestamp => "datetime",
                _ => throw new ArgumentOutOfRangeException(nameof(column), column.LogicalType, "no type of a field"),
            },
            // ISO 8601 with a fraction of a second, which the default format does not allow.
            column.LogicalType == LogicalType.Timestamp
                ? "any"
                : null,
            column.Meaning,
            column.Unit.Length > 0 ? column.Unit : null
        );
}

/// <summary>What a publisher asks of those who use its figures.</summary>
/// <param name="Name">
/// <c>notspecified</c> where there is no page to refer to: the terms are no licence with a name.
/// </param>
/// <param name="Title">The terms.</param>
/// <param name="Path">The page of the figures.</param>
public sealed record ExportLicense(string? Name, string Title, string? Path)
{
    internal static ExportLicense Of(DatasetInfo dataset) =>
        ExportOrigin.IsPage(dataset.Url)
            ? new ExportLicense(null, dataset.Terms, dataset.Url)
            : new ExportLicense("notspecified", dataset.Terms, null);
}

/// <summary>Where figures come from.</summary>
/// <param name="Title">The publisher and the dataset.</param>
/// <param name="Path">The address; null of a file that people maintain.</param>
public sealed record ExportOrigin(string Title, string? Path)
{
    internal static ExportOrigin Of(DatasetInfo dataset) =>
        new($"{dataset.Publisher}: {dataset.Title}", IsPage(dataset.Url) ? dataset.Url : null);

    internal static bool IsPage(string url) =>
        url.StartsWith("https://", StringComparison.Ordinal) || url.StartsWith("http://", StringComparison.Ordinal);
}
