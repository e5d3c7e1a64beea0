using System.Numerics;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census.Trade;

/// <summary>How the key of a row meets those before it.</summary>
internal enum KeyOccurrence
{
    /// <summary>The key is new.</summary>
    First,

    /// <summary>The key was there with the same figures.</summary>
    Duplicate,

    /// <summary>The key was there with other figures.</summary>
    Conflict,
}

/// <summary>The figures of a body by series: no key stands for two, and months add up to the year to date.</summary>
/// <param name="slice">The slice.</param>
internal sealed class CensusYearToDate(CensusSlice slice)
{
    private readonly CensusSeries series = new();

    /// <summary>Where the months of a series do not add up to the year to date, by series and month.</summary>
    private readonly SortedDictionary<(int Series, int Position), (Int128 Sum, long YearToDate)> different = [];

    /// <summary>
    /// The year to date of rows whose figure could not be read, null where that could not be read either, and what
    /// their figure seems to be.
    /// </summary>
    private readonly Dictionary<(int Series, int Position), (long? YearToDate, long? Own)> lacking = [];

    /// <summary>Whether the body has the months that a year to date is the sum of.</summary>
    public bool StartsTheYear => slice.Start.Month == 1;

    /// <summary>Adds a partner's figure of a month, unless it has one.</summary>
    public KeyOccurrence Add(
        CensusRowKeys.PartnerKey partner,
        CensusRowKeys.Commodity commodity,
        int position,
        long value,
        long? yearToDate
    )
    {
        var place = series.PlaceOf(partner, commodity);
        if (series.Find(place, position) is { } known)
            return known == (value, yearToDate) ? KeyOccurrence.Duplicate : KeyOccurrence.Conflict;
        series.Add(place, position, value, yearToDate);
        return KeyOccurrence.First;
    }

    /// <summary>Adds a partner's row whose figure cannot be read.</summary>
    public void AddLacking(
        CensusRowKeys.PartnerKey partner,
        CensusRowKeys.Commodity commodity,
        int position,
        long? own,
        long? yearToDate
    ) => lacking[(series.PlaceOf(partner, commodity), position)] = (yearToDate, own);

    /// <summary>
    /// Goes through the months of each series in their order, once all rows were added. A month without a row is one
    /// without trade.
    /// </summary>
    /// <param name="unused">Told, by commodity and month, what a row without a figure seems to have had, and what it
    /// had at the most.</param>
    public void Settle(Action<int, int, long?, long?> unused)
    {
        if (!StartsTheYear)
            return;
        var months = new (long Value, long? YearToDate)?[slice.Months];
        for (var place = 0; place < series.Count; place++)
        {
            series.Read(place, months);
            Settle(place, months, unused);
        }
    }

    /// <summary>All months whose series does not add up to the year to date.</summary>
    /// <param name="others">Rows that may belong to a sum.</param>
    public IEnumerable<Finding> Findings(UnusedRows others)
    {
        foreach (var ((place, position), (sum, yearToDate)) in different)
        {
            if (UnusedRows.Explain(yearToDate - sum, null, others))
                continue;
            yield return new Finding(
                $"partner {series.PartnerOf(place)}"
                    + $"{(slice.Level == CensusSlice.Total ? "" : $", commodity {series.CommodityOf(place)}")}, "
                    + $"{slice.Start:yyyy-MM} to {slice.Start.AddMonths(position):yyyy-MM}",
                $"months that add up to {sum}",
                $"{yearToDate}, the year to date of the last one",
                CensusChecks.OldStays
            );
        }
    }

    private void Settle(
        int place,
        ReadOnlySpan<(long Value, long? YearToDate)?> months,
        Action<int, int, long?, long?> unused
    )
    {
        Int128 sum = 0;
        var open = 0; // A bit for each month without a figure since the last year to date.
        for (var position = 0; position < months.Length; position++)
        {
            long? toDate;
            if (months[position] is { } month)
            {
                sum += month.Value;
                toDate = month.YearToDate;
            }
            else if (lacking.Count > 0 && lacking.TryGetValue((place, position), out var row))
            {
                open |= 1 << position;
                toDate = row.YearToDate;
            }
            else
            {
                continue;
            }
            if (toDate is not { } stated)
                continue;
            // What a month without a figure had is open, but no month has less than nothing.
            if (open != 0 ? sum > stated : sum != stated)
                different.TryAdd((place, position), (sum, stated));
            Close(place, open, stated - sum, unused);
            (open, sum) = (0, stated);
        }
        // No later year to date says what these months had.
        Close(place, open, null, unused);
    }

    /// <summary>Notes what the open months of a series may have had: exactly so much where it is one month.</summary>
    /// <param name="place">The series.</param>
    /// <param name="open">A bit for each of the months.</param>
    /// <param name="together">What they had together; null where no year to date tells.</param>
    /// <param name="unused">Told about each.</param>
    private void Close(int place, int open, Int128? together, Action<int, int, long?, long?> unused)
    {
        var most = together is { } figure && figure >= 0 && figure <= long.MaxValue ? (long?)figure : null;
        var own = BitOperations.IsPow2(open) ? most : null;
        for (; open != 0; open &= open - 1)
        {
            var position = BitOperations.TrailingZeroCount(open);
            // What its own cell says has been noted with the row.
            if (lacking[(place, position)].Own is null)
                unused(series.CommodityNumberOf(place), position, own, most);
        }
    }
}
