using System.Globalization;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census.Trade;

/// <summary>The present row of a body, by the meaning of its cells.</summary>
/// <param name="rows">The rows.</param>
/// <param name="columns">Where the columns stand.</param>
internal sealed class CensusRow(JsonRows rows, CensusHeader columns)
{
    /// <summary>Where the columns stand.</summary>
    public CensusHeader Columns => columns;

    /// <summary>What the row holds that is no cell, or how many cells; null when it has those of the header.</summary>
    public string? Malformed => rows.Foreign ?? (rows.Count == columns.Count ? null : $"{rows.Count} cells");

    /// <summary>The code of the partner; empty for null.</summary>
    public ReadOnlySpan<byte> Code => rows.Bytes(columns.Code);

    /// <summary>What the code stands for.</summary>
    public CensusPartners.Kind Kind =>
        rows.IsNull(columns.Code) ? CensusPartners.Kind.Unknown : CensusPartners.KindOf(Code);

    /// <summary>Whether the month's figure is null.</summary>
    public bool HasNoValue => rows.IsNull(columns.Value);

    /// <summary>The month's figure; null when there is none, or none that is a whole number.</summary>
    public long? Value => Whole(columns.Value);

    /// <summary>The year to date; null when there is none, or none that is a whole number.</summary>
    public long? YearToDate => Whole(columns.YearToDate);

    /// <summary>What a row that cannot be used would add to a sum; null when that cannot be read.</summary>
    public long? OwnValue => Own(columns.Value);

    /// <summary>The same of the year to date.</summary>
    public long? OwnYearToDate => Own(columns.YearToDate);

    /// <summary>The column of the month, or the first of the two that make it.</summary>
    public int MonthColumn => columns.Time >= 0 ? columns.Time : columns.Month;

    public CensusRowKeys.PartnerKey Partner(CensusRowKeys keys) => keys.PartnerOf(rows, columns);

    /// <summary>The commodity; null when its code does not have so many digits.</summary>
    public CensusRowKeys.Commodity? Commodity(CensusRowKeys keys, int digits)
    {
        var code = rows.Bytes(columns.Commodity);
        return code.Length != digits || code.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            ? null
            : keys.CommodityOf(code, rows, columns);
    }

    /// <summary>Whether the row is of a level of commodities, as far as it says.</summary>
    public bool IsOfLevel(ReadOnlySpan<byte> level) =>
        columns.Level < 0 || rows.Bytes(columns.Level).SequenceEqual(level);

    /// <summary>Columns of one name whose cells differ; null when there are none.</summary>
    public (int First, int Again)? Contradiction()
    {
        foreach (var (first, again) in columns.Repeated)
        {
            if (rows.IsNull(first) != rows.IsNull(again) || !rows.Bytes(first).SequenceEqual(rows.Bytes(again)))
                return (first, again);
        }
        return null;
    }

    /// <summary>A cell as a message shows it.</summary>
    public string Quote(int column) => rows.Text(column) is { } text ? Finding.Quote(text) : "null";

    public bool TryMonth(out int year, out int month)
    {
        month = 0;
        if (columns.Time < 0)
        {
            return TryNumber(rows.Bytes(columns.Year), 4, out year)
                && TryNumber(rows.Bytes(columns.Month), 2, out month)
                && month is >= 1 and <= 12;
        }

        var time = rows.Bytes(columns.Time);
        year = 0;
        return time.Length == 7
            && time[4] == '-'
            && TryNumber(time[..4], 4, out year)
            && TryNumber(time[5..], 2, out month)
            && month is >= 1 and <= 12;
    }

    /// <summary>Digits only, at most 18 of them: what a value is in every response seen.</summary>
    private long? Whole(int column) =>
        rows.Bytes(column) is { Length: > 0 and <= 18 } digits && TryDigits(digits, out var value) ? value : null;

    private long? Own(int column) =>
        long.TryParse(
            rows.Text(column),
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out var value
        )
            ? value
            : null;

    private static bool TryNumber(ReadOnlySpan<byte> digits, int length, out int number)
    {
        var isOne = TryDigits(digits, out var value) && digits.Length == length;
        number = isOne ? (int)value : 0;
        return isOne;
    }

    private static bool TryDigits(ReadOnlySpan<byte> digits, out long value)
    {
        value = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
                return false;
            value = value * 10 + digit - '0';
        }
        return true;
    }
}
