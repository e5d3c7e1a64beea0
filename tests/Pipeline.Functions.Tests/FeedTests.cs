using System.IO.Compression;
using System.Net;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Sources.Census;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests;

/// <summary>The feed of news as a feed reader meets it.</summary>
public sealed class FeedTests
{
    private static readonly DateTimeOffset Vintage = new(2026, 2, 27, 6, 0, 0, TimeSpan.Zero);

    private const string RunId = "20260227T060000Z-0123456789abcdef";

    [Fact]
    public async Task A_feed_is_asked_for_with_a_key_which_it_never_shows()
    {
        await using var site = await StartAsync();
        using var response = await site.SendAsync(
            "feed.atom?code=topsecret&clientid=alsosecret&table=trademonthly",
            headers: headers => headers.Add("x-functions-key", "topsecret")
        );
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/atom+xml; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-cache, private", response.Headers.CacheControl!.ToString());
        var feed = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal([], AtomRules.Faults(feed));
        var text = AtomRules.TextOf(feed);
        Assert.DoesNotContain("secret", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(new Uri(site.Address).Authority, text, StringComparison.Ordinal);
        Assert.Equal(
            ["trademonthly: 1 figure revised, 2 added (imports-total 2019)"],
            AtomRules.Read(feed).Items.Select(item => item.Title.Text)
        );
        using var same = await site.SendAsync("feed.atom?table=trademonthly&code=another", headers: headers =>
            headers.IfNoneMatch.Add(response.Headers.ETag!)
        );
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        using var head = await site.SendAsync("feed.atom?table=trademonthly", HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, response.Headers.ETag), (head.StatusCode, head.Headers.ETag));
    }

    [Fact]
    public async Task A_feed_is_compressed_for_those_who_accept_it()
    {
        await using var site = await StartAsync();
        using var plain = await site.SendAsync("feed.atom");
        using var small = await site.SendAsync("feed.atom", headers: headers => headers.AcceptEncoding.ParseAdd("br"));
        Assert.Equal(["br"], small.Content.Headers.ContentEncoding);
        await using var body = new BrotliStream(await small.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var read = new MemoryStream();
        await body.CopyToAsync(read);
        Assert.Equal(await plain.Content.ReadAsByteArrayAsync(), read.ToArray());
    }

    [Fact]
    public async Task Every_link_of_a_feed_leads_to_what_it_names()
    {
        await using var site = await StartAsync();
        using var response = await site.SendAsync("feed.atom?code=topsecret");
        var feed = AtomRules.Read(await response.Content.ReadAsByteArrayAsync());
        var entry = Assert.Single(feed.Items);
        var addresses = AtomRules
            .AddressesOf(entry)
            .Concat(entry.Links.Select(link => link.Uri.OriginalString))
            .Append(feed.Links.Single(link => link.RelationshipType == "self").Uri.OriginalString)
            .Distinct()
            .ToList();
        Assert.Equal(
            [
                "/api/figure/trademonthly/4621%7Cimports%7Ctotal/2019-07%7CTOTAL",
                $"/api/data/trademonthly?RunId={RunId}",
                $"/api/data/history?PartitionKey=trademonthly%7C4621%7Cimports%7Ctotal&RunId={RunId}",
                "/api/feed.atom",
            ],
            addresses
        );
        foreach (var address in addresses)
        {
            using var found = await site.SendAsync(address["/api/".Length..]);
            Assert.Equal(HttpStatusCode.OK, found.StatusCode);
            Assert.Contains(
                address.EndsWith(".atom", StringComparison.Ordinal) ? entry.Id : RunId,
                await found.Content.ReadAsStringAsync(),
                StringComparison.Ordinal
            );
        }
    }

    /// <summary>A site whose figure of July 2019 a run has revised.</summary>
    private static async Task<Site> StartAsync()
    {
        var site = await Site.StartAsync();
        var table = await site.Pipeline.TableAsync(TradeMonthly.Table.Name);
        var after = (await table.GetEntityAsync<TradeMonthly>("4621|imports|total", "2019-07|TOTAL")).Value;
        var before = (await table.GetEntityAsync<TradeMonthly>("4621|imports|total", "2019-07|TOTAL")).Value;
        (after.ValueUsd, after.RunId, after.LastChanged) = (after.ValueUsd + 1, RunId, Vintage);
        await table.UpsertEntityAsync(after);
        var history = await site.Pipeline.TableAsync(Names.History);
        await history.AddEntityAsync(HistoryRow.Of(TradeMonthly.Table, before, after, Vintage, RunId, inPolicy: true));
        var run = new RunRow(RunId, new Slice("census-trade", "imports-total", "2019"), Vintage)
        {
            State = RunState.Done,
            EndedAt = Vintage,
            Counts = new RowCounts(12, 2, 1, 9, 0, 0, 0),
        };
        await site.Pipeline.Get<RunBook>().PutAsync(run, CancellationToken.None);
        return site;
    }
}
