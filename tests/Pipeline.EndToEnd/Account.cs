using System.Globalization;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Pipeline.Storage;
using Pipeline.Testing;

namespace Pipeline.EndToEnd;

/// <summary>What is in a storage account, seen from outside the app.</summary>
internal sealed class Account(string connectionString)
{
    /// <summary>The columns that tell when and by which run a row was written; two runs never agree in them.</summary>
    private static readonly string[] OfTheRun =
    [
        "odata.etag",
        "Timestamp",
        "Vintage",
        "FirstSeen",
        "LastChanged",
        "LastVintage",
        "RawBlob",
        "RunId",
    ];

    /// <summary>The tables of figures.</summary>
    public static IReadOnlyList<string> FactTables { get; } = [.. AllDatasets.Tables.Select(table => table.Name)];

    public TableServiceClient Tables { get; } = new(connectionString);
    public BlobServiceClient Blobs { get; } = new(connectionString);
    public QueueServiceClient Queues { get; } =
        new(connectionString, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });

    /// <summary>All rows of a table by key; none when the table does not exist.</summary>
    public async Task<List<TableEntity>> RowsAsync(string table, string? filter = null)
    {
        var rows = new List<TableEntity>();
        try
        {
            await foreach (var row in Tables.GetTableClient(table).QueryAsync<TableEntity>(filter!))
                rows.Add(row);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return rows;
        }
        return rows;
    }

    /// <summary>The rows of a table as texts, without what differs from run to run.</summary>
    public async Task<List<string>> ContentAsync(string table) =>
        [.. (await RowsAsync(table)).Select(row => Text(row, OfTheRun))];

    /// <summary>The rows of a table as texts with all columns but those that the service writes.</summary>
    public async Task<List<string>> ColumnsAsync(string table) =>
        [.. (await RowsAsync(table)).Select(row => Text(row, ["odata.etag", "Timestamp"]))];

    /// <summary>
    /// The versions of all rows of a table: they change when a row is written, also with the same content.
    /// </summary>
    public async Task<List<string>> VersionsAsync(string table) =>
        [.. (await RowsAsync(table)).Select(row => $"{row.PartitionKey} {row.RowKey} {row.ETag} {row.Timestamp:O}")];

    /// <summary>
    /// What a quiet run and any other run must agree in: facts, gaps, history, the description of the
    /// datasets, and where the slices stand.
    /// </summary>
    public async Task<List<string>> OutcomeAsync()
    {
        var all = new List<string>();
        foreach (
            var table in (string[])
                [.. FactTables, Names.Indicators, Names.Claims, Names.Gaps, Names.History, Names.Datasets]
        )
        {
            all.AddRange((await ContentAsync(table)).Select(row => $"{table}: {row}"));
        }

        foreach (var row in await RowsAsync(Names.Slices))
        {
            all.Add(
                $"{row.PartitionKey} {row.RowKey}: {row["State"]}, {row["Rows"]} rows, body {row["Sha256"]}, "
                    + $"attempts {row["Attempts"]}, {row["LastError"]}"
            );
        }

        return all;
    }

    /// <summary>How many rows the tables of figures have.</summary>
    public async Task<int> FactsAsync()
    {
        var facts = 0;
        foreach (var table in FactTables)
            facts += (await RowsAsync(table)).Count;
        return facts;
    }

    /// <summary>The sum of a column over the runs; checks on the way that every row adds up.</summary>
    public async Task<long> AddedAsync()
    {
        long added = 0;
        foreach (var run in await RowsAsync(Names.Runs))
        {
            long Of(string column) => run.GetInt64(column)!.Value;
            Xunit.Assert.True(
                Of("Read")
                    == Of("Added") + Of("Changed") + Of("Unchanged") + Of("Excluded") + Of("Missing") + Of("Rejected"),
                Text(run, [])
            );
            added += Of("Added");
        }
        return added;
    }

    /// <summary>Names of all tables, queues and containers.</summary>
    public async Task<List<string>> NamesAsync()
    {
        var names = new List<string>();
        await foreach (var table in Tables.QueryAsync())
            names.Add($"table {table.Name}");
        await foreach (var queue in Queues.GetQueuesAsync())
            names.Add($"queue {queue.Name}");
        await foreach (var container in Blobs.GetBlobContainersAsync())
            names.Add($"container {container.Name}");
        return names;
    }

    /// <summary>Everything in the account as one text, bodies of blobs excepted.</summary>
    public async Task<string> EverythingAsync()
    {
        var all = await NamesAsync();
        await foreach (var table in Tables.QueryAsync())
            all.AddRange((await RowsAsync(table.Name)).Select(row => Text(row, [])));
        await foreach (var container in Blobs.GetBlobContainersAsync())
        {
            await foreach (
                var blob in Blobs
                    .GetBlobContainerClient(container.Name)
                    .GetBlobsAsync(
                        new Azure.Storage.Blobs.Models.GetBlobsOptions
                        {
                            Traits = Azure.Storage.Blobs.Models.BlobTraits.Metadata,
                        }
                    )
            )
            {
                all.Add($"{blob.Name} {blob.Properties.ContentType} {string.Join(' ', blob.Metadata)}");
            }
        }

        await foreach (var queue in Queues.GetQueuesAsync())
        {
            foreach (var message in (await Queues.GetQueueClient(queue.Name).PeekMessagesAsync(32)).Value)
                all.Add(message.Body.ToString());
        }

        return string.Join('\n', all);
    }

    /// <summary>How many messages of a queue can be received now; 0 when it does not exist.</summary>
    public async Task<int> VisibleAsync(string queue)
    {
        try
        {
            return (await Queues.GetQueueClient(queue).PeekMessagesAsync(32)).Value.Length;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return 0;
        }
    }

    public async Task SendAsync(string queue, string body)
    {
        var client = Queues.GetQueueClient(queue);
        await client.CreateIfNotExistsAsync();
        await client.SendMessageAsync(body);
    }

    /// <summary>Makes every slice due now, as if its time had come.</summary>
    public async Task MakeDueAsync()
    {
        foreach (var row in await RowsAsync(Names.Slices))
        {
            row["NextDue"] = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
            await Tables.GetTableClient(Names.Slices).UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace);
        }
    }

    private static string Text(TableEntity row, string[] without) =>
        string.Join(
            "; ",
            row.Where(pair => !without.Contains(pair.Key))
                .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{pair.Key}"
                            + $"={(pair.Value is DateTimeOffset date ? date.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) : pair.Value)}"
                    )
                )
        );
}
