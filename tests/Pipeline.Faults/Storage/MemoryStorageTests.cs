using System.Globalization;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Storage;

/// <summary>The storage in memory and Azurite are told the same things, and must say the same.</summary>
public sealed class MemoryStorageTests(Azurite azurite)
{
    private const int Rounds = 400;

    private static readonly string[] Partitions = ["a", "a|b", "fake|one", "b'c"],
        Rows = ["1", "10", "2", "x|y", "é", "z'"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Azurite_says_the_same(int seed)
    {
        using var proof = Proof.Try(Proof.Double, "random calls of all three services", Rounds);
        var (memory, real) = (
            Open(MemoryStorage.ConnectionString, new MemoryStorage(TimeProvider.System)),
            Open(azurite.NewAccount(), null)
        );
        var (left, right) = (new Teller(memory, seed), new Teller(real, seed));
        await Task.WhenAll(left.BeginAsync(), right.BeginAsync());
        for (var round = 0; round < Rounds; round++)
        {
            var (said, expected) = (await left.NextAsync(), await right.NextAsync());
            Assert.Equal($"{round}: {expected}", $"{round}: {said}");
        }
        proof.Held();
    }

    /// <summary>
    /// Two workers and one blob: every order of three calls, after which the first looks at its lease.
    /// </summary>
    [Fact]
    public async Task Azurite_says_the_same_of_leases()
    {
        string[] calls = ["acquire a", "acquire b", "renew a", "renew b", "release a", "release b", "break"];
        var orders = (
            from first in calls
            from second in calls
            from third in calls
            select (string[])[first, second, third, "renew a"]
        ).ToList();
        using var proof = Proof.Try(Proof.Double, "leases", orders.Count);
        var memory = Open(MemoryStorage.ConnectionString, new MemoryStorage(TimeProvider.System));
        var real = Open(azurite.NewAccount(), null);
        foreach (var account in (StorageAccount[])[memory, real])
            await account.Blobs.GetBlobContainerClient(Names.LocksContainer).CreateAsync();
        foreach (var order in orders)
        {
            var (said, expected) = (await LeaseAsync(memory, order), await LeaseAsync(real, order));
            Assert.Equal($"{string.Join(", ", order)}: {expected}", $"{string.Join(", ", order)}: {said}");
        }
        proof.Held();
    }

    private static async Task<string> LeaseAsync(StorageAccount account, string[] order)
    {
        var blob = account.Blobs.GetBlobContainerClient(Names.LocksContainer).GetBlobClient(string.Join('/', order));
        await blob.UploadAsync(BinaryData.Empty);
        var leases = new Dictionary<string, BlobLeaseClient>
        {
            ["a"] = blob.GetBlobLeaseClient("aaaaaaaa-0000-0000-0000-000000000000"),
            ["b"] = blob.GetBlobLeaseClient("bbbbbbbb-0000-0000-0000-000000000000"),
        };
        var said = new List<string>();
        foreach (var call in order)
        {
            var (what, who) = (call.Split(' ')[0], leases[call.Split(' ')[^1] == "b" ? "b" : "a"]);
            try
            {
                var response = what switch
                {
                    "acquire" => (await who.AcquireAsync(TimeSpan.FromSeconds(60))).GetRawResponse(),
                    "renew" => (await who.RenewAsync()).GetRawResponse(),
                    "release" => (await who.ReleaseAsync()).GetRawResponse(),
                    _ => (await who.BreakAsync(TimeSpan.Zero)).GetRawResponse(),
                };
                said.Add($"{response.Status}");
            }
            catch (RequestFailedException e)
            {
                said.Add($"{e.Status} {e.ErrorCode}");
            }
        }
        return string.Join(", ", said);
    }

    private static StorageAccount Open(string connection, MemoryStorage? storage)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("PipelineStorage", connection)])
            .Build();
        return (
            storage is null
                ? StorageAccount.Open(configuration, "PipelineStorage", [])
                : StorageAccount.Open(configuration, "PipelineStorage", [], storage)
        )!;
    }

    /// <summary>
    /// Tells an account the calls of a seed, and tells what came of each in words that do not depend on the
    /// account.
    /// </summary>
    private sealed class Teller(StorageAccount account, int seed)
    {
        private readonly Random random = new(seed);
        private readonly Dictionary<string, ETag> versions = [];
        private readonly List<(string Id, string Receipt)> taken = [];

        public Task BeginAsync() =>
            Task.WhenAll(
                account.Tables.GetTableClient("rows").CreateIfNotExistsAsync(),
                account.Queues.GetQueueClient("queue").CreateIfNotExistsAsync(),
                account.Blobs.GetBlobContainerClient("box").CreateIfNotExistsAsync()
            );

        public async Task<string> NextAsync()
        {
            var (kind, key, row, value) = (
                random.Next(20),
                Partitions[random.Next(Partitions.Length)],
                Rows[random.Next(Rows.Length)],
                random.Next(4)
            );
            var table = account.Tables.GetTableClient("rows");
            var queue = account.Queues.GetQueueClient("queue");
            var container = account.Blobs.GetBlobContainerClient("box");
            var blob = container.GetBlobClient($"{row}/{key.Replace('|', '-')}.txt");
            try
            {
                return $"{kind} "
                    + kind switch
                    {
                        0 => (await table.CreateIfNotExistsAsync()) is null ? "there" : "made",
                        1 => Keep(key, row, await table.AddEntityAsync(Entity(key, row, value))),
                        2 =>
                        // Its version is not kept: later updates meet another one.
                        $"{(await table.UpsertEntityAsync(Entity(key, row, value), TableUpdateMode.Replace)).Status}",
                        3 => Keep(
                            key,
                            row,
                            await table.UpsertEntityAsync(new TableEntity(key, row) { ["Text"] = $"m{value}" })
                        ),
                        4 => Keep(
                            key,
                            row,
                            await table.UpdateEntityAsync(
                                Entity(key, row, value),
                                versions.GetValueOrDefault(key + row, ETag.All),
                                TableUpdateMode.Replace
                            )
                        ),
                        5 => $"{(await table.DeleteEntityAsync(key, row)).Status}",
                        6 => (await table.GetEntityIfExistsAsync<TableEntity>(key, row))
                            is { HasValue: true, Value: { } found }
                            ? Words(found)
                            : "none",
                        7 => await QueryAsync(
                            table,
                            TableClient.CreateQueryFilter($"PartitionKey eq {key} and RowKey ge {row}"),
                            null
                        ),
                        8 => await QueryAsync(
                            table,
                            TableClient.CreateQueryFilter($"Number gt {value} and (Flag eq {true} or Text ne {"t1"})"),
                            2
                        ),
                        9 => await QueryAsync(
                            table,
                            TableClient.CreateQueryFilter(
                                $"PartitionKey ge {"a|"} and PartitionKey lt {"a}"} and At ge {new DateTimeOffset(2020, 1, 2, 0, 0, 0, TimeSpan.Zero)} and Text gt ''"
                            ),
                            null
                        ),
                        10 or 11 => await BatchAsync(table, key, value),
                        12 => (await queue.CreateIfNotExistsAsync()) is null ? "there" : "made",
                        13 => (await queue.SendMessageAsync($"<{row}&{value}>")).Value.MessageId.Length > 0
                            ? "sent"
                            : "",
                        14 => await ReceiveAsync(queue),
                        15 => taken.Count == 0
                            ? "nothing"
                            : $"{(await queue.DeleteMessageAsync(taken[^1].Id, value == 0 ? "AwAAAMAAAAAAAAAA" : taken[^1].Receipt)).Status}",
                        16 => (await container.CreateIfNotExistsAsync()) is null ? "there" : "made",
                        17 => await PutAsync(blob, value),
                        18 => await ReadAsync(blob),
                        _ => string.Join(
                            ',',
                            await container
                                .GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, row, CancellationToken.None)
                                .Select(item =>
                                    $"{item.Name} {item.Properties.ContentLength} {string.Join(' ', item.Metadata)}"
                                )
                                .ToListAsync()
                        ),
                    };
            }
            catch (RequestFailedException e)
            {
                return $"{kind} {e.Status} {e.ErrorCode}";
            }
        }

        private static TableEntity Entity(string key, string row, int value) =>
            new(key, row)
            {
                ["Text"] = $"t{value}\n\"é\"",
                ["Number"] = value,
                ["Long"] = long.MaxValue - value,
                ["Ratio"] = value == 0 ? double.NaN : value / 3.0,
                ["Whole"] = (double)value,
                ["Flag"] = value % 2 == 0,
                ["At"] = new DateTimeOffset(2020, 1, 1 + value, 0, 0, 0, TimeSpan.Zero),
            };

        private string Keep(string key, string row, Response response)
        {
            if (response.Headers.ETag is { } version)
                versions[key + row] = version;
            return $"{response.Status}";
        }

        private async Task<string> BatchAsync(TableClient table, string key, int value)
        {
            var rows = Rows.OrderBy(_ => random.Next()).Take(3).ToList();
            TableTransactionAction Action(string row, int number)
            {
                var entity = Entity(key, row, value);
                if ((number + value) % 4 == 0)
                    return new TableTransactionAction(TableTransactionActionType.Add, entity);
                if ((number + value) % 4 == 1)
                    return new TableTransactionAction(TableTransactionActionType.UpsertReplace, entity);
                if ((number + value) % 4 == 2)
                    return new TableTransactionAction(TableTransactionActionType.Delete, entity, ETag.All);
                return new TableTransactionAction(
                    TableTransactionActionType.UpdateReplace,
                    entity,
                    versions.GetValueOrDefault(key + row, ETag.All)
                );
            }
            var answer = await table.SubmitTransactionAsync(rows.Select(Action));
            foreach (var (row, response) in rows.Zip(answer.Value))
                Keep(key, row, response);
            return string.Join(',', answer.Value.Select(response => response.Status / 100));
        }

        private static async Task<string> QueryAsync(TableClient table, string filter, int? page) =>
            string.Join('\n', await table.QueryAsync<TableEntity>(filter, page).Select(Words).ToListAsync());

        private static string Words(TableEntity row) =>
            string.Join(
                ';',
                row.Where(pair => pair.Key is not ("odata.etag" or "Timestamp"))
                    .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair =>
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{pair.Key}={pair.Value?.GetType().Name} "
                                + $"{(pair.Value is DateTimeOffset at ? at.UtcTicks : pair.Value)}"
                        )
                    )
            );

        private async Task<string> ReceiveAsync(QueueClient queue)
        {
            var messages = (await queue.ReceiveMessagesAsync(2, TimeSpan.FromMinutes(5))).Value;
            taken.AddRange(messages.Select(message => (message.MessageId, message.PopReceipt)));
            return string.Join(',', messages.Select(message => $"{message.Body} {message.DequeueCount}"));
        }

        private static async Task<string> PutAsync(BlobClient blob, int value)
        {
            var options = new BlobUploadOptions
            {
                Metadata = new Dictionary<string, string> { ["sha256"] = $"{value}" },
                HttpHeaders = new BlobHttpHeaders { ContentType = "text/plain" },
            };
            if (value < 2)
                options.Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All };
            return (await blob.UploadAsync(BinaryData.FromString($"body {value}"), options))
                .GetRawResponse()
                .Status.ToString(CultureInfo.InvariantCulture);
        }

        private static async Task<string> ReadAsync(BlobClient blob)
        {
            var found = (await blob.DownloadContentAsync()).Value;
            return $"{found.Content} {found.Details.ContentType} {found.Details.Metadata["sha256"]} "
                + $"{found.Details.ContentLength}";
        }
    }
}
