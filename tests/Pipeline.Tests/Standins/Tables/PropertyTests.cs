using Azure.Data.Tables;
using Azure.Data.Tables.Json;
using Azure.Data.Tables.Rules;
using Azure.Data.Tables.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public sealed class PropertyTests(Azurite azurite)
{
    private static readonly Gen<char> Character = Gen.Frequency(
        (6, Gen.Choose(0x20, 0x7E)), (2, Gen.Elements<int>('\'', '"', '%', '&', '+', '=', '(', ')', ',', '<', '{', '}', ' ')), (1, Gen.Choose(0xA0, 0xD7FF)), (1, Gen.Choose(0, 0x9F)))
        .Select(code => (char)code);

    private static readonly Gen<string> AnyText = Character.ArrayOf().Select(characters => new string(characters));

    private static readonly Gen<string> Key = AnyText.Select(text =>
        "k" + new string([.. text.Where(c => !char.IsControl(c) && c is not ('/' or '\\' or '#' or '?'))]));

    private static readonly Gen<object> Value = Gen.OneOf(
        AnyText.Select(v => (object)v),
        ArbMap.Default.GeneratorFor<int>().Select(v => (object)v),
        ArbMap.Default.GeneratorFor<long>().Select(v => (object)(v * 4_000_000_007)),
        ArbMap.Default.GeneratorFor<double>().Select(v => (object)v),
        ArbMap.Default.GeneratorFor<bool>().Select(v => (object)v),
        ArbMap.Default.GeneratorFor<Guid>().Select(v => (object)v),
        ArbMap.Default.GeneratorFor<byte[]>().Select(v => (object)v),
        ArbMap.Default.GeneratorFor<DateTime>().Where(v => v.Year > 1601).Select(v => (object)new DateTimeOffset(v.Ticks, TimeSpan.Zero)));

    private static readonly Gen<TableEntity> Entity =
        from keys in Key.Two()
        from values in Value.ArrayOf(6)
        select new TableEntity(values.Select((v, at) => KeyValuePair.Create($"Column{at}", v)).ToDictionary()) { PartitionKey = keys.Item1, RowKey = keys.Item2 };

    [Fact]
    public void What_is_written_is_read_back_as_it_was_and_stands_on_one_line() =>
        Prop.ForAll(Entity.ToArbitrary(), entity =>
        {
            using var buffer = new PooledBuffer(16);
            using var writer = new EntityWriter(buffer, "facts");
            writer.Write(entity);
            var read = new EntityReader<TableEntity>("facts").One(buffer.Span);
            Assert.Equal(entity.Count, read.Count);
            foreach (var (name, value) in (IEnumerable<KeyValuePair<string, object>>)entity) AssertSame(value, read[name]);
            Assert.DoesNotContain(System.Text.Encoding.UTF8.GetString(buffer.Span), c => c is '\r' or '\n' or '\u2028' or '\u2029');
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_key_is_refused_exactly_when_it_holds_what_the_service_forbids() =>
        Prop.ForAll(AnyText.ToArbitrary(), key =>
        {
            var bad = key.Any(c => c is '/' or '\\' or '#' or '?' || char.IsControl(c));
            var error = Record.Exception(() => KeyRule.Check("facts", "RowKey", key));
            return bad == error is Azure.RequestFailedException { Status: 400, ErrorCode: "OutOfRangeInput" };
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_escaped_key_reads_as_the_key_with_its_quotes_doubled() =>
        Prop.ForAll(Key.ToArbitrary(), key =>
        {
            using var buffer = new PooledBuffer(16);
            EntityPath.Append(buffer, key);
            var escaped = System.Text.Encoding.ASCII.GetString(buffer.Span);
            return Uri.UnescapeDataString(escaped) == key.Replace("'", "''") && !escaped.Contains('\'') && EntityPath.Of("t", key, key) == $"/t(PartitionKey='{escaped}',RowKey='{escaped}')";
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_text_in_a_filter_ends_where_it_should() =>
        Prop.ForAll(AnyText.ToArbitrary(), text =>
        {
            var filter = TableClient.CreateQueryFilter($"A eq {text} and B eq {1}");
            return filter == "A eq '" + text.Replace("'", "''") + "' and B eq 1";
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Any_entity_survives_the_service_by_every_way_of_writing_and_reading()
    {
        var table = await azurite.NewTableAsync();
        // Azurite looks for the end of a PartitionKey at the last "'," of an address, and so takes a key with these two characters for another one.
        var sound = Entity.Where(entity => !$"{entity.PartitionKey}{entity.RowKey}".Contains("',"));
        foreach (var entity in sound.Sample(60, 50))
        {
            await table.SubmitTransactionAsync(TestTables.Adds(entity));
            AssertSame(entity, (await table.GetEntityAsync<TableEntity>(entity.PartitionKey, entity.RowKey)).Value);
            await table.SubmitTransactionAsync([new TableTransactionAction(TableTransactionActionType.UpsertReplace, entity)]);
            await table.UpdateEntityAsync(entity, Azure.ETag.All, TableUpdateMode.Replace);
            var filter = TableClient.CreateQueryFilter($"PartitionKey eq {entity.PartitionKey} and RowKey eq {entity.RowKey}");
            AssertSame(entity, Assert.Single(await table.QueryAsync<TableEntity>(filter).ListAsync()));
            await table.SubmitTransactionAsync([new TableTransactionAction(TableTransactionActionType.Delete, entity)]);
            Assert.False((await table.GetEntityIfExistsAsync<TableEntity>(entity.PartitionKey, entity.RowKey)).HasValue, $"'{entity.PartitionKey}' '{entity.RowKey}' is still there");
        }
    }

    [Fact]
    public async Task A_filter_finds_the_text_it_was_given()
    {
        var table = await azurite.NewTableAsync();
        var texts = AnyText.Sample(90, 40).Append("O'Brien").Append("''").Append("a' or 'a' eq 'a").Where(t => t.Length > 0).Distinct().ToList();
        await table.SubmitTransactionAsync(texts.Select((text, at) => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("p", $"{at:00}") { ["Text"] = text })));
        for (var at = 0; at < texts.Count; at++)
        {
            var found = Assert.Single(await table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {"p"} and Text eq {texts[at]}")).ListAsync());
            Assert.Equal($"{at:00}", found.RowKey);
        }
    }

    private static void AssertSame(TableEntity expected, TableEntity read)
    {
        foreach (var (name, value) in (IEnumerable<KeyValuePair<string, object>>)expected) AssertSame(value, read[name]);
    }

    private static void AssertSame(object expected, object read)
    {
        Assert.IsType(expected.GetType(), read);
        Assert.Equal(expected, read);
    }
}
