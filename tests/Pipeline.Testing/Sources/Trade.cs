using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Sources.Census;
using Pipeline.Sources.Census.Balance;
using Pipeline.Sources.Census.Trade;

namespace Pipeline.Testing;

/// <summary>The trade source as tests set it up.</summary>
internal static class Trade
{
    /// <summary>A key that must never be seen anywhere but in a request.</summary>
    public const string Canary = "canary0canary1canary2canary3canary4abcdef";

    public static CensusOptions Settings(
        IReadOnlyList<string>? partners = null,
        string levels = "total,HS2",
        string from = "1992-01",
        bool all = false,
        Uri? baseUrl = null,
        Uri? file = null,
        bool extract = true
    ) =>
        new(
            baseUrl ?? CensusOptions.DefaultBaseUrl,
            Canary,
            all ? null : partners ?? ["4621"],
            levels.Split(','),
            DateOnly.ParseExact(from, "yyyy-MM", System.Globalization.CultureInfo.InvariantCulture),
            file ?? CensusOptions.DefaultCountryFileUrl,
            extract
        );

    public static Slice Slice(string datasetAndKey)
    {
        var cut = datasetAndKey.IndexOf('/', StringComparison.Ordinal);
        return new Slice("census-trade", datasetAndKey[..cut], datasetAndKey[(cut + 1)..]);
    }

    public static IRowParser Reader(string datasetAndKey, CensusOptions? settings = null) =>
        CensusSlice.TryParseBalance(Slice(datasetAndKey), out var from)
            ? new BalanceBody(from)
            : new CensusBody(CensusSlice.Parse(Slice(datasetAndKey)), settings ?? Settings());

    /// <summary>What an answer to the request of a slice means.</summary>
    public static Verdict Judge(Slice slice, Answer answer) =>
        slice.Dataset == CensusSlice.BalanceDataset ? CensusAnswers.Balance(answer) : CensusAnswers.Api(answer);

    /// <summary>
    /// A recorded body as the API sends it: the extracts of one partner have no world row. Commodities stay as they
    /// are.
    /// </summary>
    public static byte[] WithWorld(byte[] body)
    {
        var rows = JsonNode.Parse(body)!.AsArray();
        var columns = rows[0]!.AsArray().Select(name => $"{name}").ToList();
        var (code, time) = (columns.IndexOf("CTY_CODE"), columns.IndexOf("time"));
        if (columns.Contains("COMM_LVL") || rows.Any(row => $"{row![code]}" == "-"))
            return body;
        foreach (var month in rows.Skip(1).GroupBy(row => $"{row![time]}").ToList())
        {
            var world = new JsonArray([
                .. columns.Select((name, at) => (JsonNode?)(Sum(name, at, month) ?? month.Key)),
            ]);
            world[code] = "-";
            rows.Add(world);
        }
        return Encoding.UTF8.GetBytes(rows.ToJsonString());

        static string? Sum(string name, int at, IEnumerable<JsonNode?> month)
        {
            if (name == "time")
                return null;
            return name.Contains("_VAL_", StringComparison.Ordinal)
                ? $"{month.Sum(row => long.Parse($"{row![at]}", System.Globalization.CultureInfo.InvariantCulture))}"
                : "TOTAL FOR ALL COUNTRIES";
        }
    }

    /// <summary>A body written with single quotes; a character stands for the byte of its number.</summary>
    public static byte[] Body(string text) => Encoding.Latin1.GetBytes(text.Replace('\'', '"'));

    public static DateTimeOffset At(string moment) =>
        DateTimeOffset.Parse(
            moment,
            System.Globalization.CultureInfo.InvariantCulture,
            System.Globalization.DateTimeStyles.AssumeUniversal
        );
}
