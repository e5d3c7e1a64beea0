using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Exports.Formats;
using Pipeline.Issues;
using Pipeline.Storage;

namespace Pipeline.Exports;

/// <summary>A table or view that is exported.</summary>
/// <param name="Name">Its name: lower-case letters, digits and underscores; file names begin with it.</param>
/// <param name="Columns">The columns of its files, in their order; keys first.</param>
public sealed record ExportTable(string Name, IReadOnlyList<ColumnMeanings.Column> Columns)
{
    private readonly Func<CancellationToken, IAsyncEnumerable<object?[]>>? view;

    /// <summary>What it holds, in one line.</summary>
    public string Title { get; init; } = Name;

    /// <summary>What to look up there and how its keys are made.</summary>
    public string Description { get; init; } = "";

    /// <summary>The columns that together are different on each row.</summary>
    public IReadOnlyList<string> PrimaryKey { get; init; } = ["PartitionKey", "RowKey"];

    /// <summary>The column whose newest moment is the vintage of a file; empty if no column is.</summary>
    public string VintageColumn { get; init; } = "Vintage";

    /// <summary>
    /// The column of the calendar year if each year is a file, as is so of a large table whatever its present size;
    /// null if there is one file.
    /// </summary>
    public string? YearColumn { get; init; }

    /// <summary>The datasets that its figures come from: they say publisher, address and terms.</summary>
    public IReadOnlyList<DatasetInfo> Datasets { get; init; } = [];

    /// <summary>A table whose rows have a type: its columns are those of the files.</summary>
    /// <exception cref="InvalidOperationException">A column has no meaning.</exception>
    public static ExportTable Of(string name, Type rowType) => new(name, ColumnMeanings.Of(rowType));

    /// <summary>A fact table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="datasets">The datasets whose rows it holds.</param>
    /// <exception cref="InvalidOperationException">A column has no meaning.</exception>
    public static ExportTable Of(FactTable table, IReadOnlyList<DatasetInfo> datasets) =>
        Of(table.Name, table.RowType) with
        {
            Title = string.Join("; ", datasets.Select(dataset => dataset.Title).Distinct()),
            Description = table.About.Replace("\\|", "|", StringComparison.Ordinal),
            YearColumn = table.YearColumn,
            Datasets = datasets,
        };

    /// <summary>Rows that no table holds, computed when the files are written.</summary>
    /// <param name="name">The name; see <see cref="Name"/>.</param>
    /// <param name="primaryKey">The columns that together are different on each row.</param>
    /// <param name="read">Computes the rows, always in the same order.</param>
    /// <exception cref="InvalidOperationException">A column has no meaning.</exception>
    public static ExportTable OfView<T>(
        string name,
        IReadOnlyList<string> primaryKey,
        Func<CancellationToken, IAsyncEnumerable<T>> read
    )
        where T : notnull
    {
        var properties = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance);
        return new ExportTable(name, ColumnMeanings.OfView(typeof(T)), ValuesAsync) { PrimaryKey = primaryKey };

        async IAsyncEnumerable<object?[]> ValuesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var row in read(cancellationToken))
                yield return [.. properties.Select(property => property.GetValue(row))];
        }
    }

    private ExportTable(
        string name,
        IReadOnlyList<ColumnMeanings.Column> columns,
        Func<CancellationToken, IAsyncEnumerable<object?[]>> view
    )
        : this(name, columns) => this.view = view;

    /// <summary>The file of a format; of a year, if each year is a file.</summary>
    internal string FileOf(RowFormat format, int? year) =>
        year is { } number
            ? string.Create(CultureInfo.InvariantCulture, $"{Name}/{number:0000}.{format.Name}")
            : $"{Name}.{format.Name}";

    /// <summary>True if a blob of the container is where files of the table, and nothing else, are.</summary>
    internal bool Holds(string blob) =>
        blob.StartsWith(Name + "/", StringComparison.Ordinal)
        || RowFormat.All.Any(format => blob == FileOf(format, null));

    /// <summary>The rows, a value for each column; those of a table are in the order of its keys.</summary>
    internal async IAsyncEnumerable<object?[]> ReadAsync(
        TableSet tables,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (view is not null)
        {
            await foreach (var row in view(cancellationToken))
                yield return row;
            yield break;
        }
        var client = await tables.OpenAsync(Name);
        await foreach (
            var row in client.QueryAsync<TableEntity>(maxPerPage: 1000, cancellationToken: cancellationToken)
        )
        {
            yield return [.. Columns.Select(column => row.TryGetValue(column.Name, out var value) ? value : null)];
        }
    }

    /// <summary>Reads the year of a row; null if the table is one file.</summary>
    /// <exception cref="InvalidDataException">The row has no calendar year of four digits.</exception>
    internal Func<object?[], int?> YearReader()
    {
        if (YearColumn is null)
            return _ => null;
        var index = IndexOf(YearColumn);
        return row =>
            row[index] is int year and >= 1000 and <= 9999
                ? year
                : throw new InvalidDataException(
                    new Finding(
                        $"table {Name}, row {Finding.Quote(row[0] as string)} {Finding.Quote(row[1] as string)}, "
                            + $"column {YearColumn}",
                        Finding.Quote(Convert.ToString(row[index], CultureInfo.InvariantCulture)),
                        "a calendar year of four digits",
                        "Correct the row in the table, or remove it and replay its slice."
                    ).ToString()
                );
    }

    /// <summary>Reads the vintage of a row; null if it has none.</summary>
    internal Func<object?[], DateTimeOffset?> VintageReader()
    {
        if (VintageColumn.Length == 0)
            return _ => null;
        var index = IndexOf(VintageColumn);
        return row => row[index] as DateTimeOffset?;
    }

    private int IndexOf(string name)
    {
        for (var index = 0; index < Columns.Count; index++)
        {
            if (Columns[index].Name == name)
                return index;
        }

        throw new InvalidOperationException(
            $"export table {Name}: no column {name}; expected one of "
                + string.Join(", ", Columns.Select(column => column.Name))
        );
    }
}
