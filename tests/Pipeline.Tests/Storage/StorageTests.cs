using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Azure.Storage.Queues;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Configuration;
using Pipeline.Ingestion;
using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Storage;

public sealed class StorageTests(Azurite azurite)
{
    private static readonly RawName Name = new(
        FakeSource.One,
        new DateTimeOffset(2024, 5, 6, 7, 8, 9, TimeSpan.Zero),
        "0123456789ab",
        "json"
    );

    private static readonly Dictionary<string, string> Metadata = new() { ["sha256"] = new string('a', 64) };

    [Fact]
    public void A_raw_name_reads_back_as_it_was_written()
    {
        Assert.Equal("fake/facts/one/20240506T070809Z-0123456789ab.json", Name.Blob);
        Assert.Equal("20240506T070809Z-f5bc0de9a7d6e7ff".Length, Name.RunId.Length);
        Prop.ForAll(
                Gen.Choose(0, int.MaxValue).ToArbitrary(),
                Gen.Elements("json", "xlsx", "7z").ToArbitrary(),
                (seconds, extension) =>
                {
                    var name = new RawName(
                        new Slice("a-b", "c", $"{seconds}"),
                        DateTimeOffset.UnixEpoch.AddSeconds(seconds),
                        $"{seconds:x12}",
                        extension
                    );
                    Assert.True(RawName.TryParse(name.Blob, out var read));
                    Assert.Equal(name, read);
                    Assert.Equal(name.RunId, read.RunId);
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_run_id_follows_from_slice_vintage_and_body()
    {
        Assert.NotEqual(Name.RunId, (Name with { Sha12 = "0123456789ac" }).RunId);
        Assert.NotEqual(Name.RunId, (Name with { Vintage = Name.Vintage.AddSeconds(1) }).RunId);
        Assert.NotEqual(Name.RunId, (Name with { Slice = new Slice("fake", "facts", "two") }).RunId);
        Assert.Equal(Name.RunId, (Name with { Extension = "bin" }).RunId);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("20240506T070809Z-0123456789ab.json")]
    [InlineData("fake/facts/20240506T070809Z-0123456789ab.json")]
    [InlineData("fake/facts/one/more/20240506T070809Z-0123456789ab.json")]
    [InlineData("fake/facts/../20240506T070809Z-0123456789ab.json")]
    [InlineData("/fake/facts/one/20240506T070809Z-0123456789ab.json")]
    [InlineData("fake/facts/one/20240506T070809-0123456789ab.json")]
    [InlineData("fake/facts/one/20241306T070809Z-0123456789ab.json")]
    [InlineData("fake/facts/one/20240506T070809Z-0123456789AB.json")]
    [InlineData("fake/facts/one/20240506T070809Z-0123456789a.json")]
    [InlineData("fake/facts/one/20240506T070809Z-0123456789abc.json")]
    [InlineData("fake/facts/one/20240506T070809Z-0123456789ab.")]
    [InlineData("fake/facts/one/20240506T070809Z-0123456789ab")]
    [InlineData("fake/facts/one/20240506T070809Z-0123456789ab.json?x=1")]
    [InlineData("fake/facts/one/20240506T070809Z-0123456789ab.js on")]
    [InlineData("fake/facts/one/20240506T070809Z-0123456789ab...")]
    public void Other_blob_names_are_refused(string? blob) => Assert.False(RawName.TryParse(blob, out _));

    [Fact]
    public async Task A_body_is_stored_once_however_often_and_by_however_many()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        var store = pipeline.Get<RawStore>();
        await Task.WhenAll(
            Enumerable
                .Range(0, 6)
                .Select(_ =>
                    store.PutAsync(Name, new MemoryStream("body"u8.ToArray()), Metadata, null, CancellationToken.None)
                )
        );
        await store.PutAsync(
            Name,
            new MemoryStream("other"u8.ToArray()),
            Metadata,
            "text/plain",
            CancellationToken.None
        );
        Assert.Equal(Name, Assert.Single(await store.ListAsync(Name.Slice, CancellationToken.None)));
        await using var stored = await store.OpenAsync(Name, CancellationToken.None);
        Assert.Equal("body", await new StreamReader(stored.Rewind()).ReadToEndAsync());
        Assert.Equal(new string('a', 64), stored.Sha256);
        Assert.Empty(await store.ListAsync(new Slice("fake", "facts", "on"), CancellationToken.None));
    }

    [Theory]
    [InlineData(12_345)]
    [InlineData((8 << 20) + 12_345)]
    public async Task A_body_is_downloaded_once_and_can_be_read_twice(int length)
    {
        var (account, downloads) = (azurite.NewAccount(), 0);
        await using var pipeline = new TestPipeline(
            account,
            settings: null,
            time: null,
            new AroundPolicy(request =>
            {
                if (
                    request.Method == Azure.Core.RequestMethod.Get
                    && request.Uri.Path.EndsWith(".json", StringComparison.Ordinal)
                )
                {
                    downloads++;
                }
                return false;
            })
        );
        var store = pipeline.Get<RawStore>();
        var body = new byte[length];
        new Random(7).NextBytes(body);
        await store.PutAsync(Name, new MemoryStream(body), Metadata, null, CancellationToken.None);
        var stored = await store.OpenAsync(Name, CancellationToken.None);
        for (var time = 0; time < 2; time++)
            Assert.Equal(SHA256.HashData(body), await SHA256.HashDataAsync(stored.Rewind()));
        Assert.Equal(1, downloads);
        await stored.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(stored.Rewind);
    }

    [Fact]
    public async Task Messages_are_base64_of_small_json()
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account);
        var queues = pipeline.Get<StepQueues>();
        await queues.SendAsync(new PullMessage("fake/facts/one", Name.Vintage), CancellationToken.None);
        await queues.SendAsync(new NormalizeMessage("fake/facts/one", Name.Blob), CancellationToken.None);
        await queues.SendAsync(
            new CompleteRunMessage("fake/facts/one", Name.Blob) { WaitingSince = Name.Vintage },
            CancellationToken.None
        );
        Assert.Equal(
            [
                """{"Kind":"Pull","Slice":"fake/facts/one","PlannedAt":"2024-05-06T07:08:09+00:00"}""",
                """{"Kind":"Normalize","Slice":"fake/facts/one","RawBlob":"fake/facts/one/20240506T070809Z-0123456789ab.json"}""",
                """{"Kind":"CompleteRun","Slice":"fake/facts/one","RawBlob":"fake/facts/one/20240506T070809Z-0123456789ab.json","WaitingSince":"2024-05-06T07:08:09+00:00"}""",
            ],
            await Task.WhenAll(
                Names.Queues.Select(async name =>
                {
                    var plain = new QueueServiceClient(account).GetQueueClient(name);
                    return Encoding.UTF8.GetString(
                        Convert.FromBase64String((await plain.ReceiveMessageAsync()).Value.Body.ToString())
                    );
                })
            )
        );
    }

    [Fact]
    public async Task A_message_names_the_span_that_sent_it()
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account);
        using var span = new Activity("Plan").SetIdFormat(ActivityIdFormat.W3C).Start();
        await pipeline.Get<StepQueues>().SendAsync(new PullMessage("fake/facts/one"), CancellationToken.None);
        var sent = await new QueueServiceClient(account).GetQueueClient(Names.PullQueue).ReceiveMessageAsync();
        var body = Encoding.UTF8.GetString(Convert.FromBase64String($"{sent.Value.Body}"));
        Assert.Equal(span.Id, StepMessage.Read(Names.PullQueue, body).TraceParent);
    }

    [Fact]
    public async Task A_creation_that_failed_is_tried_again_by_the_next_caller()
    {
        var down = true;
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(
            azurite.NewAccount(),
            source,
            new AroundPolicy(_ => down, () => throw new CrashException("down"))
        );
        await Assert.ThrowsAsync<CrashException>(() => pipeline.TableAsync("runs"));
        await Assert.ThrowsAsync<CrashException>(() => pipeline.Get<StepQueues>().EnsureAsync());
        await Assert.ThrowsAsync<CrashException>(() =>
            pipeline.Get<RawStore>().ListAsync(Name.Slice, CancellationToken.None)
        );
        down = false;
        Assert.Equal("runs", (await pipeline.TableAsync("runs")).Name);
        await pipeline.Get<StepQueues>().EnsureAsync();
        Assert.Empty(await pipeline.Get<RawStore>().ListAsync(Name.Slice, CancellationToken.None));
    }

    private const string Sample = "for local work set Data=UseDevelopmentStorage=true";
    private const string NoConnection =
        $"Data: seen a text that is no connection string, expected "
        + $"DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net; {Sample}";
    private const string Others =
        ";Data__queueServiceUri=https://a.queue.core.windows.net;Data__tableServiceUri=https://"
        + "a.table.core.windows.net";
    private const string Example = "for example Data__blobServiceUri=https://myaccount.blob.core.windows.net";

    [Theory]
    [InlineData(
        "",
        $"Data: seen nothing, expected a storage connection string, or Data__blobServiceUri, Data__queueServiceUri "
            + $"and Data__tableServiceUri; {Sample}"
    )]
    [InlineData("Data=secretsecret", NoConnection)]
    [InlineData("Data=AccountName:x!AccountKey:secret", NoConnection)]
    [InlineData(
        "Data__blobServiceUri=" + Others,
        $"Data__blobServiceUri: seen nothing, expected a plain https address; {Example}"
    )]
    [InlineData(
        "Data__blobServiceUri=http://a.blob.core.windows.net" + Others,
        $"Data__blobServiceUri: seen \"http://a.blob.core.windows.net\", expected a plain https address; {Example}"
    )]
    [InlineData(
        "Data__blobServiceUri=AccountKey:secret!" + Others,
        $"Data__blobServiceUri: seen a text that is no address (not repeated here), expected a plain https address; "
            + $"{Example}"
    )]
    [InlineData(
        "Data__blobServiceUri=https://a.blob.core.windows.net/?sig:secret" + Others,
        $"Data__blobServiceUri: seen an address with user, query or fragment (not repeated here), expected a plain "
            + $"https address; {Example}"
    )]
    public void A_wrong_account_setting_is_told_without_its_secrets(string settings, string text)
    {
        var values = settings
            .Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(setting => setting.Split('=', 2))
            .ToDictionary(pair => pair[0].Replace("__", ":", StringComparison.Ordinal), string? (pair) => pair[1]);
        var findings = new List<Finding>();
        Assert.Null(
            StorageAccount.Open(new ConfigurationBuilder().AddInMemoryCollection(values).Build(), "Data", findings)
        );
        Assert.Equal(text, Assert.Single(findings).ToString());
    }

    [Fact]
    public void No_text_as_a_connection_string_makes_the_app_throw_or_repeat_it() =>
        Prop.ForAll(
                Gen.Elements(
                        "AccountName=",
                        "AccountKey=",
                        "secret",
                        ";",
                        "=",
                        "UseDevelopmentStorage=true",
                        "DefaultEndpointsProtocol=",
                        "https",
                        "BlobEndpoint=",
                        "://",
                        "%",
                        "SharedAccessSignature=",
                        "EndpointSuffix="
                    )
                    .ArrayOf()
                    .Select(parts => string.Concat(parts))
                    .ToArbitrary(),
                text =>
                {
                    var findings = new List<Finding>();
                    var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Data", text)]).Build();
                    var account = StorageAccount.Open(configuration, "Data", findings);
                    Assert.Equal(account is null, findings.Count == 1);
                    Assert.DoesNotContain(findings, finding =>
                        finding.ToString().Contains("secret", StringComparison.Ordinal)
                    );
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Service_addresses_make_an_account()
    {
        var findings = new List<Finding>();
        var values = "blob queue table"
            .Split(' ')
            .ToDictionary(name => $"Data:{name}ServiceUri", string? (name) => $"https://a.{name}.core.windows.net");
        values["Data:credential"] = "managedidentity";
        var account = StorageAccount.Open(
            new ConfigurationBuilder().AddInMemoryCollection(values).Build(),
            "Data",
            findings
        );
        Assert.Empty(findings);
        Assert.Equal("https://a.queue.core.windows.net/", account!.Queues.Uri.AbsoluteUri);
    }
}
