using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Pipeline.Sources;
using Pipeline.Storage;
using Pipeline.Tables;

namespace Pipeline.Ledger;

/// <summary>The table <c>datasets</c>: what each dataset is, for those who read the tables.</summary>
public sealed class DatasetBook(TableSet tables)
{
    /// <summary>How often an update is tried again when others write the same row at the same time.</summary>
    private const int MaxConflicts = 50;

    /// <summary>Writes a dataset's row when it says something new; an older vintage never replaces a newer one. A dataset that the settings switched off is left as it is.</summary>
    public async Task PutAsync(ISource source, string dataset, DateTimeOffset vintage, CancellationToken cancellationToken)
    {
        if (source.Datasets.FirstOrDefault(candidate => candidate.Name == dataset) is not { } about) return;
        var table = await tables.OpenAsync(Names.Datasets).ConfigureAwait(false);
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                await PutAsync(table, source, about, vintage, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (RequestFailedException e) when (e.Status is 409 or 412 && conflicts < MaxConflicts)
            {
                // Another slice of the dataset wrote the row since it was read: look again.
            }
        }
    }

    private static async Task PutAsync(TableClient table, ISource source, Dataset about, DateTimeOffset vintage, CancellationToken cancellationToken)
    {
        var dataset = about.Name;
        var found = await table.GetEntityIfExistsAsync<TableEntity>(source.Name, dataset, cancellationToken: cancellationToken).ConfigureAwait(false);
        var before = found.HasValue ? found.Value : null;
        var last = before?.GetDateTimeOffset("LastVintage") is { } known && known > vintage ? known : vintage;
        var entity = new TableEntity(source.Name, dataset)
        {
            ["Title"] = about.Title,
            ["Publisher"] = about.Publisher,
            ["Table"] = about.Table.Name,
            ["Unit"] = about.Unit,
            ["Url"] = about.Url,
            ["Terms"] = about.Terms,
            ["RevisionPolicy"] = about.RevisionPolicy,
            ["Columns"] = JsonSerializer.Serialize(ColumnMeanings.Of(about.Table), JsonSerializerOptions.Web),
            ["LastVintage"] = last
        };
        if (before is not null && entity.All(column => before.TryGetValue(column.Key, out var old) && Equals(column.Value, old))) return;
        if (before is null) await table.AddEntityAsync(entity, cancellationToken).ConfigureAwait(false);
        else await table.UpdateEntityAsync(entity, before.ETag, TableUpdateMode.Replace, cancellationToken).ConfigureAwait(false);
    }
}
