using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>The economies, keys and rows of one body, each text made once.</summary>
internal sealed class FdiRowKeys
{
    /// <summary>Years that a body may speak of.</summary>
    public const int FirstYear = 1900,
        LastYear = 2200;

    /// <summary>The publisher's words for the second of the two principles.</summary>
    private const string AssetLiability = "Asset/liability basis";

    private const string Directional = "foreign direct investment, directional principle, current prices";
    private const string ByAssets = "foreign direct investment, asset/liability principle, current prices";
    private const string EitherWay =
        "foreign direct investment, directional or asset/liability principle (the body does not say), current prices";

    private readonly Dictionary<int, EconomyKeys> economies = [];
    private readonly string?[] years = new string?[LastYear - FirstYear + 1];
    private byte[] lastFootnote = [];
    private string lastText = "";

    /// <summary>An economy of this body with its partition keys by <see cref="Series"/>.</summary>
    internal sealed class EconomyKeys(Economy economy)
    {
        private readonly string?[] partitions = new string?[Series.Count];

        public Economy Economy => economy;

        public string Partition(int series) =>
            partitions[series] ??= $"{economy.Code}|{Series.Direction(series)}|{Series.Measure(series)}";
    }

    /// <summary>The four series of an economy, by number.</summary>
    internal static class Series
    {
        public const int Count = 4;
        public const int InwardStock = 2;

        public static int Of(bool outward, bool stock) => (outward ? 1 : 0) + (stock ? 2 : 0);

        public static string Direction(int series) => (series & 1) == 0 ? UnctadSlice.Inward : UnctadSlice.Outward;

        public static string Measure(int series) => (series & 2) == 0 ? UnctadSlice.Flow : UnctadSlice.Stock;

        public static string InWords(int series) => $"{Direction(series)} {Measure(series)}";
    }

    /// <summary>An economy of the body. Its name is the one of its first row.</summary>
    public EconomyKeys EconomyOf(int number, CsvRows rows, FdiHeader columns)
    {
        if (economies.TryGetValue(number, out var keys))
            return keys;
        var label = columns.Label < 0 || IsForeign(rows, columns.Label) ? "" : rows.Text(columns.Label).Trim();
        keys = new EconomyKeys(Economies.Of(number.ToString("000", CultureInfo.InvariantCulture), label));
        economies.Add(number, keys);
        return keys;
    }

    public string RowKey(int year) => years[year - FirstYear] ??= year.ToString("0000", CultureInfo.InvariantCulture);

    public FdiAnnual Row(EconomyKeys keys, int series, int year, long dollars, CsvRows rows, FdiHeader columns)
    {
        // A footnote that cannot be read is a gap, and so is what it says of the principle.
        var hasFootnote = columns.Footnote >= 0 && !IsForeign(rows, columns.Footnote);
        var footnote = !hasFootnote ? "" : FootnoteOf(rows.Bytes(columns.Footnote));
        return new FdiAnnual
        {
            PartitionKey = keys.Partition(series),
            RowKey = RowKey(year),
            Year = year,
            EconomyCode = keys.Economy.Code,
            EconomyIso3 = keys.Economy.Iso3,
            EconomyName = keys.Economy.Name,
            Direction = Series.Direction(series),
            Measure = Series.Measure(series),
            ValueUsd = dollars,
            Footnote = footnote,
            Basis = hasFootnote ? BasisOf(footnote) : EitherWay,
        };
    }

    private static string BasisOf(string footnote) =>
        footnote.Contains(AssetLiability, StringComparison.OrdinalIgnoreCase) ? ByAssets : Directional;

    /// <summary>True if a cell of the row holds what cannot be text.</summary>
    internal static bool IsForeign(CsvRows rows, int column) =>
        rows.Foreign is not null
        && column >= 0
        && (!Utf8.IsValid(rows.Bytes(column)) || rows.Bytes(column).Contains((byte)0));

    /// <summary>Footnotes are few and come in runs.</summary>
    private string FootnoteOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return "";
        if (bytes.SequenceEqual(lastFootnote))
            return lastText;
        lastFootnote = bytes.ToArray();
        return lastText = Encoding.UTF8.GetString(bytes).Trim();
    }
}
