using System.Security.Cryptography;
using System.Text;
using Pipeline.Datasets;

namespace Pipeline.Sources.Moex;

/// <summary>Keys and rows of the table <c>holders</c>.</summary>
internal static class HoldingRow
{
    public const string Equity = "equity";
    public const string Ofz = "ofz";

    /// <summary>A figure as it was printed.</summary>
    public const string Exact = "exact";

    public const string Roubles = "RUB";

    /// <summary>The holder of a figure about all who do not live in Russia.</summary>
    public const string AllNonResidents = "All non-residents";

    public static string PartitionKey(string assetClass, string basis) =>
        $"{Keys.Clean(assetClass)}|{Keys.Clean(basis)}";

    /// <remarks>
    /// Publishers contradict each other: the citation is part of the key, so that both statements stay.
    /// </remarks>
    public static string RowKey(DateOnly asOf, string holder, string citation) =>
        $"{asOf:yyyy-MM-dd}|{Keys.Clean(holder)}|"
        + $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(citation)))[..8]}";

    /// <summary>A statement as a row.</summary>
    /// <param name="asOf">The day the figure refers to.</param>
    /// <param name="assetClass">What is held.</param>
    /// <param name="basis">One of <see cref="HolderBasis.All"/>.</param>
    /// <param name="holder">Who holds it, as published.</param>
    /// <param name="citation">Publisher and date.</param>
    /// <param name="share">Per cent, 0 to 100; null when not published.</param>
    /// <param name="value">Whole units of <paramref name="currency"/>; null when not published.</param>
    /// <param name="currency">ISO 4217; ignored without a value.</param>
    public static Holding Of(
        DateOnly asOf,
        string assetClass,
        string basis,
        string holder,
        string citation,
        decimal? share,
        decimal? value,
        string currency
    ) =>
        new()
        {
            PartitionKey = PartitionKey(assetClass, basis),
            RowKey = RowKey(asOf, holder, citation),
            AsOf = new DateTimeOffset(asOf, TimeOnly.MinValue, TimeSpan.Zero),
            AssetClass = assetClass,
            Basis = basis,
            Holder = holder,
            SharePercent = share is { } percent ? (double)percent : double.NaN,
            Value = value is { } amount ? (double)amount : double.NaN,
            Currency = value is null ? "" : currency,
            Qualifier = Exact,
            Citation = citation,
        };

    /// <summary>What a row says, for messages: <c>share 6.9, value 944000000000 RUB, exact</c>.</summary>
    public static string InWords(Holding row)
    {
        var words = new List<string>();
        if (!double.IsNaN(row.SharePercent))
            words.Add(FormattableString.Invariant($"share {row.SharePercent}"));
        if (!double.IsNaN(row.Value))
            words.Add(FormattableString.Invariant($"value {row.Value} {row.Currency}"));
        if (row.HolderIso2.Length > 0)
            words.Add(row.HolderIso2);
        words.Add(row.Qualifier);
        return string.Join(", ", words);
    }
}
