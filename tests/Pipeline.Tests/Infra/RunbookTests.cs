using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Settings;
using Pipeline.Steps;
using Pipeline.Storage;
using Xunit;

namespace Pipeline.Tests.Infra;

/// <summary>What the runbook tells people to do does what it says.</summary>
public sealed class RunbookTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(BicepFile.Folder, "README.md"));

    [Fact]
    public void The_messages_it_sends_are_those_the_steps_read()
    {
        var sent = Regex.Matches(Text, """printf '(\{[^']+\})' .*?\| send (\w+)""").Select(match => (Body: match.Groups[1].Value, Queue: match.Groups[2].Value)).ToList();
        Assert.Equal([Names.PullQueue, Names.NormalizeQueue], sent.Select(message => message.Queue));
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
}
