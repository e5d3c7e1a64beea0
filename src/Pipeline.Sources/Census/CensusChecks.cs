using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Census.Trade;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census;

/// <summary>
/// What must be true of a body as a whole: partners add up to the world row, months add up to the year to date, no key
/// stands for two values.
/// </summary>
/// <remarks>The sums are exact to the dollar in every month of 2013-2024 (census.md, section 2.1).</remarks>
/// <param name="slice">The slice.</param>
/// <param name="settings">The configured partners.</param>
/// <param name="last">The last month that the publisher's calendar allows; null where that is not known.</param>
internal sealed class CensusChecks(CensusSlice slice, CensusOptions settings, DateOnly? last)
{
    /// <summary>
    /// A body with a larger share of rejected rows than this has another layout than the reader knows.
    /// </summary>
    private const double MaxRejected = 0.05;

    /// <summary>
    /// A month's exports or imports of all partners, in US dollars: 17 billion in 1985, some 350 billion in 2025. A
    /// slip of a thousand either way leaves the range. A body of a few partners is an extract, whose total says
    /// nothing.
    /// </summary>
    internal const long LeastWorld = 5_000_000_000,
        MostWorld = 5_000_000_000_000;

    /// <summary>A month of all partners has 220 or more.</summary>
    private const int ManyPartners = 150;

    /// <summary>What an operator can do about a figure that cannot be believed.</summary>
    internal const string CheckAndAccept =
        "the table keeps the old rows; compare with the publisher's page, then replay the slice with accept if the "
        + "figures are right";

    internal const string OldStays =
        "the table keeps the old rows; pull the slice again; if it stays so ask the publisher, and replay it "
        + "with accept if the figures are right";

    private readonly CensusYearToDate yearsToDate = new(slice);

    /// <summary>Rows that could not be used and whose month or commodity is not known.</summary>
    private readonly UnusedRows unplaced = new(canBeNegative: false);
    private int newest = -1;

    /// <summary>Months with a row of any kind, a bit each.</summary>
    private int seen;

    /// <summary>By the commodity's number, then by month.</summary>
    private readonly List<Cell[]> cells = [];

    public long Read { get; set; }
    public long Kept { get; set; }
    public long Excluded { get; set; }
    public long Missing { get; set; }
    public long Rejected { get; set; }

    /// <summary>The newest month with a figure.</summary>
    public string? Newest => newest < 0 ? null : $"{slice.Start.AddMonths(newest):yyyy-MM}";

    private struct Cell
    {
        public string? Commodity;
        public Int128 Sum; // Not even absurd figures overflow.
        public long? World,
            OtherWorld;
        public bool HasWorld,
            HasRows,
            HasOthers;
        public int Partners;
        public UnusedRows? Unused;
    }

    /// <summary>Notes the month of a row.</summary>
    public void Month(int position) => seen |= 1 << position;

    public void WorldTotal(CensusRowKeys.Commodity commodity, int position, long? value)
    {
        ref var cell = ref CellOf(commodity, position);
        if (cell.HasWorld && cell.World != value)
            cell.OtherWorld ??= value;
        else
            cell.World = value;
        cell.HasWorld = true;
    }

    /// <summary>Notes a row of a month that could not be used: the sum may lack what it says.</summary>
    /// <param name="commodity">The commodity.</param>
    /// <param name="position">The month.</param>
    /// <param name="value">The row's own figure; null when it cannot be read.</param>
    /// <param name="most">What the figure cannot exceed, such as its year to date; null when that is not known.</param>
    public void Unused(CensusRowKeys.Commodity commodity, int position, long? value, long? most = null)
    {
        CellOf(commodity, position).HasRows = true;
        AddUnused(commodity.Number, position, value, most);
    }

    /// <summary>Notes a row that could not be used and whose month or commodity is not known.</summary>
    public void Unplaced(long? value) => unplaced.Add(value, null);

    /// <summary>Notes a partner's row whose figure cannot be read.</summary>
    public void Lacking(
        CensusRowKeys.PartnerKey partner,
        CensusRowKeys.Commodity commodity,
        int position,
        long? own,
        long? yearToDate
    )
    {
        ref var cell = ref CellOf(commodity, position);
        cell.HasRows = true;
        cell.HasOthers |= IsOther(partner);
        // From January on the years to date tell what the month had; another month cannot have more than its own.
        if (!yearsToDate.StartsTheYear || own is not null)
            AddUnused(commodity.Number, position, own, yearToDate);
        yearsToDate.AddLacking(partner, commodity, position, own, yearToDate);
    }

    /// <summary>Notes a partner's figure of a month, if it is the first one.</summary>
    public KeyOccurrence Figure(
        CensusRowKeys.PartnerKey partner,
        CensusRowKeys.Commodity commodity,
        int position,
        long value,
        long? yearToDate
    )
    {
        var occurrence = yearsToDate.Add(partner, commodity, position, value, yearToDate);
        if (occurrence != KeyOccurrence.First)
            return occurrence;
        ref var cell = ref CellOf(commodity, position);
        cell.Sum += value;
        cell.Partners++;
        cell.HasRows = true;
        cell.HasOthers |= IsOther(partner);
        newest = Math.Max(newest, position);
        return occurrence;
    }

    /// <summary>Why the body cannot be read; null when it can.</summary>
    public Finding? Unreadable()
    {
        if (Rejected > Read * MaxRejected && Rejected > 1)
        {
            return new Finding(
                "body",
                $"{Rejected} of {Read} rows that cannot be understood",
                "at most 5 %",
                "the layout has changed: the table keeps the old rows; adapt the reader, then replay"
            );
        }

        return null;
    }

    /// <summary>All that the checks do not believe; nothing when all sums agree.</summary>
    public IReadOnlyList<Finding> Judgements()
    {
        yearsToDate.Settle(AddUnused);
        var found = new CheckFindings();
        found.AddRange(LateFindings());
        found.AddRange(WorldFindings());
        found.AddRange(PeriodFindings());
        found.AddRange(yearsToDate.Findings(unplaced.Copy()));
        found.AddRange(slice.Level == CensusSlice.Total ? RangeFindings() : CommodityRangeFindings());
        return found.ToList();
    }

    /// <summary>A month that is not over has no rows.</summary>
    private IEnumerable<Finding> LateFindings()
    {
        for (var position = 0; position < slice.Months; position++)
        {
            if ((seen & 1 << position) != 0 && slice.Start.AddMonths(position) > last)
            {
                var together = Cells
                    .Where(at => at.Position == position)
                    .Aggregate(Int128.Zero, (sum, at) => sum + (at.Cell.World ?? at.Cell.Sum));
                yield return new Finding(
                    $"month {slice.Start.AddMonths(position):yyyy-MM}",
                    $"rows of the month, together {together.ToString(CultureInfo.InvariantCulture)} US dollars",
                    $"no month after {last:yyyy-MM}, the last that can be published by now",
                    OldStays
                );
            }
        }
    }

    private IEnumerable<Finding> WorldFindings()
    {
        var others = unplaced.Copy();
        foreach (var (cell, position) in Cells)
        {
            var where = Where(cell, position);
            if (cell.OtherWorld is { } other)
                yield return new Finding(where, $"world rows of {cell.World} and {other}", "one world row", OldStays);
            if (slice.Partner is not null)
                continue;
            if (cell.World is { } world && !UnusedRows.Explain(world - cell.Sum, cell.Unused, others))
            {
                yield return new Finding(
                    where,
                    $"partners that add up to {cell.Sum}{UnusedRows.InWords(cell.Unused, unplaced)}",
                    $"{world}, the world row",
                    OldStays
                );
            }
            // All partners were asked for. Recorded rows of configured partners alone are an extract, which nothing can
            // be added up to.
            if (cell.World is null && (settings.Extract ? cell.HasOthers : cell.HasRows))
            {
                yield return new Finding(
                    where,
                    $"{cell.Partners} partners "
                        + $"{(cell.HasWorld ? "and a world row without a figure" : "without a world row")}",
                    "the world row, CTY_CODE -, too",
                    OldStays
                );
            }
        }
    }

    /// <summary>A month of all partners has rows, if a later one has.</summary>
    private IEnumerable<Finding> PeriodFindings()
    {
        if (slice.Partner is not null || slice.Level != CensusSlice.Total || settings.Extract)
            yield break;
        for (var position = 0; position < newest; position++)
        {
            var cell = cells.Count > 0 ? cells[0][position] : default;
            if (!cell.HasRows && !cell.HasWorld)
            {
                yield return new Finding(
                    $"month {slice.Start.AddMonths(position):yyyy-MM}",
                    $"no row, but rows of {Newest}",
                    "rows of every month up to the newest",
                    OldStays
                );
            }
        }
    }

    /// <summary>
    /// The total of a month lies in a range that no slip of a unit stays in, where nearly all partners are there.
    /// </summary>
    private IEnumerable<Finding> RangeFindings()
    {
        foreach (var (cell, position) in Cells)
        {
            if (cell.World is { } world && (world > MostWorld || (world < LeastWorld && cell.Partners >= ManyPartners)))
            {
                yield return new Finding(
                    Where(cell, position),
                    $"{world} US dollars as the world row",
                    $"{LeastWorld} to {MostWorld}, which holds every month since 1985",
                    CheckAndAccept
                );
            }
        }
    }

    /// <summary>
    /// The commodities of all partners together are all trade of a month, those of a chapter not more.
    /// </summary>
    private IEnumerable<Finding> CommodityRangeFindings()
    {
        if (slice.Partner is not null || settings.Extract)
            yield break;
        for (var position = 0; position < slice.Months; position++)
        {
            var sum = (Int128)0;
            var partners = 0;
            foreach (var months in cells)
            {
                sum += months[position].World ?? months[position].Sum;
                partners = Math.Max(partners, months[position].Partners);
            }
            var isAll = slice.Chapter is null && partners >= ManyPartners;
            if (sum <= MostWorld && (!isAll || sum >= LeastWorld))
                continue;
            yield return new Finding(
                $"month {slice.Start.AddMonths(position):yyyy-MM}",
                $"{sum} US dollars as the sum of all commodities"
                    + (slice.Chapter is null ? "" : $" of chapter {slice.Chapter}"),
                $"{(isAll ? $"{LeastWorld} to" : "at most")} {MostWorld}, which holds every month since 1985",
                CheckAndAccept
            );
        }
    }

    private IEnumerable<(Cell Cell, int Position)> Cells =>
        cells.SelectMany(months => months.Select((cell, position) => (cell, position)));

    private string Where(Cell cell, int position) =>
        $"month {slice.Start.AddMonths(position):yyyy-MM}{(slice.Level == CensusSlice.Total ? "" : $", commodity {cell.Commodity}")}";

    private bool IsOther(CensusRowKeys.PartnerKey partner) =>
        settings.Partners is null || !settings.Partners.Contains(partner.Code);

    private void AddUnused(int commodity, int position, long? value, long? most)
    {
        ref var cell = ref cells[commodity][position];
        (cell.Unused ??= new UnusedRows(canBeNegative: false)).Add(value, most);
    }

    private ref Cell CellOf(CensusRowKeys.Commodity commodity, int position)
    {
        while (cells.Count <= commodity.Number)
            cells.Add(new Cell[slice.Months]);
        ref var cell = ref cells[commodity.Number][position];
        cell.Commodity ??= commodity.Code;
        return ref cell;
    }
}
