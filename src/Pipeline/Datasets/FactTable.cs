using System.Runtime.CompilerServices;
using Azure.Data.Tables;

namespace Pipeline.Datasets;

/// <summary>A fact table: its name and how its rows are read back with their own type.</summary>
/// <param name="name">The table's name, lower case.</param>
/// <param name="pageRows">Rows in an answer, at most; 1 to 1,000, which is what the service gives.</param>
public abstract class FactTable(string name, int pageRows)
{
    /// <summary>The table's name, lower case.</summary>
    public string Name => name;

    /// <summary>What to look up there and how its keys are made, in Markdown; a row of the README's table.</summary>
    public string About { get; init; } = "";

    /// <summary>
    /// The column of the calendar year of a large table, whose export files are one for each year; null of a table that
    /// is one file.
    /// </summary>
    public string? YearColumn { get; init; }

    /// <summary>
    /// The columns that the partition key is made of, in its order, as <see cref="Keys.Part"/> writes them; empty where
    /// no column tells it.
    /// </summary>
    public IReadOnlyList<string> PartitionColumns { get; init; } = [];

    /// <summary>
    /// The columns that the row key begins with, in its order, as <see cref="Keys.Part"/> writes them; empty where no
    /// column tells it.
    /// </summary>
    public IReadOnlyList<string> RowColumns { get; init; } = [];

    /// <summary>The column that says what time a figure is about; empty where there is none.</summary>
    public string PeriodColumn { get; init; } = "";

    /// <summary>The column that names the unit of figures whose column does not; empty where there is none.</summary>
    public string UnitColumn { get; init; } = "";

    /// <summary>The columns that the figure of a row is made of.</summary>
    public IReadOnlyList<string> FigureColumns => CreateRow().FigureColumns;

    /// <summary>Rows in an answer, at most.</summary>
    protected int PageRows => pageRows;

    /// <summary>Whether so many partitions are read in fewer answers than a table of so many rows.</summary>
    /// <remarks>
    /// The service finds a partition by its key, and goes through the whole table for rows that lie in many.
    /// Azurite goes through the table for each answer.
    /// </remarks>
    public bool PaysByPartition(int partitions, long rows) => partitions <= rows / pageRows;

    /// <summary>The row type.</summary>
    public abstract Type RowType { get; }

    /// <summary>A row without values.</summary>
    public abstract FactRow CreateRow();

    /// <summary>One row, or null.</summary>
    public abstract Task<FactRow?> GetAsync(
        TableClient client,
        string partitionKey,
        string rowKey,
        CancellationToken cancellationToken
    );

    /// <summary>Rows by filter; with <paramref name="columns"/> only those columns are filled in.</summary>
    public abstract IAsyncEnumerable<FactRow> QueryAsync(
        TableClient client,
        string filter,
        IEnumerable<string>? columns,
        CancellationToken cancellationToken
    );
}

/// <inheritdoc/>
public sealed class FactTable<T>(string name, int pageRows = 1000) : FactTable(name, pageRows)
    where T : FactRow, new()
{
    /// <inheritdoc/>
    public override Type RowType => typeof(T);

    /// <inheritdoc/>
    public override FactRow CreateRow() => new T();

    /// <inheritdoc/>
    public override async Task<FactRow?> GetAsync(
        TableClient client,
        string partitionKey,
        string rowKey,
        CancellationToken cancellationToken
    )
    {
        var found = await client.GetEntityIfExistsAsync<T>(partitionKey, rowKey, select: null, cancellationToken);
        return found.HasValue ? found.Value : null;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<FactRow> QueryAsync(
        TableClient client,
        string filter,
        IEnumerable<string>? columns,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await foreach (var row in client.QueryAsync<T>(filter, maxPerPage: PageRows, columns, cancellationToken))
            yield return row;
    }
}
