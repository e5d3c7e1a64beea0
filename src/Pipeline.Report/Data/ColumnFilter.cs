using System.Globalization;
using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Pipeline.Issues;
using Column = Pipeline.Datasets.ColumnMeanings.Column;

namespace Pipeline.Report.Data;

/// <summary>Rows whose column has one of some values.</summary>
/// <param name="Column">The column.</param>
/// <param name="AnyOf">The values, of the column's type.</param>
public sealed record ColumnFilter(Column Column, IReadOnlyList<object> AnyOf)
{
    /// <summary>The filter for the table service.</summary>
    public string OData => Join(AnyOf.Select(value => Compare(Column.Name, "eq", value)));

    /// <summary>True if a cell has one of the values.</summary>
    public bool Fits(object? cell) => cell is not null && AnyOf.Contains(cell);

    /// <summary>Reads the values of a filter.</summary>
    /// <exception cref="DataRefusedException">A value is not of the column's type.</exception>
    public static ColumnFilter Read(Column column, IEnumerable<string> values) =>
        new(column, [.. values.Select(value => Value(column, value)).Distinct()]);

    /// <summary>A comparison of a column of ours with a value, which the client writes as a literal.</summary>
    internal static string Compare(string column, string comparison, object value) =>
        TableClient.CreateQueryFilter(FormattableStringFactory.Create($"{column} {comparison} {{0}}", value));

    private static string Join(IEnumerable<string> comparisons)
    {
        var all = comparisons.ToList();
        return all.Count == 1 ? all[0] : $"({string.Join(" or ", all)})";
    }

    private static object Value(Column column, string text)
    {
        object? value = column.Type switch
        {
            "Edm.String" => text,
            "Edm.Int32" => int.TryParse(text, NumberStyles.AllowLeadingSign, Invariant, out var number) ? number : null,
            "Edm.Int64" => long.TryParse(text, NumberStyles.AllowLeadingSign, Invariant, out var number)
                ? number
                : null,
            "Edm.Double" => double.TryParse(text, NumberStyles.Float, Invariant, out var number)
            && double.IsFinite(number)
                ? number
                : null,
            "Edm.Boolean" => Truth(text),
            _ => Moment(text),
        };
        return value
            ?? throw new DataRefusedException(
                new Finding(
                    $"parameter {column.Name}",
                    Finding.Quote(text),
                    column.Type switch
                    {
                        "Edm.Int32" => "a whole number of at most 32 bits",
                        "Edm.Int64" => "a whole number of at most 64 bits",
                        "Edm.Double" => "a number with a decimal point",
                        "Edm.Boolean" => "true or false",
                        _ => "a day or a moment in UTC, such as 2019-07-01 or 2019-07-01T12:00:00Z",
                    },
                    "correct the value"
                )
            );
    }

    private static object? Truth(string text) =>
        text switch
        {
            "true" => true,
            "false" => false,
            _ => null,
        };

    private static DateTimeOffset? Moment(string text) =>
        DateTimeOffset.TryParseExact(
            text,
            Moments,
            Invariant,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var moment
        )
        && moment.Year > FirstYear
            ? moment
            : null;

    /// <summary>The service has no moments before 1601.</summary>
    private const int FirstYear = 1600;

    private static readonly string[] Moments =
    [
        "yyyy-MM-dd",
        "yyyy-MM-dd'T'HH:mm:ss'Z'",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'",
    ];

    private static CultureInfo Invariant => CultureInfo.InvariantCulture;
}

/// <summary>Rows whose period lies between two, both of which count.</summary>
/// <param name="Column">The column of the period.</param>
/// <param name="From">The first period as text; empty for no limit.</param>
/// <param name="To">The last period as text; empty for no limit.</param>
public sealed record PeriodFilter(Column Column, string From, string To)
{
    /// <summary>The filter for the table service.</summary>
    public string OData
    {
        get
        {
            var (from, before) = Limits();
            var comparisons = new List<string>();
            if (from is not null)
                comparisons.Add(ColumnFilter.Compare(Column.Name, "ge", from));
            if (before is not null)
                comparisons.Add(ColumnFilter.Compare(Column.Name, "lt", before));
            return string.Join(" and ", comparisons);
        }
    }

    /// <summary>True if a cell lies in the range.</summary>
    public bool Fits(object? cell)
    {
        var (from, before) = Limits();
        return cell is not null
            && (from is null || Order(cell, from) >= 0)
            && (before is null || Order(cell, before) < 0);
    }

    private static int Order(object one, object other) =>
        one is string text ? string.CompareOrdinal(text, (string)other) : Comparer<object>.Default.Compare(one, other);

    /// <summary>The first value, and the one after the last.</summary>
    private (object? From, object? Before) Limits() =>
        Column.Type switch
        {
            "Edm.Int32" => (Year(From), Year(To) is { } year ? year + 1 : null),
            "Edm.DateTime" => (First(From, 0), First(To, 1)),
            _ => (From.Length > 0 ? From : null, To.Length > 0 ? To + Loading.FactRange.AfterPart : null),
        };

    private static int? Year(string text) => text.Length == 0 ? null : int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>The first moment of a period, or of the one so many later.</summary>
    private static DateTimeOffset? First(string text, int later)
    {
        if (text.Length == 0)
            return null;
        var whole = text + "0000-01-01"[text.Length..];
        var first = DateTimeOffset.ParseExact(
            whole,
            "yyyy-MM-dd",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal
        );
        return text.Length switch
        {
            4 => first.AddYears(later),
            7 => first.AddMonths(later),
            _ => first.AddDays(later),
        };
    }
}
