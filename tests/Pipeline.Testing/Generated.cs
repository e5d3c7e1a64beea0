using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// Files, and parts of files, that are written from the code. A test compares each with the code;
/// <c>UPDATE_README=1</c> writes it instead.
/// </summary>
internal static class Generated
{
    /// <summary>The trait of the tests that compare, and that the command runs.</summary>
    public const string Trait = "written";

    /// <summary>The value of <see cref="Trait"/>.</summary>
    public const string FromCode = "from-code";

    /// <summary>Writes all of them.</summary>
    public const string Command =
        $"UPDATE_README=1 dotnet test --project tests/Pipeline.Functions.Tests --filter-trait {Trait}={FromCode}";

    private static bool IsUpdate => Environment.GetEnvironmentVariable("UPDATE_README") == "1";

    /// <summary>A file as a whole.</summary>
    /// <param name="file">Its path below the root of the repository.</param>
    /// <param name="text">Its text by the code.</param>
    public static void File(string file, string text)
    {
        var path = Path.Combine(Repository.Root, file);
        var seen = System.IO.File.Exists(path) ? System.IO.File.ReadAllText(path) : "";
        Compare(file, text, seen, () => System.IO.File.WriteAllText(path, text));
    }

    /// <summary>
    /// What stands between the lines <c>&lt;!-- name: … --&gt;</c> and <c>&lt;!-- /name --&gt;</c> of a page.
    /// </summary>
    /// <param name="file">The page's path below the root of the repository.</param>
    /// <param name="name">The name of the part.</param>
    /// <param name="text">Its text by the code.</param>
    public static void Part(string file, string name, string text) =>
        Match(file, $"(?<=<!-- {name}:[^\n]*-->\n).*?(?=<!-- /{name} -->)", text);

    /// <summary>What a pattern matches in a file, at each place.</summary>
    /// <param name="file">The file's path below the root of the repository.</param>
    /// <param name="pattern">The pattern; what is around the text is looked at, and is no part of the match.</param>
    /// <param name="text">The text by the code.</param>
    public static void Match(string file, string pattern, string text)
    {
        var path = Path.Combine(Repository.Root, file);
        var page = System.IO.File.ReadAllText(path);
        var found = Regex.Matches(page, pattern, RegexOptions.Singleline);
        Assert.True(found.Count > 0, $"{file}: nothing matches {pattern}");
        foreach (Match match in found)
            Compare(file, text, match.Value, Write);

        void Write() =>
            System.IO.File.WriteAllText(path, Regex.Replace(page, pattern, _ => text, RegexOptions.Singleline));
    }

    private static void Compare(string file, string expected, string seen, Action write)
    {
        if (seen == expected)
            return;
        if (IsUpdate)
            write();
        else
            Assert.Fail($"{file} differs from the code. Run: {Command}\n{FirstDifference(expected, seen)}");
    }

    private static string FirstDifference(string expected, string seen)
    {
        var (code, file) = (expected.Split('\n'), seen.Split('\n'));
        var at = 0;
        while (at < code.Length && at < file.Length && code[at] == file[at])
            at++;
        return $"in the file: {(at < file.Length ? file[at] : "(the end)")}\n"
            + $"by the code: {(at < code.Length ? code[at] : "(the end)")}";
    }
}
