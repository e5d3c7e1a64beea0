using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Datasets;

/// <summary>The table <c>datasets</c>: what each dataset is, for those who read the tables.</summary>
public sealed class DatasetBook(TableSet tables)
{
    /// <summary>
    /// Writes a dataset's row when it says something new; an older vintage never replaces a newer one. A
    /// dataset that the settings switched off is left as it is.
    /// </summary>
    public async Task PutAsync(
        ISource source,
        string dataset,
        DateTimeOffset vintage,
        CancellationToken cancellationToken
    )
    {
        if (source.Datasets.FirstOrDefault(candidate => candidate.Name == dataset) is not { } about)
            return;
        var table = await tables.OpenAsync(Names.Datasets);
        await RowUpdate.ApplyAsync(
            table,
            source.Name,
            dataset,
            before =>
            {
                var after = Row(
                    source,
                    about,
                    before?.GetDateTimeOffset("LastVintage") is { } known && known > vintage ? known : vintage
                );
                return
                    before is not null
                    && after.All(column => before.TryGetValue(column.Key, out var old) && Equals(column.Value, old))
                    ? null
                    : after;
            },
            cancellationToken
        );
    }

    private static TableEntity Row(ISource source, Dataset about, DateTimeOffset lastVintage) =>
        new(source.Name, about.Name)
        {
            ["Title"] = about.Title,
            ["Publisher"] = about.Publisher,
            ["Table"] = about.Table.Name,
            ["Unit"] = about.Unit,
            ["Url"] = about.Url,
            ["Terms"] = about.Terms,
            ["RevisionPolicy"] = about.RevisionPolicy,
            ["Columns"] = JsonSerializer.Serialize(ColumnMeanings.Of(about.Table), JsonSerializerOptions.Web),
            ["LastVintage"] = lastVintage,
        };
}
