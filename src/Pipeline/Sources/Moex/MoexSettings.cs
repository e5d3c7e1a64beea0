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
public sealed record MoexSettings(Uri? IssUrl, Uri? OfzTableUrl, Uri? NsdUrl, string NsdApiKey, string HoldersFile)
{
    public const string DefaultHoldersFile = "holders.csv";
    public static Uri DefaultIssUrl { get; } = new("https://iss.moex.com/iss");
    public static Uri DefaultNsdUrl { get; } = new("https://nsddata.ru/api/get/assetholders");

    /// <summary>
    /// What stands for the address of the central bank's table in the samples: the real one is for the
    /// operator to find.
    /// </summary>
    public static Uri SampleOfzTableUrl { get; } = new("https://samples.invalid/table_ofz.xlsx");

    /// <summary>The record must not print its key.</summary>
    public override string ToString() =>
        $"ISS {IssUrl}, OFZ table {OfzTableUrl}, NSD {(NsdApiKey.Length > 0 ? NsdUrl : null)}, holders {HoldersFile}";
}
