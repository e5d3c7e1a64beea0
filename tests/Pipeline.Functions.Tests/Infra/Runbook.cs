using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary><c>infra/README.md</c>.</summary>
internal static class Runbook
{
    public static string Text { get; } = File.ReadAllText(Path.Combine(BicepFile.Folder, "README.md"));

    /// <summary>What stands between a heading and the next of its level.</summary>
    public static string Section(string heading) => Part($@"(?ms)^## {heading}\n.*?(?=^## )");

    /// <summary>What of the runbook a pattern matches.</summary>
    public static string Part(string pattern)
    {
        var match = Regex.Match(Text, pattern);
        Assert.True(match.Success, $"infra/README.md: nothing matches {pattern}");
        return match.Value;
    }
}
