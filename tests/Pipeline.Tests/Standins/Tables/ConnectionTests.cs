using Azure.Core;
using Azure.Data.Tables;
using Azure.Data.Tables.Connection;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public sealed class ConnectionTests
{
    [Theory]
    [InlineData("UseDevelopmentStorage=true", "http://127.0.0.1:10002/devstoreaccount1", "devstoreaccount1")]
    [InlineData("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite", "http://azurite:10002/devstoreaccount1", "devstoreaccount1")]
    [InlineData("DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=AAAA;EndpointSuffix=core.windows.net", "https://acct.table.core.windows.net", "acct")]
    [InlineData(" accountname = acct ; accountkey = AAAA ; tableendpoint = http://127.0.0.1:5/acct/ ", "http://127.0.0.1:5/acct", "acct")]
    public void A_connection_string_says_where_and_who(string text, string uri, string account)
    {
        var table = new TableClient(text, "facts");
        Assert.Equal(new Uri(uri + "/facts"), table.Uri);
        Assert.Equal("facts", table.Name);
        Assert.Equal(account, table.AccountName);
        Assert.Equal(account, new TableServiceClient(text).AccountName);
        Assert.Equal(table.Uri, new TableServiceClient(text).GetTableClient("facts").Uri);
    }

    [Theory]
    [InlineData("nonsense", "connection string: seen a part of 8 characters that is not 'name=value', expected 'UseDevelopmentStorage=true' or 'AccountName=…;AccountKey=…' with 'TableEndpoint=https://…' or 'EndpointSuffix=core.windows.net'; correct the setting.")]
    [InlineData("AccountName=a;AccountName=b", "connection string: seen 'AccountName' twice, expected each name once; remove one.")]
    [InlineData("AccountName=a", "connection string: seen 'AccountName', expected 'UseDevelopmentStorage=true' or 'AccountName=…;AccountKey=…' with 'TableEndpoint=https://…' or 'EndpointSuffix=core.windows.net'; add what is missing.")]
    [InlineData("AccountName=a;AccountKey=AAAA", "connection string: seen 'AccountName', 'AccountKey', expected 'UseDevelopmentStorage=true' or 'AccountName=…;AccountKey=…' with 'TableEndpoint=https://…' or 'EndpointSuffix=core.windows.net'; add what is missing.")]
    [InlineData("AccountName=a;AccountKey=AAAA;TableEndpoint=ftp://x", "connection string: TableEndpoint is not an absolute http or https address; correct the setting.")]
    [InlineData("TableEndpoint=https://x;SharedAccessSignature=sig", "connection string: seen 'SharedAccessSignature', expected an account key; use a key, or an endpoint with a TokenCredential.")]
    [InlineData("AccountName=a;AccountKey=secret!!;EndpointSuffix=x", "account key of 'a': seen 8 characters that are not base64, expected the key as the portal shows it; copy it again.")]
    public void A_wrong_connection_string_is_explained_without_its_secrets(string text, string message)
    {
        var error = Assert.Throws<FormatException>(() => new TableServiceClient(text));
        Assert.Equal(message, error.Message);
        Assert.DoesNotContain("secret", error.Message);
    }

    /// <summary>Computed apart from the code: Python's hmac, SHA-256 over date, line end and canonical resource, with the emulators' public key.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:10002/devstoreaccount1/facts(PartitionKey='p',RowKey='r%27%27')", "oRsotjJjW+4YGr9pdPkvR2dNsFrF1RM3Mt8hOSj7Ddw=")]
    [InlineData("http://127.0.0.1:10002/devstoreaccount1/facts()?$top=1&comp=acl", "cIqrrb/FmXecSAVOBxJoUNYg9jGX5e13gpCWj83mgBE=")]
    public void A_signature_is_that_of_the_documented_scheme(string uri, string signature)
    {
        var parsed = ConnectionString.Parse("UseDevelopmentStorage=true");
        Assert.Equal(signature, new SharedKeyLitePolicy(parsed.Credential, TimeProvider.System).Sign("Fri, 01 Mar 2024 12:00:00 GMT", new Uri(uri)));
    }

    [Fact]
    public async Task Every_try_is_signed_with_its_own_date_and_the_key_of_the_moment()
    {
        var clock = new StillClock(new DateTimeOffset(2024, 3, 1, 12, 0, 0, TimeSpan.Zero));
        var credential = new TableSharedKeyCredential("acct", TestTables.Key);
        var service = new FakeService(number =>
        {
            clock.Now += TimeSpan.FromMinutes(20);
            credential.SetAccountKey("AAAA");
            return FakeService.Answer(number == 1 ? System.Net.HttpStatusCode.ServiceUnavailable : System.Net.HttpStatusCode.NoContent);
        });
        var options = new TableClientOptions { Time = clock, Transport = new Azure.Core.Pipeline.HttpClientTransport(service), Retry = { Delay = TimeSpan.FromMilliseconds(1) } };
        await new TableClient(new Uri("https://acct.table.core.windows.net"), "facts", credential, options).AddEntityAsync(new TableEntity("p", "r"));
        Assert.Equal(["Fri, 01 Mar 2024 12:00:00 GMT", "Fri, 01 Mar 2024 12:20:00 GMT"], service.Seen.Select(seen => seen.Request.Headers.GetValues("x-ms-date").Single()));
        Assert.Equal(2, service.Seen.Select(seen => seen.Request.Headers.Authorization!.Parameter).Distinct().Count());
        Assert.All(service.Seen, seen => Assert.Equal("SharedKeyLite", seen.Request.Headers.Authorization!.Scheme));
    }

    [Fact]
    public async Task A_token_is_asked_for_storage_and_sent()
    {
        var credential = new FixedToken();
        var service = new FakeService(_ => FakeService.Answer(System.Net.HttpStatusCode.NoContent));
        var options = new TableClientOptions { Transport = new Azure.Core.Pipeline.HttpClientTransport(service) };
        var table = new TableClient(new Uri("https://acct.table.core.windows.net/"), "facts", credential, options);
        await table.AddEntityAsync(new TableEntity("p", "r"));
        Assert.Equal("acct", table.AccountName);
        Assert.Equal(["https://storage.azure.com/.default"], credential.Scopes);
        var request = Assert.Single(service.Seen).Request;
        Assert.Equal("Bearer token", request.Headers.Authorization!.ToString());
        Assert.Equal("https://acct.table.core.windows.net/facts", request.RequestUri!.AbsoluteUri);
    }

    [Fact]
    public async Task A_token_never_goes_over_plain_http()
    {
        var table = new TableClient(new Uri("http://127.0.0.1:1/acct"), "facts", new FixedToken());
        await Assert.ThrowsAsync<InvalidOperationException>(() => table.AddEntityAsync(new TableEntity("p", "r")));
    }

    private sealed class FixedToken : TokenCredential
    {
        public string[] Scopes { get; private set; } = [];
        public override AccessToken GetToken(TokenRequestContext context, CancellationToken cancellation) => throw new InvalidOperationException("expected an asynchronous call");

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext context, CancellationToken cancellation)
        {
            Scopes = context.Scopes;
            return new(new AccessToken("token", DateTimeOffset.MaxValue));
        }
    }
}
