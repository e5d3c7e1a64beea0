namespace Pipeline.Sources.Census;

/// <summary>
/// What must be true of a body as a whole: partners add up to the world row, months add up to the year to date, no key stands
/// for two values. Memory grows with the number of series, not with the length of the body.
/// </summary>
/// <remarks>The sums are exact to the dollar in every month of 2013-2024 (census.md, section 2.1).</remarks>
/// <param name="slice">The slice.</param>
/// <param name="settings">The configured partners.</param>
/// <param name="memory">What is remembered of the rows.</param>
internal sealed class CensusChecks(CensusSlice slice, CensusSettings settings, CensusChecks.Memory memory)
{
    /// <summary>What is remembered of the rows.</summary>
    public enum Memory
    {
        /// <summary>The sum of each series: enough for a body that has each key once and the months of a series in their order.</summary>
        Sums,

        /// <summary>Every figure.</summary>
        Figures,

        /// <summary>Nothing: an earlier reading has found every key once, and checked the sums.</summary>
        Nothing
    }

    /// <summary>A body with a larger share of rejected rows than this has another layout than the reader knows.</summary>
    private const double MaxRejected = 0.05;

    private const string OldStays = "the table keeps the old rows; pull the slice again, and if it stays so ask the publisher";

    private readonly CensusSeries series = new(memory == Memory.Figures ? slice.Months : 0);

    /// <summary>Where the months of a series first did not add up to the year to date, by the series.</summary>
    private readonly SortedDictionary<int, (int Position, ulong Sum, long YearToDate)> different = [];
    private int newest = -1;

    /// <summary>By the commodity's number, then by month.</summary>
    private readonly List<Cell[]> cells = [];

    public long Read { get; set; }
    public long Kept { get; set; }
    public long Excluded { get; set; }
    public long Missing { get; set; }
    public long Rejected { get; set; }

    /// <summary>Whether a key came more than once.</summary>
    public bool HasRepeats { get; private set; }

    /// <summary>Whether the sums do not tell enough: a key came again, or a month after a later one.</summary>
    public bool NeedsFigures { get; private set; }

    /// <summary>A row could not be used, and it is not known which month it belongs to: no sum proves anything.</summary>
    public bool AllUncertain { get; set; }

    /// <summary>The newest month with a figure.</summary>
    public string? Newest => newest < 0 ? null : $"{slice.Start.AddMonths(newest):yyyy-MM}";

    /// <summary>How a figure meets those before it.</summary>
    public enum Meeting
    {
        /// <summary>Its key is new.</summary>
        First,

        /// <summary>Its key was there with the same figure.</summary>
        Again,

        /// <summary>Its key was there with another figure.</summary>
        Contradiction
    }

    private struct Cell
    {
        public string? Commodity;
        public Int128 Sum; // Not even absurd figures overflow.
        public long? World, OtherWorld;
        public bool HasWorld, Uncertain, HasOthers;
        public int Partners;
    }

    public void WorldTotal(CensusRowKeys.Commodity commodity, int position, long? value)
    {
        ref var cell = ref CellOf(commodity, position);
        if (cell.HasWorld && cell.World != value) cell.OtherWorld ??= value;
        else cell.World = value;
        cell.HasWorld = true;
    }

    /// <summary>A row of this month could not be used, so that its sum proves nothing.</summary>
    public void Uncertain(CensusRowKeys.Commodity commodity, int position) => CellOf(commodity, position).Uncertain = true;

    public Meeting Figure(CensusRowKeys.PartnerKey partner, CensusRowKeys.Commodity commodity, int position, long value, long yearToDate)
    {
        if (memory == Memory.Nothing) return Meeting.First;
        var place = series.PlaceOf(partner, commodity);
        ref var state = ref series.At(place);
        if (memory == Memory.Sums)
        {
            NeedsFigures |= state.Months >> position != 0;
            state.Sum += (ulong)value;
            if (StartsTheYear && state.Sum != (ulong)yearToDate) different.TryAdd(place, (position, state.Sum, yearToDate));
        }
        else if ((state.Months & 1 << position) != 0)
        {
            HasRepeats = true;
            if (series.Figures(place, position) == (value, yearToDate)) return Meeting.Again;
            state.Uncertain = true;
            return Meeting.Contradiction;
        }
        state.Add(position);
        if (memory == Memory.Figures) series.Set(place, position, value, yearToDate);
        ref var cell = ref CellOf(commodity, position);
        cell.Sum += value;
        cell.Partners++;
        cell.HasOthers |= settings.Partners is null || !settings.Partners.Contains(partner.Code);
        newest = Math.Max(newest, position);
        return Meeting.First;
    }

    /// <summary>Why the body must not be loaded; null when all sums agree.</summary>
    public Finding? Verdict()
    {
        if (Rejected > Read * MaxRejected && Rejected > 1)
            return new Finding("body", $"{Rejected} of {Read} rows that cannot be understood", "at most 5 %", "the layout has changed: the table keeps the old rows; adapt the reader, then replay");
        return AllUncertain ? null : WorldVerdict() ?? YearToDateVerdict();
    }

    private Finding? WorldVerdict()
    {
        foreach (var (cell, position) in cells.SelectMany(months => months.Select((cell, position) => (cell, position))))
        {
            if (cell.Uncertain) continue;
            var where = $"month {slice.Start.AddMonths(position):yyyy-MM}{(slice.Level == CensusSlice.Total ? "" : $", commodity {cell.Commodity}")}";
            if (cell.OtherWorld is { } other)
                return new Finding(where, $"world rows of {cell.World} and {other}", "one world row", OldStays);
            if (cell.World is { } world && slice.Partner is null && world != cell.Sum)
                return new Finding(where, $"partners that add up to {cell.Sum}", $"{world}, the world row", OldStays);
            // Rows of configured partners alone are an extract, which nothing can be added up to.
            if (!cell.HasWorld && slice.Partner is null && cell.HasOthers)
                return new Finding(where, $"{cell.Partners} partners without a world row", "the world row, CTY_CODE -, too", OldStays);
        }
        return null;
    }

    private Finding? YearToDateVerdict()
    {
        if (!StartsTheYear) return null;
        foreach (var (place, (position, sum, yearToDate)) in different)
            if (!Enumerable.Range(0, position + 1).Any(month => IsUncertain(place, month))) return Difference(place, position, sum, yearToDate);
        if (memory != Memory.Figures) return null;
        for (var place = 0; place < series.Count; place++)
        {
            var state = series.At(place);
            if (state.Uncertain) continue;
            Int128 sum = 0;
            for (var position = 0; position < slice.Months; position++)
            {
                // A row of this month was not understood: from here on the sum may lack it.
                if (IsUncertain(place, position)) break;
                // A month without a row is one without trade.
                if ((state.Months & 1 << position) == 0) continue;
                var (value, yearToDate) = series.Figures(place, position);
                sum += value;
                if (sum != yearToDate) return Difference(place, position, sum, yearToDate);
            }
        }
        return null;
    }

    /// <summary>Whether the body has the months that a year to date is the sum of.</summary>
    private bool StartsTheYear => slice.Start.Month == 1;

    private bool IsUncertain(int place, int position) => cells[series.At(place).Commodity][position].Uncertain;

    private Finding Difference(int place, int position, Int128 sum, long yearToDate)
    {
        var state = series.At(place);
        return new Finding($"partner {series.PartnerOf(state)}{(slice.Level == CensusSlice.Total ? "" : $", commodity {series.CommodityOf(state)}")}, {slice.Start:yyyy-MM} to {slice.Start.AddMonths(position):yyyy-MM}",
            $"months that add up to {sum}", $"{yearToDate}, the year to date of the last one", OldStays);
    }

    private ref Cell CellOf(CensusRowKeys.Commodity commodity, int position)
    {
        while (cells.Count <= commodity.Number) cells.Add(new Cell[slice.Months]);
        ref var cell = ref cells[commodity.Number][position];
        cell.Commodity ??= commodity.Code;
        return ref cell;
    }
}
