using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census.Trade;

/// <summary>
/// Where the columns of an answer stand. Names count, not positions; of repeated names the first counts, and
/// the others must agree with it.
/// </summary>
internal sealed class CensusHeader
{
    private const int MaxName = 50;

    private readonly string[] names;
    private readonly List<(int First, int Again)> repeated = [];

    private CensusHeader(string[] names) => this.names = names;

    public int Count => names.Length;
    public int Code { get; private init; }
    public int Name { get; private init; }
    public int Value { get; private init; }
    public int YearToDate { get; private init; }
    public int Commodity { get; private init; }
    public int CommodityName { get; private init; }
    public int Level { get; private init; }

    /// <summary>The column <c>time</c> (<c>yyyy-MM</c>); -1 when the answer has <c>YEAR</c> and <c>MONTH</c>.</summary>
    public int Time { get; private init; }
    public int Year { get; private init; }
    public int Month { get; private init; }

    /// <summary>Pairs of columns with one name.</summary>
    public List<(int First, int Again)> Repeated => repeated;

    /// <summary>A column's name, short enough for a message and a key.</summary>
    public string this[int column] => names[column].Length <= MaxName ? names[column] : names[column][..MaxName] + "…";

    /// <summary>Finds the columns; null when one is missing, which <paramref name="finding"/> then names.</summary>
    public static CensusHeader? Read(JsonRows rows, CensusSlice slice, out Finding? finding)
    {
        var columns = Enumerable.Range(0, rows.Count).Select(column => rows.Text(column) ?? "").ToArray();
        var wanted = CensusColumns.Of(slice);
        int Find(string? name) => name is null ? -1 : Array.IndexOf(columns, name);
        var header = new CensusHeader(columns)
        {
            Code = Find(CensusColumns.Code),
            Name = Find(CensusColumns.Name),
            Value = Find(wanted.Value),
            YearToDate = Find(wanted.YearToDate),
            Commodity = Find(wanted.Commodity),
            CommodityName = Find(wanted.CommodityName),
            Level = Find("COMM_LVL"),
            Time = Find("time"),
            Year = Find("YEAR"),
            Month = Find("MONTH"),
        };
        var missing = wanted.Asked.Where(name => Array.IndexOf(columns, name) < 0).ToList();
        if (header.Time < 0 && (header.Year < 0 || header.Month < 0))
            missing.Add("time (or YEAR and MONTH)");
        finding =
            missing.Count == 0
                ? null
                : new Finding(
                    "header",
                    Finding.Quote(string.Join(',', columns)),
                    $"the columns {string.Join(", ", missing)} too",
                    "the answer's layout has changed: the table keeps the old rows; adapt the reader, then replay"
                );
        if (finding is not null)
            return null;
        for (var column = 0; column < columns.Length; column++)
        {
            if (Array.IndexOf(columns, columns[column]) is var first && first < column)
                header.repeated.Add((first, column));
        }

        return header;
    }
}
