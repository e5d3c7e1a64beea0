using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Issues;
using Column = Pipeline.Datasets.ColumnMeanings.Column;

namespace Pipeline.Report.Data;

/// <summary>Reads the parameters of a request for rows.</summary>
public sealed partial class DataQueryReader(DataTables tables, TimeProvider time)
{
    /// <summary>The first period.</summary>
    public const string From = "from";

    /// <summary>The last period.</summary>
    public const string To = "to";

    /// <summary>The day at whose end the rows are shown.</summary>
    public const string AsOf = "asof";

    /// <summary>The form of the rows.</summary>
    public const string Format = "format";

    /// <summary>The most rows of a response.</summary>
    public const string Limit = "limit";

    /// <summary>Where the response before ended.</summary>
    public const string Continuation = "continuation";

    /// <summary>
    /// All parameters that are no columns. Names of columns begin with a capital, and case counts: <c>asof</c> is a
    /// day of knowledge, <c>AsOf</c> a column of <c>holders</c>.
    /// </summary>
    public static IReadOnlyList<string> Names { get; } = [From, To, AsOf, Format, Limit, Continuation];

    /// <summary>What the Functions host reads of a query, for itself.</summary>
    private static readonly string[] OfTheHost = ["code", "clientid"];

    /// <summary>Reads a request.</summary>
    /// <param name="table">The table.</param>
    /// <param name="parameters">The parameters of the address, in its order; several values repeat the name.</param>
    /// <exception cref="DataRefusedException">There is no such table, or a parameter is wrong.</exception>
    public DataQuery Read(string table, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var about = tables[table];
        var (words, columns) = Sort(about, parameters);
        var filters = columns
            .GroupBy(pair => pair.Key)
            .Select(group => ColumnFilter.Read(group.Key, group.Select(pair => pair.Value)))
            .ToList();
        if (filters.Sum(filter => filter.AnyOf.Count) is > DataQuery.MostValues and var count)
        {
            throw Refuse(
                "parameters",
                $"{count} values of columns",
                $"at most {DataQuery.MostValues}",
                "ask for fewer at a time"
            );
        }
        var format = ReadFormat(words.GetValueOrDefault(Format));
        var query = new DataQuery(about, filters, ReadPeriod(about, words))
        {
            AsOf = ReadDay(about, words.GetValueOrDefault(AsOf)),
            Format = format,
            Limit = ReadLimit(words.GetValueOrDefault(Limit), format),
            Parameters =
            [
                .. columns.Select(pair => new KeyValuePair<string, string>(pair.Key.Name, pair.Value)),
                .. words.Where(word => word.Key != Continuation),
            ],
        };
        return query with { Cursor = ReadCursor(words.GetValueOrDefault(Continuation), query) };
    }

    /// <summary>Tells words and columns apart.</summary>
    private static (Dictionary<string, string> Words, List<KeyValuePair<Column, string>> Columns) Sort(
        DataTable table,
        IEnumerable<KeyValuePair<string, string>> parameters
    )
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        var columns = new List<KeyValuePair<Column, string>>();
        foreach (var (name, value) in parameters)
        {
            if (OfTheHost.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;
            if (Names.Contains(name))
            {
                if (!words.TryAdd(name, value))
                    throw Refuse($"parameter {name}", "two values", "one", "leave one of them out");
            }
            else if (table.Find(name) is { } column)
            {
                columns.Add(new(column, value));
            }
            else
            {
                throw Refuse(
                    "parameters",
                    Finding.Quote(name),
                    $"a column of {table.Name}: {string.Join(", ", table.Columns.Select(known => known.Name))}; or "
                        + string.Join(", ", Names),
                    "correct the name"
                );
            }
        }
        return (words, columns);
    }

    private static DataFormat ReadFormat(string? text) =>
        text switch
        {
            null or "json" => DataFormat.Json,
            "csv" => DataFormat.Csv,
            "parquet" => DataFormat.Parquet,
            _ => throw Refuse($"parameter {Format}", Finding.Quote(text), "json, csv or parquet", "correct the value"),
        };

    private static int ReadLimit(string? text, DataFormat format)
    {
        var most = DataQuery.MostRows(format);
        if (text is null)
            return DataQuery.DefaultLimit;
        return
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            && limit >= 1
            && limit <= most
            ? limit
            : throw Refuse(
                $"parameter {Limit}",
                Finding.Quote(text),
                string.Create(CultureInfo.InvariantCulture, $"a whole number from 1 to {most} with this format"),
                "correct the value, and read on with the address in next"
            );
    }

    private static PeriodFilter? ReadPeriod(DataTable table, Dictionary<string, string> words)
    {
        var (from, to) = (words.GetValueOrDefault(From), words.GetValueOrDefault(To));
        if (from is null && to is null)
            return null;
        var name = from is null ? To : From;
        if (table.Period is not { } column)
        {
            throw Refuse(
                $"parameter {name}",
                Finding.Quote(from ?? to),
                $"no period, because the rows of {table.Name} have none",
                "leave it out, or filter by a column"
            );
        }
        foreach (var (word, text) in (IEnumerable<(string, string?)>)[(From, from), (To, to)])
        {
            if (text is not null && !IsPeriod(text, table.PeriodForm))
            {
                var expected = table.PeriodForm switch
                {
                    PeriodForm.Year => "a year, yyyy",
                    PeriodForm.Month => "a year or a month, yyyy or yyyy-MM",
                    _ => "a year, a month or a day, yyyy, yyyy-MM or yyyy-MM-dd",
                };
                throw Refuse($"parameter {word}", Finding.Quote(text), expected, "correct the value");
            }
        }
        if (from is not null && to is not null && string.CompareOrdinal(from, to + "}") > 0)
        {
            throw Refuse($"parameter {From}", Finding.Quote(from), $"a period up to {to}", "correct one of the two");
        }
        return new PeriodFilter(column, from ?? "", to ?? "");
    }

    private static bool IsPeriod(string text, PeriodForm form) =>
        Period().IsMatch(text)
        && text.Length
            <= form switch
            {
                PeriodForm.Year => 4,
                PeriodForm.Month => 7,
                _ => 10,
            }
        && (text.Length < 10 || TryDay(text, out _));

    private static bool TryDay(string text, out DateOnly day) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day);

    private DateOnly? ReadDay(DataTable table, string? text)
    {
        if (text is null)
            return null;
        if (table.Facts is null)
        {
            throw Refuse(
                $"parameter {AsOf}",
                Finding.Quote(text),
                $"no day, because history keeps versions of figures, and {table.Name} has none",
                "leave it out, or ask for a table of figures"
            );
        }
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        return TryDay(text, out var day) && day <= today
            ? day
            : throw Refuse(
                $"parameter {AsOf}",
                Finding.Quote(text),
                string.Create(CultureInfo.InvariantCulture, $"a day up to today, {today:yyyy-MM-dd}"),
                "correct the value"
            );
    }

    private static DataCursor? ReadCursor(string? text, DataQuery query)
    {
        if (text is null)
            return null;
        return DataCursor.Parse(text, query.Fingerprint)
            ?? throw Refuse(
                $"parameter {Continuation}",
                Finding.Quote(text),
                "the text of next of a response to the same filters",
                "take the address in next as it is, or begin again without it"
            );
    }

    private static DataRefusedException Refuse(string where, string seen, string expected, string advice) =>
        new(new Finding(where, seen, expected, advice));

    [GeneratedRegex(@"\A(1[7-9]|2[0-9])[0-9]{2}(-(0[1-9]|1[0-2])(-[0-9]{2})?)?\z")]
    private static partial Regex Period();
}
