using Azure.Storage.Blobs;
using Pipeline.Datasets;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Storage;

public sealed class CuratedFilesTests(Azurite azurite)
{
    [Fact]
    public async Task A_file_in_the_container_is_answered_as_a_server_would_and_what_is_not_there_with_404()
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account);
        using var http = new HttpClient(new CuratedFiles(pipeline.Get<StorageAccount>(), new Nowhere()));
        var url = SourceRequest.Curated("moex/holders 1.csv", "csv", 1000).Url;
        using (var absent = await http.GetAsync(url))
            Assert.Equal(404, (int)absent.StatusCode);
        // Asking has made the container, so that there is a place to put the file.
        var blob = new BlobContainerClient(account, Names.CuratedContainer).GetBlobClient("moex/holders 1.csv");
        await blob.UploadAsync(BinaryData.FromString("as_of,holder"));
        using var found = await http.GetAsync(url);
        Assert.Equal(200, (int)found.StatusCode);
        Assert.Equal("as_of,holder", await found.Content.ReadAsStringAsync());
        Assert.Equal((await blob.GetPropertiesAsync()).Value.LastModified, found.Content.Headers.LastModified);
    }

    [Fact]
    public async Task Other_addresses_go_to_the_network()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        using var http = new HttpClient(new CuratedFiles(pipeline.Get<StorageAccount>(), new Nowhere()));
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("https://example.org/")));
    }

    private sealed class Nowhere : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        ) => throw new HttpRequestException("no network here");
    }
}
