namespace Pipeline.Sources.Unctad;

/// <summary>What the settings <c>Unctad__*</c> say, already checked.</summary>
/// <param name="BulkUrl">The bulk archive; null when <c>fdi-flows-stock</c> is switched off.</param>
/// <param name="CatalogueUrl">The catalogue that dates each release; null to ask for the bulk archive every
/// time.</param>
/// <param name="ApiUrl">The user API, the second way to the figures; null when it is not to be used.</param>
/// <param name="ClientId">The user API's credential; empty when there is none, and then the API is not used.</param>
/// <param name="ClientSecret">The secret to <paramref name="ClientId"/>.</param>
/// <param name="PartnersFile">The blob in <c>curated</c> with figures by partner; empty when <c>fdi-partners</c> is
/// switched off.</param>
/// <param name="Extract">Whether the bulk archive is the recorded sample, an extract: guards on completeness do not
/// apply to it.</param>
public sealed record UnctadSettings(
    Uri? BulkUrl,
    Uri? CatalogueUrl,
    Uri? ApiUrl,
    string ClientId,
    string ClientSecret,
    string PartnersFile,
    bool Extract
)
{
    public const string DefaultPartnersFile = "fdi-partners.csv";
    public static Uri DefaultBulkUrl { get; } =
        new("https://unctadstat-api.unctad.org/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock");
    public static Uri DefaultCatalogueUrl { get; } = new("https://unctadstat-api.unctad.org/api/datacenter/en");
    public static Uri DefaultApiUrl { get; } = new("https://unctadstat-user-api.unctad.org/US.FdiFlowsStock/cur/Facts");

    /// <summary>The record must not print its secret.</summary>
    public override string ToString() =>
        $"bulk {BulkUrl}, catalogue {CatalogueUrl}, API {ApiUrl}, partners {PartnersFile}";
}
