using System.Runtime.InteropServices;
using Pipeline.Issues;
using Pipeline.Sources.Formats;
using Series = Pipeline.Sources.Unctad.FdiRowKeys.Series;

namespace Pipeline.Sources.Unctad;

/// <summary>
/// What must be true of a vintage as a whole before it replaces another (unctad.md, section 2.4): it is complete, no
/// key stands twice, and the economies add up to the world.
/// </summary>
/// <param name="extract">Whether the body is the recorded extract: it has few economies, so that their number, the
/// number of rows and the sums prove nothing. All else holds for it too.</param>
/// <param name="lastOfCalendar">The last year that the publisher's calendar allows.</param>
/// <param name="centres">Codes of the economies that the world leaves out.</param>
internal sealed class FdiChecks(bool extract, int lastOfCalendar, IReadOnlySet<string> centres)
{
    /// <summary>Rows of a release; the one of 2025 has 34,952.</summary>
    public const int MinRows = 30_000,
        MaxRows = 60_000;

    /// <summary>Rows of a selection without groups; the release of 2025 has 25,292 without them.</summary>
    public const int MinRowsWithoutGroups = 20_000;

    /// <summary>Economies of a release; the one of 2025 has 215.</summary>
    public const int MinEconomies = 200;

    /// <summary>
    /// A body with a larger share of rejected rows than this has another layout than the reader knows.
    /// </summary>
    private const double MaxRejected = 0.01;

    /// <summary>The release of 2025 has no value in 7 % of its economies' rows.</summary>
    private const double MaxMissing = 0.2;

    /// <summary>The first year of the releases of today; old ones begin in the second.</summary>
    private const int FirstYear = 1990,
        FirstYearOfOld = 1970;

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

    private const string OldStays =
        "the table keeps the old vintage; pull the slice again, and if it stays so ask the publisher";

    private const string AcceptOr =
        "the table keeps the old vintage; compare with the publisher's page, then replay the slice with accept if "
        + "the figures are right";

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
    private bool hasGroups;
    private Finding? duplicate;

    /// <summary>The first row whose key was there already.</summary>
    public Finding? Duplicate => duplicate;

    public long Read { get; set; }
    public long Kept { get; set; }
    public long Excluded { get; set; }
    public long Missing { get; set; }
    public long Rejected { get; set; }

    /// <summary>The first row that could not be understood.</summary>
    public Finding? FirstRejected { get; set; }

    /// <summary>Whether the body is what a person chose (<see cref="FdiHeader.IsSelection"/>).</summary>
    public bool IsSelection { get; set; }

    /// <summary>What figures are rounded to, in dollars (<see cref="FdiHeader.RoundedTo"/>).</summary>
    public long RoundedTo { get; set; }

    /// <summary>The newest year with a figure, as its last month.</summary>
    public string? Newest => Kept == 0 ? null : $"{lastYear:0000}-12";

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

    /// <summary>Notes the key of a row. False if it was there already: <see cref="Repeat"/> refuses the body.</summary>
    public bool Key(int code, bool group, int year, int series)
    {
        if (year < firstYear)
            firstYear = year;
        if (year > lastYear)
            lastYear = year;
        hasGroups |= group;
        (group ? groups : economies).Add(code);
        return keys.TryAdd(KeyOf((group ? GroupCodes : 0) + code, year, series), null);
    }

    /// <summary>Refuses the body because a row has a key that was there already.</summary>
    public void Repeat(string place, int code, bool group, int year, int series) =>
        duplicate ??= new Finding(
            place,
            $"{(group ? $"{code:0000}" : $"{code:000}")} {year} {Series.InWords(series)} a second time",
            "one row per economy, year, flow and direction",
            OldStays
        );

    /// <summary>The figure of an economy.</summary>
    public void Figure(int number, string code, int year, int series, long dollars)
    {
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

    /// <summary>Why the body must not be loaded; null when it may.</summary>
    public Finding? Verdict() =>
        SizeVerdict() ?? YearVerdict() ?? WorldRangeVerdict() ?? WorldVerdict() ?? GroupVerdict() ?? SumRangeVerdict();

    /// <summary>Why the body cannot be read; null when it can.</summary>
    public Finding? Unreadable()
    {
        if (Read == 0)
            return new Finding("body", "no row", "one row per economy, year, flow and direction", OldStays);
        return Rejected <= Read * MaxRejected || Rejected <= 1
            ? null
            : new Finding(
                "body",
                $"{Rejected} of {Read} rows that cannot be understood, the first: {FirstRejected!.Where}: seen "
                    + $"{FirstRejected.Seen}, expected {FirstRejected.Expected}",
                "at most 1 %",
                "the table keeps the old vintage; if people have edited the file, take the publisher's; if the "
                    + "layout has changed, adapt the reader, then replay"
            );
    }

    private Finding? SizeVerdict()
    {
        // A person who chose economies may have left the groups out: the publisher's API is not known to give them.
        var least = IsSelection && !hasGroups ? MinRowsWithoutGroups : MinRows;
        if (!extract && (Read < least || Read > MaxRows))
            return new Finding("body", $"{Read} rows", $"{least} to {MaxRows}", OldStays);
        if (!extract && economies.Count < MinEconomies)
            return new Finding("body", $"{economies.Count} economies", $"at least {MinEconomies}", OldStays);
        return Missing <= (Kept + Missing) * MaxMissing || Missing <= 1
            ? null
            : new Finding(
                "body",
                $"{Missing} of {Kept + Missing} rows of economies without a value",
                "at most 20 %",
                OldStays
            );
    }

    private Finding? YearVerdict()
    {
        if (lastYear > lastOfCalendar && lastYear > 0)
        {
            return new Finding(
                "body",
                $"{lastYear} as the last year",
                $"no year after {lastOfCalendar}, the last that can be published by now",
                OldStays
            );
        }
        return firstYear is FirstYear or FirstYearOfOld
            ? null
            : new Finding(
                "body",
                $"{firstYear} as the first year",
                $"{FirstYear}, or {FirstYearOfOld} in old releases",
                OldStays
            );
    }

    private Finding? WorldVerdict()
    {
        if (IsSelection && !hasGroups)
            return null;
        foreach (var (code, year, series, dollars) in unused)
            UnusedOf(year, series).Add(dollars, code is { } known ? Most(known, year, series) : null);
        var others = unplaced.Copy();
        for (var year = firstYear; year <= lastYear; year++)
        {
            for (var series = 0; series < Series.Count; series++)
            {
                var cell = cells.GetValueOrDefault(Index(year, series));
                if (!cell.HasWorld)
                {
                    return new Finding(
                        $"year {year}, {Series.InWords(series)}",
                        "no row of the world, economy 0000",
                        "one",
                        OldStays
                    );
                }

                if (extract)
                    continue;
                if (AboveWorld(cell, year, series) is { } above)
                    return above;
                var addsUp = year >= AddsUpFrom(series);
                if (!addsUp && !cell.HasWorldValue)
                    continue;
                if (!cell.HasWorldValue)
                {
                    return new Finding(
                        $"year {year}, {Series.InWords(series)}",
                        cell.IsWorldRejected
                            ? "a figure of the world that cannot be read"
                            : "no figure of the world, economy 0000",
                        "one, so that the economies can be added up",
                        OldStays
                    );
                }
                // As far apart as the rounding of every figure makes possible, and a hundredth of a million in any
                // case.
                var tolerance = Math.Max(Amounts.Million / 100, (cell.Figures + 1) * RoundedTo / 2);
                if (!addsUp)
                    tolerance = Math.Max(tolerance, (long)(Math.Abs((double)cell.World) * MaxHidden));
                if (UnusedRows.Explain(cell.World - cell.Sum, cell.Unused, others, tolerance))
                    continue;
                return new Finding(
                    $"year {year}, {Series.InWords(series)}",
                    $"economies without the financial centres that add up to {cell.Sum} US "
                        + $"dollars{UnusedRows.InWords(cell.Unused, unplaced)}",
                    $"{cell.World}, the row of the world{(addsUp ? "" : ", to 1 %")}"
                        + Culprit(cell.Sum - cell.World, tolerance, year, series),
                    $"{OldStays}; which economies the world leaves out is the file {FinancialCentres.FileName} in "
                        + "the container curated"
                );
            }
        }

        return null;
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
                AcceptOr
            );

    /// <summary>Groups add up from their parts, groups or economies, as the program's list has them.</summary>
    private Finding? GroupVerdict()
    {
        if (extract)
            return null;
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
                        && GroupVerdict(sum, year, series, others) is { } found
                    )
                    {
                        return found;
                    }
                }
            }
        }

        return null;
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

    private Finding? GroupVerdict(FdiGroupSum sum, int year, int series, UnusedRows others)
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
        var tolerance = Math.Max(Amounts.Million / 100, (figures + 1) * RoundedTo / 2);
        if (stated is { } whole && UnusedRows.Explain(whole - total, own, sum.HasGroups ? null : others, tolerance))
            return null;
        var parts = sum.HasGroups ? "parts" : "economies without the financial centres";
        return new Finding(
            $"year {year}, {Series.InWords(series)}, {FdiGroups.InWords(sum.Group)}",
            $"{parts} that add up to {total} US dollars{(sum.HasGroups ? "" : UnusedRows.InWords(own, others))}",
            stated is null ? "a figure of the group that is the same" : $"{stated}, the row of the group",
            $"{AcceptOr}; which parts a group has is the list group-sums.txt of the program"
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
    private Finding? WorldRangeVerdict() =>
        RangeVerdict(cell => cell.HasWorldValue ? cell.World : null, world => $"{world} US dollars in the world");

    /// <summary>What the economies add up to is of a plausible magnitude.</summary>
    private Finding? SumRangeVerdict() =>
        RangeVerdict(cell => cell.Sum, sum => $"economies that add up to {sum} US dollars");

    private Finding? RangeVerdict(Func<Cell, Int128?> total, Func<Int128, string> seen)
    {
        if (extract || economies.Count < MinEconomies)
            return null;
        for (var year = firstYear; year <= lastYear; year++)
        {
            for (var series = 0; series < Series.Count; series++)
            {
                var cell = cells.GetValueOrDefault(Index(year, series));
                var (least, most) = Series.Measure(series) == UnctadSlice.Flow ? FlowRange : StockRange;
                if (cell.Figures == 0 || total(cell) is not { } value || (value >= least && value <= most))
                    continue;
                return new Finding(
                    $"year {year}, {Series.InWords(series)}",
                    seen(value),
                    $"{least} to {most}, which holds every year since {FirstYearOfOld}",
                    AcceptOr
                );
            }
        }

        return null;
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
