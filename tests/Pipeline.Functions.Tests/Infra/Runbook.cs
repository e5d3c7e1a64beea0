using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>What people read who deploy and operate: the instructions of <c>infra/</c>, one after the other.</summary>
internal static class Runbook
{
    /// <summary>The files.</summary>
    public static IReadOnlyList<string> Files { get; } = ["DEPLOY.md", "RESTORE.md", "RUNBOOK.md", "COSTS.md"];

    /// <summary>The text of all.</summary>
    public static string Text { get; } = string.Join('\n', Files.Select(Read));

    /// <summary>The text of one.</summary>
    public static string Read(string file) => File.ReadAllText(Path.Combine(BicepFile.Folder, file));

    /// <summary>What stands between a heading and the next of its level, or the end of the file.</summary>
    public static string Section(string heading) => Part($@"(?ms)^## {heading}\n.*?(?=^##? )");

    /// <summary>What of the instructions a pattern matches.</summary>
    public static string Part(string pattern)
    {
        var match = Regex.Match(Text, pattern);
        Assert.True(match.Success, $"infra/: nothing in {string.Join(", ", Files)} matches {pattern}");
        return match.Value;
    }

    /// <summary>The anchors that a page makes of the headings of a text, and those that it sets itself.</summary>
    public static IEnumerable<string> Anchors(string text) =>
        Regex
            .Matches(Regex.Replace(text, "(?ms)^```.*?^```$", ""), @"(?m)^#+ (.+)$")
            .Select(match => Regex.Replace(match.Groups[1].Value.ToLowerInvariant(), @"[^\w -]", "").Replace(' ', '-'))
            .Concat(Regex.Matches(text, @"<a id=""([\w-]+)"">").Select(match => match.Groups[1].Value));
}
