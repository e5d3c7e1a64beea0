using Azure;
using Azure.Core;
using Azure.Data.Tables;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Storage;

/// <summary>Rows of the ledger that several processes write at the same time.</summary>
public sealed class RowUpdateTests(Azurite azurite)
{
    private static readonly FakeSource Source = new();

    [Theory]
    [InlineData(false, "ab")] // Both add the row: the second sees the first one's.
    [InlineData(true, "xab")]
    public async Task What_somebody_else_writes_in_between_is_not_taken_back(bool isThere, string expected)
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account);
        var theirs = await other.Get<TableSet>().OpenAsync(Names.Slices);
        if (isThere)
            await theirs.AddEntityAsync(new TableEntity("p", "r") { ["Text"] = "x" });
        var done = false;
        await using var pipeline = new TestPipeline(
            account,
            Source,
            new AroundPolicy(
                request =>
                    !done
                    && request.Method != RequestMethod.Get
                    && request.Uri.Path.Contains(Names.Slices, StringComparison.Ordinal),
                async () =>
                {
                    done = true;
                    await AppendAsync(theirs, "a");
                }
            )
        );
        await AppendAsync(await pipeline.Get<TableSet>().OpenAsync(Names.Slices), "b");
        Assert.True(done);
        Assert.Equal(expected, (await theirs.GetEntityAsync<TableEntity>("p", "r")).Value.GetString("Text"));
    }

    [Fact]
    public async Task A_row_that_others_write_without_end_is_a_fault_and_not_a_loop()
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account);
        var theirs = await other.Get<TableSet>().OpenAsync(Names.Slices);
        await theirs.AddEntityAsync(new TableEntity("p", "r") { ["Text"] = "" });
        var times = 0;
        await using var pipeline = new TestPipeline(
            account,
            Source,
            new AroundPolicy(
                request => request.Method == RequestMethod.Put,
                () =>
                {
                    times++;
                    return AppendAsync(theirs, "a");
                }
            )
        );
        var ours = await pipeline.Get<TableSet>().OpenAsync(Names.Slices);
        Assert.Equal(412, (await Assert.ThrowsAsync<RequestFailedException>(() => AppendAsync(ours, "b"))).Status);
        Assert.Equal(51, times);
    }

    [Fact]
    public async Task A_change_to_nothing_writes_nothing()
    {
        var calls = 0;
        await using var pipeline = new TestPipeline(
            azurite.NewAccount(),
            Source,
            new AroundPolicy(
                request =>
                    request.Method == RequestMethod.Put
                    || request.Method == RequestMethod.Post
                        && !request.Uri.Path.EndsWith("Tables", StringComparison.Ordinal),
                () =>
                {
                    calls++;
                    return Task.CompletedTask;
                }
            )
        );
        await RowUpdate.ApplyAsync<TableEntity>(
            await pipeline.Get<TableSet>().OpenAsync(Names.Slices),
            "p",
            "r",
            before => before,
            CancellationToken.None
        );
        Assert.Equal(0, calls);
    }

    private static Task AppendAsync(TableClient table, string letter) =>
        RowUpdate.ApplyAsync<TableEntity>(
            table,
            "p",
            "r",
            before => new TableEntity("p", "r") { ["Text"] = before?.GetString("Text") + letter },
            CancellationToken.None
        );
}
