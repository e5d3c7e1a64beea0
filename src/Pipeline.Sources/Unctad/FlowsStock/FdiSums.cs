using System.Runtime.InteropServices;
using Pipeline.Issues;
using Pipeline.Sources.Formats;
using Series = Pipeline.Sources.Unctad.FlowsStock.FdiRowKeys.Series;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// Sums of a vintage (unctad.md, section 2.4): the economies add up to the world, parts to their groups, and all of
/// them are of a plausible magnitude.
/// </summary>
/// <param name="extract">Whether the body is the recorded extract: its few economies add up to nothing.</param>
/// <param name="centres">Codes of the economies that the world leaves out.</param>
internal sealed class FdiSums(bool extract, IReadOnlySet<string> centres)
{
    /// <summary>
    /// From here on the economies add up to the world, to the rounding: flows; inward stocks. Before, and in outward
    /// stocks, the world holds figures that are not shown: in 2025's release inflows differ by 3.9 million in 1990 and
    /// 19.6 million in 1991.
    /// </summary>
    private const int FlowsAddUpFrom = 1992,
        InwardStocksAddUpFrom = 2008;

    /// <summary>
    /// How far the sum of the economies may be from the world where figures are hidden, as a share of the world.
    /// Source: the release of 2025, where the largest difference is 0.13 % (inward stocks of 1991 and 1992).
    /// </summary>
    private const double MaxHidden = 0.01;

    private readonly Dictionary<int, Cell> cells = [];
    private readonly Dictionary<int, long?> keys = new(40_000);
    private readonly List<(int? Code, int Year, int Series, long? Dollars)> unused = [];
    private readonly HashSet<int> groups = [];
    private readonly UnusedRows unplaced = new();

    /// <summary>
    /// The world's figure of a year, in US dollars: flows 13 billion in 1970 and up to 2.2 trillion, stocks 0.7
    /// trillion in 1980 and 50 trillion in 2024. A slip of a thousand either way leaves the range in most years.
    /// </summary>
    private static readonly (long Least, long Most) FlowRange = (5_000_000_000, 20_000_000_000_000),
        StockRange = (200_000_000_000, 500_000_000_000_000);
    private readonly HashSet<int> economies = [];
    private int firstYear = int.MaxValue,
        lastYear = int.MinValue;
    private long finest = Amounts.Million;

    /// <summary>How many economies have rows.</summary>
    public int EconomyCount => economies.Count;

    /// <summary>True if a row is that of a group, such as the world.</summary>
    public bool HasGroups => groups.Count > 0;

    /// <summary>The first year of any row; <see cref="int.MaxValue"/> without rows.</summary>
    public int FirstYear => firstYear;

    /// <summary>The last year of any row; <see cref="int.MinValue"/> without rows.</summary>
    public int LastYear => lastYear;

    /// <summary>Whether the body is what a person chose (<see cref="FdiHeader.IsSelection"/>).</summary>
    public bool IsSelection { get; set; }

    /// <summary>What figures are rounded to, in dollars (<see cref="FdiHeader.RoundedTo"/>).</summary>
    public long RoundedTo { get; set; }

    private struct Cell
    {
        public Int128 Sum; // Not even absurd figures overflow.
        public long World;
        public long Largest;
        public string? LargestCode;
        public int Figures;
        public bool HasWorld,
            HasWorldValue,
            IsWorldRejected;
        public UnusedRows? Unused;
    }

    /// <summary>Notes a row of a year and series that could not be used: the sum may lack what it says.</summary>
    /// <param name="code">The economy; null when it is not known.</param>
    /// <param name="year">The year.</param>
    /// <param name="series">The series.</param>
    /// <param name="dollars">The row's own figure; null when it cannot be read.</param>
    public void Unused(int? code, int year, int series, long? dollars)
    {
        unused.Add((code, year, series, dollars));
    }

    /// <summary>Notes a row that could not be used and whose year or series is not known.</summary>
    public void Unplaced(long? dollars) => unplaced.Add(dollars, null);

    /// <summary>Notes the key of a row. False if it was there already.</summary>
    public bool Key(int code, bool group, int year, int series)
    {
        (firstYear, lastYear) = (Math.Min(firstYear, year), Math.Max(lastYear, year));
        (group ? groups : economies).Add(code);
        return keys.TryAdd(KeyOf((group ? GroupCodes : 0) + code, year, series), null);
    }

    /// <summary>The figure of an economy.</summary>
    public void Figure(int number, string code, int year, int series, long dollars)
    {
        Note(dollars);
        keys[KeyOf(number, year, series)] = dollars;
        ref var cell = ref CellOf(year, series);
        if (dollars > cell.Largest)
            (cell.Largest, cell.LargestCode) = (dollars, code);
        if (centres.Contains(code))
            return;
        cell.Sum += dollars;
        cell.Figures++;
    }

    /// <summary>The figure of a group; null when the row says that it has none, or has one that cannot be
    /// read.</summary>
    public void Group(int number, int year, int series, long? dollars, bool isRejected)
    {
        keys[KeyOf(GroupCodes + number, year, series)] = dollars;
        if (dollars is { } stated)
            Note(stated);
        if (number != 0)
            return;
        ref var cell = ref CellOf(year, series);
        cell.HasWorld = true;
        cell.IsWorldRejected = isRejected;
        if (dollars is not { } value)
            return;
        cell.HasWorldValue = true;
        cell.World = value;
    }

    /// <summary>Notes how finely the figures are written.</summary>
    private void Note(long dollars)
    {
        while (dollars % finest != 0)
            finest /= 10;
    }

    /// <summary>
    /// What the figures are rounded to, in dollars. Selections are exports in whole millions, or answers of the user
    /// API with decimals: their figures tell.
    /// </summary>
    private long Rounding => IsSelection ? Math.Min(RoundedTo, finest) : RoundedTo;

    /// <summary>All that the sums do not believe; asked once. What explains most comes first.</summary>
    public IEnumerable<Finding> Findings()
    {
        foreach (var (code, year, series, dollars) in unused)
            UnusedOf(year, series).Add(dollars, code is { } known ? Most(known, year, series) : null);
        if (IsSelection && !HasGroups)
        {
            // The recorded extract adds up to nothing anyway.
            if (extract)
                return [];
            return
            [
                new Finding(
                    "body, sums",
                    "a selection without the world, economy 0000, and without any group",
                    "the world and the groups too, so that the economies can be added up",
                    "the table keeps the old vintage; choose the groups too, or compare with the publisher's page, "
                        + "then replay the slice with accept if the figures are right: the next selection without "
                        + "groups is then loaded"
                ),
                .. SumRangeFindings(),
            ];
        }
        return [.. WorldRangeFindings(), .. WorldFindings(), .. GroupFindings(), .. SumRangeFindings()];
    }

    private IEnumerable<Finding> WorldFindings()
    {
        var others = unplaced.Copy();
        for (var year = firstYear; year <= lastYear; year++)
        {
            for (var series = 0; series < Series.Count; series++)
            {
                var cell = cells.GetValueOrDefault(Index(year, series));
                if (!cell.HasWorld)
                {
                    yield return new Finding(
                        $"year {year}, {Series.InWords(series)}",
                        "no row of the world, economy 0000",
                        "one",
                        FdiAdvice.PullOrAccept
                    );
                    continue;
                }

                if (extract)
                    continue;
                if (AboveWorld(cell, year, series) is { } above)
                    yield return above;
                var addsUp = year >= AddsUpFrom(series);
                if (!addsUp && !cell.HasWorldValue)
                    continue;
                if (!cell.HasWorldValue)
                {
                    yield return new Finding(
                        $"year {year}, {Series.InWords(series)}",
                        cell.IsWorldRejected
                            ? "a figure of the world that cannot be read"
                            : "no figure of the world, economy 0000",
                        "one, so that the economies can be added up",
                        FdiAdvice.PullOrAccept
                    );
                    continue;
                }
                // As far apart as the rounding of every figure makes possible, and a hundredth of a million in any
                // case.
                var tolerance = Math.Max(Amounts.Million / 100, (cell.Figures + 1) * Rounding / 2);
                if (!addsUp)
                    tolerance = Math.Max(tolerance, (long)(Math.Abs((double)cell.World) * MaxHidden));
                if (UnusedRows.Explain(cell.World - cell.Sum, cell.Unused, others, tolerance))
                    continue;
                yield return new Finding(
                    $"year {year}, {Series.InWords(series)}",
                    $"economies without the financial centres that add up to {cell.Sum} US "
                        + $"dollars{UnusedRows.InWords(cell.Unused, unplaced)}",
                    $"{cell.World}, the row of the world{(addsUp ? "" : ", to 1 %")}"
                        + Culprit(cell.Sum - cell.World, tolerance, year, series),
                    $"{FdiAdvice.PullOrAccept}; which economies the world leaves out is the file "
                        + $"{FinancialCentres.FileName} in the container curated"
                );
            }
        }
    }

    /// <summary>No economy has more of the stocks than the world, also none that the world leaves out.</summary>
    private static Finding? AboveWorld(Cell cell, int year, int series) =>
        !cell.HasWorldValue
        || Series.Measure(series) == UnctadSlice.Flow
        || cell.LargestCode is not { } code
        || cell.Largest <= cell.World
            ? null
            : new Finding(
                $"year {year}, {Series.InWords(series)}",
                $"{cell.Largest} US dollars for {code} {Economies.Of(code, "").Name}",
                $"at most {cell.World}, the row of the world",
                FdiAdvice.CompareOrAccept
            );

    /// <summary>Groups add up from their parts, groups or economies, as the program's list has them.</summary>
    private IEnumerable<Finding> GroupFindings()
    {
        if (extract)
            yield break;
        foreach (var sum in FdiGroups.Sums.Where(IsThere))
        {
            var others = unplaced.Copy();
            for (var year = firstYear; year <= lastYear; year++)
            {
                for (var series = 0; series < Series.Count; series++)
                {
                    if (
                        sum.From[series] is { } from
                        && year >= from
                        && GroupFinding(sum, year, series, others) is { } found
                    )
                    {
                        yield return found;
                    }
                }
            }
        }
    }

    /// <summary>
    /// Whether a body has what a sum is made of. A body without groups has none of them; one that has the parts has
    /// the whole too, but for what people have chosen.
    /// </summary>
    private bool IsThere(FdiGroupSum sum)
    {
        var isWhole = HasRows(sum.Group);
        if (!sum.HasGroups)
            return isWhole;
        return IsSelection
            ? isWhole && sum.Parts.All(HasRows)
            : sum.Parts.Any(part => FdiGroups.IsGroup(part) && HasRows(part));

        bool HasRows(string code) => (FdiGroups.IsGroup(code) ? groups : economies).Contains(NumberOf(code));
    }

    private Finding? GroupFinding(FdiGroupSum sum, int year, int series, UnusedRows others)
    {
        var (total, figures) = ((Int128)0, 0);
        foreach (var part in sum.Parts)
        {
            if (!centres.Contains(part) && keys.GetValueOrDefault(KeyOf(part, year, series)) is { } figure)
                (total, figures) = (total + figure, figures + 1);
        }

        var stated = keys.GetValueOrDefault(KeyOf(sum.Group, year, series));
        if (stated is null && figures == 0)
            return null;
        // A row that could not be used belongs to the economies; what groups are made of has been read.
        UnusedRows? own = null;
        foreach (var row in unused.Where(row => row.Year == year && row.Series == series && !sum.HasGroups))
        {
            if (row.Code is { } code && !sum.Parts.Contains($"{code:000}"))
                continue;
            (own ??= new UnusedRows()).Add(row.Dollars, row.Code is { } known ? Most(known, year, series) : null);
        }
        var tolerance = Math.Max(Amounts.Million / 100, (figures + 1) * Rounding / 2);
        if (stated is { } whole && UnusedRows.Explain(whole - total, own, sum.HasGroups ? null : others, tolerance))
            return null;
        var parts = sum.HasGroups ? "parts" : "economies without the financial centres";
        return new Finding(
            $"year {year}, {Series.InWords(series)}, {FdiGroups.InWords(sum.Group)}",
            $"{parts} that add up to {total} US dollars{(sum.HasGroups ? "" : UnusedRows.InWords(own, others))}",
            stated is null ? "a figure of the group that is the same" : $"{stated}, the row of the group",
            $"{FdiAdvice.CompareOrAccept}; which parts a group has is the list group-sums.txt of the program"
        );
    }

    private static int NumberOf(string code) => int.Parse(code, System.Globalization.CultureInfo.InvariantCulture);

    private static int KeyOf(string code, int year, int series) =>
        KeyOf((FdiGroups.IsGroup(code) ? GroupCodes : 0) + NumberOf(code), year, series);

    /// <summary>The economy whose figure is the whole difference: the world may leave it out, or no longer.</summary>
    private string Culprit(Int128 difference, Int128 tolerance, int year, int series)
    {
        foreach (var code in economies.Order())
        {
            if (keys.GetValueOrDefault(KeyOf(code, year, series)) is not { } figure || Int128.Abs(figure) <= tolerance)
                continue;
            var name = Economies.Of($"{code:000}", "").Name;
            if (Int128.Abs(difference - figure) <= tolerance)
                return $"; it seems to leave out {code:000} {name}";
            if (Int128.Abs(difference + figure) <= tolerance)
                return $"; it seems to hold {code:000} {name}, a financial centre";
        }
        return "";
    }

    /// <summary>
    /// The world's figures are of a plausible magnitude. Asked before the sums: in another unit a rounding may not add
    /// up, and the sum would be named instead of the unit.
    /// </summary>
    private IEnumerable<Finding> WorldRangeFindings() =>
        RangeFindings(cell => cell.HasWorldValue ? cell.World : null, world => $"{world} US dollars in the world");

    /// <summary>What the economies add up to is of a plausible magnitude.</summary>
    private IEnumerable<Finding> SumRangeFindings() =>
        RangeFindings(cell => cell.Sum, sum => $"economies that add up to {sum} US dollars");

    private IEnumerable<Finding> RangeFindings(Func<Cell, Int128?> total, Func<Int128, string> seen)
    {
        if (extract || economies.Count < FdiChecks.MinEconomies)
            yield break;
        for (var year = firstYear; year <= lastYear; year++)
        {
            for (var series = 0; series < Series.Count; series++)
            {
                var cell = cells.GetValueOrDefault(Index(year, series));
                var (least, most) = Series.Measure(series) == UnctadSlice.Flow ? FlowRange : StockRange;
                if (cell.Figures == 0 || total(cell) is not { } value || (value >= least && value <= most))
                    continue;
                yield return new Finding(
                    $"year {year}, {Series.InWords(series)}",
                    seen(value),
                    $"{least} to {most}, which holds every year since {FdiChecks.FirstYearOfOld}",
                    FdiAdvice.CompareOrAccept
                );
            }
        }
    }

    /// <summary>
    /// What a figure that cannot be read may be at most: twice the larger of the years around it; null without any.
    /// </summary>
    private long? Most(int code, int year, int series)
    {
        long? most = null;
        foreach (var other in (int[])[year - 1, year + 1])
        {
            if (keys.GetValueOrDefault(KeyOf(code, other, series)) is { } figure)
                most = Math.Max(most ?? 0, 2 * Math.Abs(figure));
        }

        return most;
    }

    private UnusedRows UnusedOf(int year, int series)
    {
        ref var cell = ref CellOf(year, series);
        return cell.Unused ??= new UnusedRows();
    }

    /// <summary>Keys of groups begin behind those of economies: both have a code 100, for example.</summary>
    private const int GroupCodes = 10_000;

    private static int KeyOf(int code, int year, int series) =>
        (code * (FdiRowKeys.LastYear + 1) + year) * Series.Count + series;

    private static int AddsUpFrom(int series)
    {
        if (Series.Measure(series) == UnctadSlice.Flow)
            return FlowsAddUpFrom;
        return series == Series.InwardStock ? InwardStocksAddUpFrom : int.MaxValue;
    }

    private ref Cell CellOf(int year, int series) =>
        ref CollectionsMarshal.GetValueRefOrAddDefault(cells, Index(year, series), out _);

    private static int Index(int year, int series) => year * Series.Count + series;
}
