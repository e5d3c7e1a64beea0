using System.Runtime.InteropServices;
using Series = Pipeline.Sources.Unctad.FdiRowKeys.Series;

namespace Pipeline.Sources.Unctad;

/// <summary>
/// What must be true of a vintage as a whole before it replaces another (unctad.md, section 2.4): it is complete, no key stands
/// twice, and the economies add up to the world.
/// </summary>
/// <param name="extract">Whether the body is the recorded extract: it has few economies, so that their number, the number of rows and the sums prove nothing. All else holds for it too.</param>
internal sealed class FdiChecks(bool extract)
{
    /// <summary>Rows of a release; the one of 2025 has 34,952.</summary>
    public const int MinRows = 30_000, MaxRows = 60_000;

    /// <summary>Rows of a selection without groups; the release of 2025 has 25,292 without them.</summary>
    public const int MinRowsWithoutGroups = 20_000;

    /// <summary>Economies of a release; the one of 2025 has 215.</summary>
    public const int MinEconomies = 200;

    /// <summary>A body with a larger share of rejected rows than this has another layout than the reader knows.</summary>
    private const double MaxRejected = 0.01;

    /// <summary>The release of 2025 has no value in 7 % of its economies' rows.</summary>
    private const double MaxMissing = 0.2;

    /// <summary>The first year of the releases of today; old ones begin in the second.</summary>
    private const int FirstYear = 1990, FirstYearOfOld = 1970;

    /// <summary>
    /// From here on the economies add up to the world, to the rounding: flows; inward stocks. Before, and in outward stocks, the world
    /// holds figures that are not shown: in 2025's release inflows differ by 3.9 million in 1990 and 19.6 million in 1991.
    /// </summary>
    private const int FlowsAddUpFrom = 1992, InwardStocksAddUpFrom = 2008;

    private const string OldStays = "the table keeps the old vintage; pull the slice again, and if it stays so ask the publisher";

    private readonly Dictionary<int, Cell> cells = [];
    private readonly HashSet<int> keys = [];
    private readonly HashSet<int> economies = [];
    private int firstYear = int.MaxValue, lastYear = int.MinValue;
    private bool hasGroups;
    private Finding? duplicate;

    public long Read { get; set; }
    public long Kept { get; set; }
    public long Excluded { get; set; }
    public long Missing { get; set; }
    public long Rejected { get; set; }

    /// <summary>The first row that could not be understood.</summary>
    public Finding? FirstRejected { get; set; }

    /// <summary>A row could not be used, and it is not known which year it belongs to: no sum proves anything.</summary>
    public bool AllUncertain { get; set; }

    /// <summary>Whether the body is what somebody chose (<see cref="FdiHeader.IsSelection"/>).</summary>
    public bool IsSelection { get; set; }

    /// <summary>What figures are rounded to, in dollars (<see cref="FdiHeader.RoundedTo"/>).</summary>
    public long RoundedTo { get; set; }

    /// <summary>The newest year with a figure, as its last month.</summary>
    public string? Newest => Kept == 0 ? null : $"{lastYear:0000}-12";

    private struct Cell
    {
        public Int128 Sum; // Not even absurd figures overflow.
        public long World;
        public int Figures;
        public bool HasWorld, HasWorldValue, Uncertain;
    }

    /// <summary>A row of this year and series could not be used, so that its sum proves nothing.</summary>
    public void Uncertain(int year, int series) => CellOf(year, series).Uncertain = true;

    /// <summary>Notes the key of a row; a key that was there already refuses the body.</summary>
    public void Key(int code, bool group, int year, int series, long line)
    {
        if (year < firstYear) firstYear = year;
        if (year > lastYear) lastYear = year;
        hasGroups |= group;
        if (!group) economies.Add(code);
        if (!keys.Add((((group ? 10_000 : 0) + code) * (FdiRowKeys.LastYear + 1) + year) * Series.Count + series))
            duplicate ??= new Finding($"line {line}", $"{(group ? $"{code:0000}" : $"{code:000}")} {year} {Series.InWords(series)} a second time", "one row per economy, year, flow and direction", OldStays);
    }

    /// <summary>The figure of an economy.</summary>
    public void Figure(string code, int year, int series, long dollars)
    {
        if (Economies.FinancialCentres.Contains(code)) return;
        ref var cell = ref CellOf(year, series);
        cell.Sum += dollars;
        cell.Figures++;
    }

    /// <summary>The figure of the world; null when the row says that it has none.</summary>
    public void World(int year, int series, long? dollars)
    {
        ref var cell = ref CellOf(year, series);
        cell.HasWorld = true;
        if (dollars is not { } value) return;
        cell.HasWorldValue = true;
        cell.World = value;
    }

    /// <summary>Why the body must not be loaded; null when it may.</summary>
    public Finding? Verdict() => RejectedVerdict() ?? duplicate ?? SizeVerdict() ?? YearVerdict() ?? WorldVerdict();

    private Finding? RejectedVerdict()
    {
        if (Read == 0) return new Finding("body", "no row", "one row per economy, year, flow and direction", OldStays);
        return Rejected <= Read * MaxRejected || Rejected <= 1 ? null
            : new Finding("body", $"{Rejected} of {Read} rows that cannot be understood, the first: {FirstRejected!.Where}: seen {FirstRejected.Seen}, expected {FirstRejected.Expected}", "at most 1 %",
                "the table keeps the old vintage; if people have edited the file, take the publisher's; if the layout has changed, adapt the reader, then replay");
    }

    private Finding? SizeVerdict()
    {
        // Whoever chose economies may have left the groups out: the publisher's API is not known to give them.
        var least = IsSelection && !hasGroups ? MinRowsWithoutGroups : MinRows;
        if (!extract && (Read < least || Read > MaxRows)) return new Finding("body", $"{Read} rows", $"{least} to {MaxRows}", OldStays);
        if (!extract && economies.Count < MinEconomies) return new Finding("body", $"{economies.Count} economies", $"at least {MinEconomies}", OldStays);
        return Missing <= (Kept + Missing) * MaxMissing || Missing <= 1 ? null : new Finding("body", $"{Missing} of {Kept + Missing} rows of economies without a value", "at most 20 %", OldStays);
    }

    private Finding? YearVerdict() => firstYear is FirstYear or FirstYearOfOld ? null
        : new Finding("body", $"{firstYear} as the first year", $"{FirstYear}, or {FirstYearOfOld} in old releases", OldStays);

    private Finding? WorldVerdict()
    {
        if (IsSelection && !hasGroups) return null;
        for (var year = firstYear; year <= lastYear; year++)
            for (var series = 0; series < Series.Count; series++)
            {
                var cell = cells.GetValueOrDefault(Index(year, series));
                if (!cell.HasWorld) return new Finding($"year {year}, {Series.InWords(series)}", "no row of the world, economy 0000", "one", OldStays);
                if (extract || AllUncertain || cell.Uncertain || !cell.HasWorldValue || year < AddsUpFrom(series)) continue;
                // As far apart as the rounding of every figure makes possible, and a hundredth of a million in any case.
                if (Int128.Abs(cell.World - cell.Sum) <= Math.Max(Amounts.Million / 100, (cell.Figures + 1) * RoundedTo / 2)) continue;
                return new Finding($"year {year}, {Series.InWords(series)}", $"economies without the Caribbean financial centres that add up to {cell.Sum} US dollars", $"{cell.World}, the row of the world", OldStays);
            }
        return null;
    }

    private static int AddsUpFrom(int series) => Series.Measure(series) == UnctadSlice.Flow ? FlowsAddUpFrom : series == Series.InwardStock ? InwardStocksAddUpFrom : int.MaxValue;

    private ref Cell CellOf(int year, int series) => ref CollectionsMarshal.GetValueRefOrAddDefault(cells, Index(year, series), out _);

    private static int Index(int year, int series) => year * Series.Count + series;
}
