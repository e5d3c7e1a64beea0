using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Settings;

namespace Pipeline.Sources.Moex;

/// <summary>What the settings <c>Moex__*</c> say, already checked. Each part has a switch of its own.</summary>
/// <param name="IssUrl">The exchange's data service, up to and including <c>iss</c>; null when
/// <c>market-capitalisation</c> is switched off.</param>
/// <param name="OfzTableUrl">The central bank's table of bonds held by non-residents; null when <c>ofz-nonresidents</c>
/// is switched off.</param>
/// <param name="NsdUrl">The depository's method; null when <c>nsd-holders</c> is switched off.</param>
/// <param name="NsdApiKey">The depository's key; empty when there is none, and then <c>nsd-holders</c> is switched
/// off.</param>
/// <param name="HoldersFile">The blob in <c>curated</c> with statements by country; empty when
/// <c>holders-by-country</c> is switched off.</param>
public sealed record MoexOptions(Uri? IssUrl, Uri? OfzTableUrl, Uri? NsdUrl, string NsdApiKey, string HoldersFile)
    : ISourceOptions<MoexOptions>
{
    /// <summary>What those who use any of the datasets should know of the server.</summary>
    internal const string Caveat =
        "The server may not answer from every country or cloud; whether to call it, sanctions included, is the "
        + "owner's decision: each dataset has a switch of its own.";

    /// <summary>A day, less the spread of a daily schedule, so that the next day's plan finds the slice due.</summary>
    internal static readonly TimeSpan NextPlan = TimeSpan.FromHours(20);

    /// <summary>Days are those of Moscow.</summary>
    private static readonly TimeSpan Moscow = TimeSpan.FromHours(3);

    private const string IssUrlSetting = "Moex__IssUrl";
    private const string NsdUrlSetting = "Moex__NsdUrl";
    private const string NsdApiKeySetting = "Moex__NsdApiKey";
    private const string HoldersFileSetting = "Moex__HoldersFile";

    /// <summary>The one setting of an address without a default.</summary>
    public const string OfzTableUrlSetting = "Moex__OfzTableUrl";

    public const string DefaultHoldersFile = "holders.csv";

    private static readonly Uri ExampleOfzTable = new("https://www.cbr.ru/path/table_ofz.xlsx");

    public static Uri DefaultIssUrl { get; } = new("https://iss.moex.com/iss");
    public static Uri DefaultNsdUrl { get; } = new("https://nsddata.ru/api/get/assetholders");

    /// <summary>
    /// What stands for the address of the central bank's table in the samples: the real one is for the operator to
    /// find.
    /// </summary>
    public static Uri SampleOfzTableUrl { get; } = new("https://samples.invalid/table_ofz.xlsx");

    /// <summary>The settings of the source.</summary>
    public static SourceSettings Settings { get; } =
        new(
            MoexSlice.Source,
            "Moex",
            new("MOEX_SCHEDULE", "when the holders data is planned", "required"),
            // After the main session in Moscow.
            "0 0 18 * * *",
            [
                SettingInfo.WithDefault(
                    IssUrlSetting,
                    "address of the exchange's data service; empty switches `market-capitalisation` off",
                    DefaultIssUrl.AbsoluteUri
                ),
                new(
                    OfzTableUrlSetting,
                    "address of the Bank of Russia's `table_ofz.xlsx`; it moves, so that there is no default",
                    "`ofz-nonresidents` is off"
                ),
                SettingInfo.WithDefault(
                    NsdUrlSetting,
                    "address of the depository's method; empty switches `nsd-holders` off",
                    DefaultNsdUrl.AbsoluteUri
                ),
                SettingInfo.Secret(NsdApiKeySetting, "key of the depository; a secret", "`nsd-holders` is off"),
                SettingInfo.WithDefault(
                    HoldersFileSetting,
                    "blob in the container `curated` with statements by country; empty switches "
                        + "`holders-by-country` off",
                    DefaultHoldersFile
                ),
            ]
        )
        {
            Figures =
                "who holds Russian securities from abroad: by country, of federal bonds, and the size of the market "
                + "(Moscow Exchange, Bank of Russia, NSD)",
            Requests =
                "the exchange daily, the Bank of Russia's table from the 20th of a month, the depository's last seven "
                + "days if there is a key. These servers may not answer every network; whether to ask them is the "
                + "owner's decision: set `Moex__IssUrl` to the empty string and leave the others unset to ask none",
        };

    /// <summary>Whether the depository is asked: it needs an address and a key.</summary>
    internal bool AsksNsd => NsdUrl is not null && NsdApiKey.Length > 0;

    /// <inheritdoc/>
    /// <remarks>
    /// One request at a time, 250 ms apart (moex.md, section 1.1). The depository may take 300 s for an
    /// answer.
    /// </remarks>
    public Courtesy Courtesy =>
        (
            Courtesy.Standard with
            {
                Spacing = TimeSpan.FromMilliseconds(250),
                AttemptTimeout = TimeSpan.FromSeconds(AsksNsd ? 310 : 120),
            }
        ).At(IssUrl, OfzTableUrl, AsksNsd ? NsdUrl : null);

    /// <summary>The day on which a body was fetched: no figure is of a later one.</summary>
    internal static DateOnly DayOf(BodyContext context) =>
        DateOnly.FromDateTime(context.FetchedAt.UtcDateTime + Moscow);

    internal static string Month(DateTimeOffset day) =>
        day.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    /// <summary>Reads the settings; what is wrong is reported to the reader.</summary>
    public static MoexOptions Read(SettingsReader reader) =>
        new(
            reader.Url(IssUrlSetting, DefaultIssUrl, mayBeEmpty: true),
            ReadOfzTableUrl(reader),
            reader.Url(NsdUrlSetting, DefaultNsdUrl, mayBeEmpty: true),
            reader.Secret(NsdApiKeySetting, "an API key") ?? "",
            reader.CuratedFile(HoldersFileSetting, DefaultHoldersFile)
        );

    /// <summary>The record must not print its key.</summary>
    public override string ToString() =>
        $"ISS {IssUrl}, OFZ table {OfzTableUrl}, NSD {(NsdApiKey.Length > 0 ? NsdUrl : null)}, holders {HoldersFile}";

    private static Uri? ReadOfzTableUrl(SettingsReader reader)
    {
        if (reader.Value(OfzTableUrlSetting) is not null)
            return reader.Url(OfzTableUrlSetting, ExampleOfzTable, mayBeEmpty: true);
        return reader.UseSamples == true ? SampleOfzTableUrl : null;
    }
}
