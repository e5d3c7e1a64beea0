using System.Runtime.Serialization;
using Azure;
using Azure.Data.Tables;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public enum Flow { Exports, Imports }

/// <summary>An entity with a column of every type, each also nullable.</summary>
public sealed class Everything : ITableEntity
{
    public string PartitionKey { get; set; } = "";
    public string RowKey { get; set; } = "";
    public DateTimeOffset? Timestamp { get; set; }
    public ETag ETag { get; set; }
    public string? Text { get; set; }
    public int Whole { get; set; }
    public int? WholeOrNot { get; set; }
    public long Large { get; set; }
    public long? LargeOrNot { get; set; }
    public double Real { get; set; }
    public double? RealOrNot { get; set; }
    public bool Truth { get; set; }
    public bool? TruthOrNot { get; set; }
    public Guid Id { get; set; }
    public Guid? IdOrNot { get; set; }
    public DateTimeOffset Moment { get; set; } = DateTimeOffset.UnixEpoch;
    public DateTimeOffset? MomentOrNot { get; set; }
    public DateTime Time { get; set; } = DateTime.UnixEpoch;
    public DateTime? TimeOrNot { get; set; }
    public byte[]? Bytes { get; set; }
    public BinaryData? Data { get; set; }
    public Flow Flow { get; set; }
    public Flow? FlowOrNot { get; set; }
    [DataMember(Name = "Renamed")] public string? Alias { get; set; }
    [IgnoreDataMember] public object? Ignored { get; set; }
    public string Computed => $"{PartitionKey}/{RowKey}";
}

/// <summary>Implements the interface explicitly.</summary>
public sealed class Hidden : ITableEntity
{
    private string partition = "p", row = "r";
    string ITableEntity.PartitionKey { get => partition; set => partition = value; }
    string ITableEntity.RowKey { get => row; set => row = value; }
    DateTimeOffset? ITableEntity.Timestamp { get; set; }
    ETag ITableEntity.ETag { get; set; }
    public int Own { get; set; }
}

public sealed class PocoTests(Azurite azurite)
{
    private static Everything Full => new()
    {
        PartitionKey = "4621|imports|total",
        RowKey = "2024-01|O'Brien & sons, 100 % + ü",
        Text = "x",
        Whole = -1,
        WholeOrNot = 2,
        Large = long.MinValue,
        LargeOrNot = (1L << 53) + 1,
        Real = 3,
        RealOrNot = double.NaN,
        Truth = true,
        TruthOrNot = false,
        Id = Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"),
        IdOrNot = Guid.Empty,
        Moment = new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.FromHours(3)),
        MomentOrNot = DateTimeOffset.MaxValue,
        Time = new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        TimeOrNot = new DateTime(1601, 1, 1, 0, 0, 0, DateTimeKind.Utc),
        Bytes = [1, 2, 3],
        Data = new BinaryData([4, 5]),
        Flow = Flow.Imports,
        FlowOrNot = Flow.Imports,
        Alias = "alias",
        Ignored = new object(),
    };

    [Fact]
    public async Task An_entity_class_comes_back_as_it_went()
    {
        var table = await azurite.NewTableAsync();
        await table.SubmitTransactionAsync(TestTables.Adds(Full));
        var read = (await table.GetEntityAsync<Everything>(Full.PartitionKey, Full.RowKey)).Value;
        AssertEqual(Full, read);
        Assert.NotNull(read.Timestamp);
        Assert.NotEqual(default, read.ETag);
        AssertEqual(Full, Assert.Single(await table.QueryAsync<Everything>().ListAsync()));
        var untyped = (await table.GetEntityAsync<TableEntity>(Full.PartitionKey, Full.RowKey)).Value;
        Assert.Equal("alias", untyped.GetString("Renamed"));
        Assert.Equal("Imports", untyped.GetString("Flow"));
        Assert.Equal($"{Full.PartitionKey}/{Full.RowKey}", untyped.GetString("Computed"));
        Assert.False(untyped.ContainsKey("Ignored"));
        Assert.Equal(read.ETag, untyped.ETag);
    }

    [Fact]
    public async Task A_null_property_is_not_sent_and_stays_in_a_merge()
    {
        var table = await azurite.NewTableAsync();
        await table.AddEntityAsync(Full);
        await table.UpsertEntityAsync(new Everything { PartitionKey = Full.PartitionKey, RowKey = Full.RowKey, Whole = 7 });
        var merged = (await table.GetEntityAsync<Everything>(Full.PartitionKey, Full.RowKey)).Value;
        Assert.Equal("x", merged.Text);
        Assert.Equal(7, merged.Whole);
        await table.UpsertEntityAsync(new Everything { PartitionKey = Full.PartitionKey, RowKey = Full.RowKey }, TableUpdateMode.Replace);
        Assert.Null((await table.GetEntityAsync<Everything>(Full.PartitionKey, Full.RowKey)).Value.Text);
    }

    [Fact]
    public async Task Keys_of_an_explicit_implementation_are_written_and_read()
    {
        var table = await azurite.NewTableAsync();
        await table.AddEntityAsync(new Hidden { Own = 5 });
        ITableEntity read = (await table.GetEntityAsync<Hidden>("p", "r")).Value;
        Assert.Equal("p", read.PartitionKey);
        Assert.Equal("r", read.RowKey);
        Assert.NotEqual(default, read.ETag);
        Assert.Equal(5, ((Hidden)read).Own);
    }

    [Fact]
    public async Task A_column_of_another_type_is_named_in_the_error()
    {
        var table = await azurite.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["Whole"] = "12,5" });
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => table.GetEntityAsync<Everything>("p", "r"));
        Assert.Equal("facts: PartitionKey 'p', RowKey 'r', property 'Whole': seen String 12,5, expected Int32; give Everything the type that is stored.", error.Message);
    }

    [Fact]
    public async Task A_type_that_a_column_cannot_hold_is_refused_by_name()
    {
        var table = TestTables.Fake(new FakeService(_ => throw new InvalidOperationException("nothing may be sent")));
        var error = await Assert.ThrowsAsync<NotSupportedException>(() => table.AddEntityAsync(new TableEntity("p", "r") { ["Price"] = 1.5m }));
        Assert.StartsWith("facts: PartitionKey 'p', RowKey 'r', property 'Price': seen the type Decimal, expected string, int,", error.Message);
    }

    private static void AssertEqual(Everything expected, Everything read)
    {
        foreach (var property in typeof(Everything).GetProperties())
        {
            if (property.Name is "Timestamp" or "ETag" or "Ignored") continue;
            var (wanted, seen) = (property.GetValue(expected), property.GetValue(read));
            if (wanted is BinaryData data) Assert.Equal(data.ToArray(), ((BinaryData)seen!).ToArray());
            else Assert.Equal(wanted, seen);
        }
    }
}
