using Xunit;

namespace Pipeline.Tests;

public sealed class AzuriteTests(Azurite azurite)
{
    [Fact]
    public async Task Every_test_has_a_storage_account_of_its_own()
    {
        var first = new Azure.Storage.Queues.QueueClient(azurite.NewAccount(), "pull");
        var second = new Azure.Storage.Queues.QueueClient(azurite.NewAccount(), "pull");
        await first.CreateAsync();
        Assert.False(await second.ExistsAsync());
    }
}
