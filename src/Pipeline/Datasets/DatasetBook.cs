using System.Text.Json;
using Pipeline.Storage;

namespace Pipeline.Datasets;

/// <summary>The table <c>datasets</c>: what each dataset is, for those who read the tables.</summary>
public sealed class DatasetBook(TableSet tables)
{
    /// <summary>
    /// Writes a dataset's row when it says something new; an older vintage never replaces a newer one.
    /// </summary>
    public async Task PutAsync(DatasetInfo about, DateTimeOffset vintage, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Datasets);
        await RowUpdate.ApplyAsync<DatasetRow>(
            table,
            about.Source,
            about.Name,
            before =>
            {
                var after = Row(about, before?.LastVintage > vintage ? before.LastVintage : vintage);
                return after == before ? null : after;
            },
            cancellationToken
        );
    }

    private static DatasetRow Row(DatasetInfo about, DateTimeOffset lastVintage) =>
        new()
        {
            PartitionKey = about.Source,
            RowKey = about.Name,
            Title = about.Title,
            Publisher = about.Publisher,
            Table = about.Table.Name,
            Unit = about.Unit,
            Url = about.Url,
            Terms = about.Terms,
            RevisionPolicy = about.RevisionPolicy,
            Columns = JsonSerializer.Serialize(ColumnMeanings.Of(about.Table), JsonSerializerOptions.Web),
            LastVintage = lastVintage,
        };
}
