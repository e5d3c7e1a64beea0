using Pipeline.Datasets;

namespace Pipeline.Sources.Unctad;

/// <summary>The requests of the investment data.</summary>
internal sealed class UnctadRequests(UnctadOptions settings)
{
    /// <summary>The report that holds the figures.</summary>
    public const string Report = "US.FdiFlowsStock";

    /// <summary>The archive's member, and the dropped files, without what follows the name.</summary>
    public const string FileName = "US_FdiFlowsStock";

    /// <summary>
    /// The largest archive, and the largest text, that is accepted (unctad.md, section 2.1): four times the
    /// real text.
    /// </summary>
    public const int MaxBody = 16 << 20;

    /// <summary>The catalogue has 99 reports.</summary>
    public const int MaxCatalogue = 8 << 20;

    public SourceRequest Catalogue() => new(settings.CatalogueUrl!, "json", MaxCatalogue);

    public SourceRequest Bulk() => new(settings.BulkUrl ?? UnctadOptions.DefaultBulkUrl, "7z", MaxBody);

    /// <summary>The list of bulk files; beside the catalogue.</summary>
    public SourceRequest FileList() => Beside("bulkfiles/en", "json", MaxCatalogue);

    public SourceRequest File(string id) => Beside($"bulkfile/{Uri.EscapeDataString(id)}/en", "7z", MaxBody);

    /// <summary>The report's axes, measures and version; beside the catalogue.</summary>
    public SourceRequest Metadata() => Beside("en", "json", MaxCatalogue);

    public static SourceRequest Dropped(string name) =>
        SourceRequest.Curated(name, name.EndsWith(".7z", StringComparison.Ordinal) ? "7z" : "csv", MaxBody);

    public SourceRequest Partners() =>
        SourceRequest.Curated(
            settings.PartnersFile.Length > 0 ? settings.PartnersFile : UnctadOptions.DefaultPartnersFile,
            "csv",
            MaxBody
        );

    /// <summary>Figures from the user API: codes and one measure, as CSV packed by gzip.</summary>
    public SourceRequest Api(UnctadPart part) =>
        new(new Uri($"{settings.ApiUrl!.AbsoluteUri}?culture=en"), "csv", MaxBody)
        {
            Secrets =
            [
                new SourceSecret("ClientId", settings.ClientId, InHeader: true),
                new SourceSecret("ClientSecret", settings.ClientSecret, InHeader: true),
            ],
            Form =
            [
                new("$select", "Economy/Code, Direction/Code, Flow/Code, Year, M0100/Value"),
                new("$filter", part.Filter),
                new("$orderby", "Economy/Order asc ,Year asc"),
                new("$format", "csv"),
                new("compress", "gz"),
            ],
        };

    /// <summary>From <c>…/api/datacenter/en</c> to <c>…/api/reportMetadata/US.FdiFlowsStock/…</c>.</summary>
    private SourceRequest Beside(string path, string extension, long maxBytes) =>
        new(new Uri(settings.CatalogueUrl!, $"../reportMetadata/{Report}/{path}"), extension, maxBytes);
}

/// <summary>
/// What one request to the user API asks for. A request that is too large is cut in two: by years, then by
/// direction, then by flow.
/// </summary>
/// <remarks>
/// Never by economy: a list of economies would silently leave out one that it does not know. A year, direction and flow
/// are some 300 cells of the 62,500 that a request may have.
/// </remarks>
/// <param name="From">The first year.</param>
/// <param name="To">The last year.</param>
/// <param name="Direction">1 inward, 2 outward; null for both.</param>
/// <param name="Flow">08 flow, 09 stock; null for both.</param>
internal sealed record UnctadPart(int From, int To, string? Direction = null, string? Flow = null)
{
    /// <summary>Years and directions are numbers; codes of flows are quoted text.</summary>
    public string Filter =>
        $"Year in ({string.Join(',', Enumerable.Range(From, To - From + 1))})"
        + (Direction is null ? "" : $" and Direction/Code in ({Direction})")
        + (Flow is null ? "" : $" and Flow/Code in ('{Flow}')");

    /// <summary>The two halves; none when it cannot be cut.</summary>
    public IReadOnlyList<UnctadPart> Halves =>
        this switch
        {
            _ when From < To =>
            [
                this with
                {
                    To = From + (To - From) / 2,
                },
                this with
                {
                    From = From + (To - From) / 2 + 1,
                },
            ],
            { Direction: null } => [this with { Direction = "1" }, this with { Direction = "2" }],
            { Flow: null } => [this with { Flow = "08" }, this with { Flow = "09" }],
            _ => [],
        };
}
