using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Pipeline.Settings;
using Pipeline.Steps;
using Pipeline.Storage;
using Pipeline.Tests.Steps;
using Xunit;

namespace Pipeline.Tests.Infra;

/// <summary>What the runbook tells people to do does what it says.</summary>
public sealed class RunbookTests(Azurite azurite)
{
    private static readonly string Text = File.ReadAllText(Path.Combine(BicepFile.Folder, "README.md"));

    [Fact]
    public void The_messages_it_sends_are_those_the_steps_read()
    {
        var sent = Regex.Matches(Text, """printf '(\{[^']+\})' .*?\| send (\w+)""").Select(match => (Body: match.Groups[1].Value, Queue: match.Groups[2].Value)).ToList();
        Assert.Equal([Names.PullQueue, Names.NormalizeQueue, Names.NormalizeQueue], sent.Select(message => message.Queue));
        foreach (var (body, queue) in sent)
        {
            var properties = JsonDocument.Parse(body).RootElement.EnumerateObject().Select(property => property.Name);
            Assert.Equal((queue == Names.PullQueue ? typeof(PullMessage) : typeof(NormalizeMessage)).GetConstructors()[0].GetParameters().Where(parameter => !parameter.HasDefaultValue).Select(parameter => parameter.Name!), properties);
        }
    }

    [Fact]
    public void The_secrets_it_names_are_those_of_the_deployment()
    {
        var rows = Regex.Matches(Text, @"^\| `(\w+__\w+)` \| `([a-z-]+)` \|$", RegexOptions.Multiline).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value, StringComparer.Ordinal);
        Assert.Equal(BicepFile.Read("settings.bicep").Object("var secretNames ="), rows);
    }

    [Fact]
    public void The_settings_and_outputs_it_names_are_there()
    {
        var outputs = BicepFile.Read("main.bicep").Text;
        Assert.All(Regex.Matches(Text, @"\$(AZURE_[A-Z_]+|DATA_[A-Z_]+)").Select(match => match.Groups[1].Value).Distinct(), name => Assert.Contains($"output {name} string", outputs, StringComparison.Ordinal));
        Assert.All(Regex.Matches(Text, @"\b(?:Census|Unctad|Moex|Sources)__\w+").Select(match => match.Value).Distinct(), name => Assert.Contains(name, SettingNames.All.Select(setting => setting.Name)));
        Assert.All(Regex.Matches(Text, @"`(\w+) = (?:true|'|\{)").Select(match => match.Groups[1].Value), name => Assert.Contains($"param {name} ", outputs, StringComparison.Ordinal));
    }

    /// <summary>"Restoring from raw": slices and facts are gone, and the newest body of every slice is read again.</summary>
    [Fact]
    public async Task Tables_that_were_lost_come_back_from_the_raw_bodies()
    {
        using var source = new FakeSource("one", "two");
        var clock = new TestClock(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero));
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        source.Replies["one"] = new FakeSource.Reply("a=1 b=1");
        source.Replies["two"] = new FakeSource.Reply("c=1 d=");
        await pipeline.RunAsync();
        clock.Advance(TimeSpan.FromDays(1));
        source.Replies["one"] = new FakeSource.Reply("a=2 b=1 e=5");
        await pipeline.RunAsync();
        var before = await FiguresAsync(pipeline);
        Assert.Equal(4, before.Count);
        foreach (var table in (string[])["fakefacts", Names.Slices])
            foreach (var row in await pipeline.RowsAsync(table)) await (await pipeline.TableAsync(table)).DeleteEntityAsync(row.PartitionKey, row.RowKey);

        var newest = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (var blob in pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.RawContainer).GetBlobsAsync())
            newest[string.Join('/', blob.Name.Split('/')[..3])] = blob.Name;
        foreach (var (slice, blob) in newest) await pipeline.Queue(Names.NormalizeQueue).SendMessageAsync($$"""{"Slice":"{{slice}}","RawBlob":"{{blob}}"}""");
        await pipeline.DrainAsync();

        Assert.Equal(before, await FiguresAsync(pipeline));
        Assert.All(await pipeline.RowsAsync("fakefacts"), row => Assert.Equal(newest[string.Join('/', row.GetString("RawBlob").Split('/')[..3])], row.GetString("RawBlob")));
        Assert.Equal(["done", "done"], (await pipeline.RowsAsync(Names.Slices)).Select(row => row.GetString("State")));
    }

    private static async Task<List<string>> FiguresAsync(TestPipeline pipeline) => [.. (await pipeline.RowsAsync("fakefacts")).Select(Figure)];

    private static string Figure(TableEntity row) => $"{row.PartitionKey}/{row.RowKey} {row.GetInt64("Value")}";
}
