using Azure.Data.Tables;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public sealed class TableEntityTests
{
    [Fact]
    public void Values_are_read_as_the_type_they_have()
    {
        var moment = new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var entity = new TableEntity("p", "r") { ["S"] = "s", ["I"] = 1, ["L"] = 2L, ["D"] = 0.5, ["B"] = true, ["G"] = Guid.Empty, ["Y"] = new byte[] { 1 }, ["T"] = moment };
        Assert.Equal(("s", 1, 2L, 0.5, true, Guid.Empty), (entity.GetString("S"), entity.GetInt32("I"), entity.GetInt64("L"), entity.GetDouble("D"), entity.GetBoolean("B"), entity.GetGuid("G")));
        Assert.Equal([1], entity.GetBinary("Y"));
        Assert.Equal([1], entity.GetBinaryData("Y").ToArray());
        Assert.Equal(moment, entity.GetDateTimeOffset("T"));
        Assert.Equal(moment.UtcDateTime, entity.GetDateTime("T"));
        Assert.Null(entity.GetInt64("None"));
        Assert.Null(entity["None"]);
        Assert.Equal(default, entity.ETag);
        var error = Assert.Throws<InvalidOperationException>(() => entity.GetInt64("I"));
        Assert.Equal("PartitionKey 'p', RowKey 'r', property 'I': seen Int32, expected Int64; read it with the method of its type.", error.Message);
    }

    [Fact]
    public void An_int_over_a_long_or_a_double_takes_its_type()
    {
        var entity = new TableEntity { ["L"] = 1L, ["D"] = 1.0, ["S"] = "s" };
        entity["L"] = 2;
        entity["D"] = 2;
        entity["S"] = 2;
        Assert.Equal((2L, 2.0, 2), (entity["L"], entity["D"], entity["S"]));
    }

    [Fact]
    public void It_is_a_dictionary_of_a_copy()
    {
        var source = new Dictionary<string, object> { ["A"] = 1 };
        IDictionary<string, object> entity = new TableEntity(source);
        source["A"] = 2;
        entity.Add("B", 2);
        Assert.Equal(1, entity["A"]);
        Assert.True(entity.Remove("A") && !entity.ContainsKey("A") && entity.TryGetValue("B", out _) && !entity.IsReadOnly);
        Assert.Equal([KeyValuePair.Create<string, object>("B", 2)], entity);
        entity.Clear();
        Assert.Empty(entity);
    }
}
