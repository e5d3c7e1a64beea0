using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Settings;

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
/// <param name="Extract">True if the bulk archive is the recorded sample, an extract: guards on completeness do not
/// apply to it.</param>
public sealed record UnctadOptions(
    Uri? BulkUrl,
    Uri? CatalogueUrl,
    Uri? ApiUrl,
    string ClientId,
    string ClientSecret,
    string PartnersFile,
    bool Extract
) : ISourceOptions<UnctadOptions>
{
    internal const string Publisher = "UN Trade and Development (UNCTAD)";
    internal const string Terms = "Source: UNCTAD, UNCTADstat; CC BY 3.0 IGO";
    internal const string Unit = "millions of US dollars at current prices (in the table: whole US dollars)";

    /// <summary>
    /// A week, less the spread of a weekly schedule, so that the next week's plan finds the slices due.
    /// </summary>
    internal static readonly TimeSpan NextPlan = TimeSpan.FromDays(7) - TimeSpan.FromHours(4);

    private const string BulkUrlSetting = "Unctad__BulkUrl";
    private const string CatalogueUrlSetting = "Unctad__CatalogueUrl";
    private const string ApiUrlSetting = "Unctad__ApiUrl";
    private const string ClientIdSetting = "Unctad__ClientId";
    private const string ClientSecretSetting = "Unctad__ClientSecret";
    private const string PartnersFileSetting = "Unctad__PartnersFile";

    public const string DefaultPartnersFile = "fdi-partners.csv";

    public static Uri DefaultBulkUrl { get; } =
        new("https://unctadstat-api.unctad.org/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock");

    public static Uri DefaultCatalogueUrl { get; } = new("https://unctadstat-api.unctad.org/api/datacenter/en");
    public static Uri DefaultApiUrl { get; } = new("https://unctadstat-user-api.unctad.org/US.FdiFlowsStock/cur/Facts");

    /// <summary>The settings of the source.</summary>
    public static SourceSettings Settings { get; } =
        new(
            UnctadSlice.Source,
            "Unctad",
            new("UNCTAD_SCHEDULE", "when the investment data is planned", "required"),
            "0 30 7 * * 1",
            [
                SettingInfo.WithDefault(
                    BulkUrlSetting,
                    "address of UNCTAD's bulk archive; empty switches `fdi-flows-stock` off",
                    DefaultBulkUrl.AbsoluteUri
                ),
                SettingInfo.WithDefault(
                    CatalogueUrlSetting,
                    "address of UNCTAD's catalogue, whose dates decide whether the archive is asked for; empty: it "
                        + "always is",
                    DefaultCatalogueUrl.AbsoluteUri
                ),
                SettingInfo.WithDefault(
                    ApiUrlSetting,
                    "address of UNCTAD's user API, the second way; empty switches it off",
                    DefaultApiUrl.AbsoluteUri
                ),
                SettingInfo.Secret(
                    ClientIdSetting,
                    "credential of the user API",
                    "without one the user API is not used"
                ),
                SettingInfo.Secret(ClientSecretSetting, "the secret to it", $"required with `{ClientIdSetting}`"),
                SettingInfo.WithDefault(
                    PartnersFileSetting,
                    "blob in the container `curated` with investment by partner; empty switches `fdi-partners` off",
                    DefaultPartnersFile
                ),
            ]
        )
        {
            Figures =
                "foreign direct investment, flows and stocks of every economy, yearly from 1990; by partner where a "
                + "file supplies it (UNCTAD)",
            Requests =
                "weekly the catalogue; the archive only when the catalogue has a new date. If the archive cannot be "
                + "had: the file list's address, the user API (with `Unctad__ClientId`), a file dropped into `curated` "
                + "(`US_FdiFlowsStock.7z` or `.csv`, or the four data-centre exports "
                + "`US_FdiFlowsStock.inward-flow.csv`, `.inward-stock.csv`, `.outward-flow.csv`, `.outward-stock.csv`; "
                + "a row per year or the years side by side; in UTF-8, UTF-16 or the code page 1252, with commas or "
                + "semicolons and decimal commas) that is newer than the vintage loaded; the ledger notes which way it "
                + "was",
            // Locally on Mondays only: no alert watches there, and the publisher releases once a year.
            AzureSchedule = "0 30 7 * * *",
        };

    /// <inheritdoc/>
    /// <remarks>
    /// No limits are published. One request at a time, a second apart; an attempt ends as a whole after three minutes,
    /// because bodies have been seen to stall for hours (unctad.md, section 3). A pull makes several requests, and a
    /// function may take 30 minutes.
    /// </remarks>
    public Courtesy Courtesy =>
        new Courtesy(
            TimeSpan.FromSeconds(1),
            1,
            TimeSpan.FromMinutes(3),
            TimeSpan.FromMinutes(8),
            3,
            TimeSpan.FromSeconds(5),
            TimeSpan.FromMinutes(2)
        ).At(BulkUrl);

    /// <summary>Reads the settings; what is wrong is reported to the reader.</summary>
    public static UnctadOptions Read(SettingsReader reader)
    {
        var before = reader.Findings.Count;
        var id = reader.Secret(ClientIdSetting, "a client id");
        var secret = reader.Secret(ClientSecretSetting, "a client secret");
        if ((id is null) != (secret is null) && reader.Findings.Count == before)
        {
            reader.Report(
                new Finding(
                    id is null ? ClientIdSetting : ClientSecretSetting,
                    "nothing",
                    $"both {ClientIdSetting} and {ClientSecretSetting}, or neither",
                    "an account of UNCTAD's data centre gives both, free"
                )
            );
        }

        return new UnctadOptions(
            reader.Url(BulkUrlSetting, DefaultBulkUrl, mayBeEmpty: true),
            reader.Url(CatalogueUrlSetting, DefaultCatalogueUrl, mayBeEmpty: true),
            reader.Url(ApiUrlSetting, DefaultApiUrl, mayBeEmpty: true),
            id ?? "",
            secret ?? "",
            reader.CuratedFile(PartnersFileSetting, DefaultPartnersFile),
            reader.UseSamples == true
        );
    }

    /// <summary>The record must not print its secret.</summary>
    public override string ToString() =>
        $"bulk {BulkUrl}, catalogue {CatalogueUrl}, API {ApiUrl}, partners {PartnersFile}";
}
