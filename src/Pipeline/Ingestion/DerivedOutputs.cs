using System.IO.Hashing;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Exports;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>The indicators, claims and files that are derived from the tables of a source.</summary>
public sealed class DerivedOutputs(
    SourceCatalog sources,
    IDerivedTables derived,
    IExportViews views,
    Exporter exporter,
    ProgramVersion program
)
{
    /// <summary>
    /// The tables about the figures of all sources. Their files are always there, also without a row.
    /// </summary>
    private static readonly IReadOnlyList<ExportTable> Ledger =
    [
        ExportTable.Of(Names.Datasets, typeof(DatasetRow)) with
        {
            Title = "The datasets: publisher, address, terms and newest vintage of each",
            VintageColumn = nameof(DatasetRow.LastVintage),
        },
        ExportTable.Of(Names.Gaps, typeof(GapRow)) with
        {
            Title = "Figures that a publisher says it does not have",
            VintageColumn = "",
        },
        ExportTable.Of(Names.History, typeof(HistoryRow)) with
        {
            Title = "Earlier versions of figures, each with the time for which it was valid",
            VintageColumn = nameof(HistoryRow.ValidTo),
        },
    ];

    /// <summary>True if the outputs match the slices as they are, or if no slice was loaded.</summary>
    /// <param name="source">The source.</param>
    /// <param name="rows">Its slices.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<bool> IsCurrentAsync(
        string source,
        IReadOnlyList<SliceRow> rows,
        CancellationToken cancellationToken
    ) =>
        rows.All(row => row.Vintage is null)
        || await exporter.IsCurrentAsync(
            Exported(source),
            source,
            Mark(rows, program.Id, derived.Fingerprint),
            cancellationToken
        );

    /// <summary>Derives the outputs again and writes the differences.</summary>
    /// <param name="source">The source.</param>
    /// <param name="rows">Its slices, read before the call.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task UpdateAsync(string source, IReadOnlyList<SliceRow> rows, CancellationToken cancellationToken)
    {
        await derived.RunAsync(source, cancellationToken);
        await exporter.RunAsync(
            Exported(source),
            source,
            Mark(rows, program.Id, derived.Fingerprint),
            cancellationToken
        );
    }

    /// <summary>The tables whose files depend on a source.</summary>
    private List<ExportTable> Exported(string source)
    {
        var own = sources[source].Datasets.Select(dataset => dataset.Info).ToList();
        var all = sources.All.SelectMany(other => other.Datasets).Select(dataset => dataset.Info).ToList();
        return
        [
            .. own.GroupBy(dataset => dataset.Table).Select(table => ExportTable.Of(table.Key, [.. table])),
            .. Ledger.Concat(derived.TablesOf(source)).Select(table => table with { Datasets = all }),
            .. views.ViewsOf(source).Select(view => view with { Datasets = own }),
        ];
    }

    /// <summary>
    /// Stands for all that indicators, claims and files are made from: it differs when any slice has loaded a body,
    /// which changes facts, gaps or the vintage of its dataset, and when the program, its claims or its settings are
    /// others. Then everything is derived again, and only differences are written.
    /// </summary>
    /// <param name="rows">The slices of the source.</param>
    /// <param name="program">The version of the program: an indicator or a column may have changed.</param>
    /// <param name="derived">See <see cref="IDerivedTables.Fingerprint"/>.</param>
    internal static string Mark(IReadOnlyList<SliceRow> rows, Guid program, string derived)
    {
        var text = new StringBuilder().Append(program).Append('\n').Append(derived).Append('\n');
        var loaded = rows.Where(row => row.Vintage is not null);
        foreach (var row in loaded.OrderBy(row => row.Slice.Id, StringComparer.Ordinal))
        {
            text.Append(row.Slice.Id)
                .Append('|')
                .Append(row.Loaded?.Body.Vintage.UtcTicks)
                .Append('|')
                .Append(row.Loaded?.LastChanged?.UtcTicks)
                .Append('\n');
        }

        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
