using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>What <c>contract.mjs</c> makes of the table of a source that it does not know.</summary>
public sealed class ContractTests(Azurite azurite)
{
    private sealed class Arrival : FactRow
    {
        [Meaning("Ships that arrived")]
        public long? Ships { get; set; }

        [Meaning("Tonnes that they landed")]
        public double Tonnes { get; set; }

        public override void Describe<TSink>(ref TSink sink)
        {
            sink.Add(nameof(Ships), Ships);
            sink.Add(nameof(Tonnes), Tonnes);
        }
    }

    private async Task<(int ExitCode, string Output, string Error)> CheckAsync(Action<TableEntity> change)
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        await account.Tables.CreateTableAsync(Names.Datasets);
        await account.Tables.CreateTableAsync("arrivals");
        var columns = ColumnMeanings.Of(new FactTable<Arrival>("arrivals"));
        var described = new TableEntity("ports", "monthly")
        {
            ["Title"] = "Arrivals",
            ["Publisher"] = "Ports",
            ["Table"] = "arrivals",
            ["Unit"] = "ships",
            ["Url"] = "https://ports.example",
            ["Terms"] = "free",
            ["RevisionPolicy"] = "never",
            ["Columns"] = JsonSerializer.Serialize(columns, JsonSerializerOptions.Web),
            ["LastVintage"] = DateTimeOffset.UnixEpoch.AddYears(50),
        };
        await account.Tables.GetTableClient(Names.Datasets).AddEntityAsync(described);
        var row = new TableEntity("ESALG", "2024-01");
        foreach (var column in columns.Where(column => column.Name is not ("PartitionKey" or "RowKey")))
        {
            row[column.Name] = column.Type switch
            {
                "Edm.String" => "text",
                "Edm.Int32" => 1,
                "Edm.Int64" => 1L,
                "Edm.Double" => 1.5,
                _ => DateTimeOffset.UnixEpoch.AddYears(50),
            };
        }
        change(row);
        await account.Tables.GetTableClient("arrivals").AddEntityAsync(row);
        return await Contract.RunAsync(connection, "arrivals");
    }

    [Fact]
    public async Task Its_rows_are_checked_against_its_row_in_datasets_and_a_number_may_be_missing()
    {
        foreach (var change in (Action<TableEntity>[])[_ => { }, row => row.Remove("Ships")])
        {
            var (exitCode, output, error) = await CheckAsync(change);
            Assert.True(exitCode == 0, error);
            Assert.Contains(
                "arrivals: checked against its row in datasets, not against the contract\n",
                output,
                StringComparison.Ordinal
            );
            Assert.Contains("\narrivals: 1 rows\n", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_row_that_differs_from_its_description_is_named()
    {
        var (exitCode, _, error) = await CheckAsync(row =>
        {
            row["Ships"] = "one";
            row["More"] = 1;
            row.Remove("Tonnes");
            row.Remove("RunId");
        });
        Assert.Equal(1, exitCode);
        Assert.Equal(
            [
                "arrivals ESALG 2024-01, column RunId: seen nothing, expected String",
                "arrivals ESALG 2024-01, column Ships: seen String, expected Int64",
                "arrivals ESALG 2024-01, column Tonnes: seen nothing, expected Double",
                "arrivals ESALG 2024-01: column More is not in the contract",
            ],
            error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)
        );
    }
}
