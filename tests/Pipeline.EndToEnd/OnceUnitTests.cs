using Pipeline.Local.Once;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>Parts of a run that ends by itself.</summary>
public sealed class OnceUnitTests(Azurite azurite)
{
    [Fact]
    public void A_plan_that_fails_several_times_is_named_once_and_a_later_success_takes_it_off()
    {
        var failed = new FailedPlans();
        failed.Succeeded("PlanCensusTrade");
        failed.Failed("PlanUnctadFdi");
        failed.Failed("PlanCensusTrade");
        failed.Failed("PlanUnctadFdi");
        Assert.Equal(["PlanUnctadFdi", "PlanCensusTrade"], failed.All);
        failed.Succeeded("PlanUnctadFdi");
        Assert.Equal(["PlanCensusTrade"], failed.All);
        failed.Succeeded("PlanCensusTrade");
        Assert.Empty(failed.All);
    }

    [Theory]
    [InlineData(1, "waiting for 1 message that is hidden: another process works on it, or it waits for its time")]
    [InlineData(
        2,
        "waiting for 2 messages that are hidden: another process works on them, or they wait for their time"
    )]
    public void A_run_that_waits_for_hidden_messages_says_what_is_known_of_them(int hidden, string line) =>
        Assert.Equal(line, MessageCounts.WaitingFor(hidden));

    [Theory]
    [InlineData(1, "moex-holders: nothing due; 1 slice is up to date, the next one is due on 2025-03-01 06:30Z")]
    [InlineData(2, "moex-holders: nothing due; 2 slices are up to date, the next one is due on 2025-03-01 06:30Z")]
    public void A_source_without_a_due_slice_says_how_many_are_up_to_date(int slices, string line) =>
        Assert.Equal(
            line,
            OnceSummary.NothingDue("moex-holders", slices, new DateTimeOffset(2025, 3, 1, 6, 30, 0, TimeSpan.Zero))
        );

    [Theory]
    [InlineData(0, "moex-holders: nothing due; 0 slices are up to date")]
    [InlineData(1, "moex-holders: nothing due; 1 slice is up to date")]
    public void A_source_of_which_no_next_date_is_known_has_no_word_of_one(int slices, string line) =>
        Assert.Equal(line, OnceSummary.NothingDue("moex-holders", slices, null));

    [Fact]
    public async Task Visible_messages_beyond_those_that_can_be_counted_are_not_taken_for_hidden_ones()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        var account = pipeline.Get<StorageAccount>();
        var queue = account.Queues.GetQueueClient(Names.PullQueue);
        await queue.CreateAsync();
        for (var i = 0; i < MessageCounts.PeekLimit + 2; i++)
        {
            await queue.SendMessageAsync($"{i}");
        }
        Assert.Equal(
            new MessageCounts(MessageCounts.PeekLimit, 0),
            await MessageCounts.ReadAsync(account, Names.PullQueue, default)
        );
    }
}
