using System.Text.RegularExpressions;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// As much of a Bicep file as the tests compare with the code: named lists, objects and types, each written
/// one entry a line.
/// </summary>
internal sealed class BicepFile
{
    private BicepFile(string name, string text)
    {
        Name = name;
        Text = text;
    }

    public string Name { get; }

    /// <summary>The file without its comments.</summary>
    public string Text { get; }

    /// <summary>All Bicep files of the repository.</summary>
    public static IReadOnlyList<BicepFile> All { get; } =
    [
        .. Directory
            .EnumerateFiles(Folder, "*.bicep*", SearchOption.AllDirectories)
            .Where(path => !path.EndsWith(".json", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(path => Read(Path.GetRelativePath(Folder, path))),
    ];

    public static string Folder => Path.Combine(Repository.Root, "infra");

    /// <summary>
    /// The timers with the time after which each is missed: those that plan a source, and those of the pipeline itself.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Timers =>
        Regex
            .Matches(
                Read("sources.bicep").Block("var planTimers =", '[', ']')
                    + Read("names.bicep").Block("var timers = concat(planTimers,", '[', ']'),
                @"\{ function: '(\w+)', window: '(\w+)' \}"
            )
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value, StringComparer.Ordinal);

    public static BicepFile Read(string name) =>
        new(name, Regex.Replace(File.ReadAllText(Path.Combine(Folder, name)), @"(?<=^|\s)//[^\n]*", ""));

    /// <summary>The texts of a list, such as <c>var queues = ['pull', 'normalize']</c>.</summary>
    public IReadOnlyList<string> List(string name) => Literals(Block($"var {name} =", '[', ']'));

    /// <summary>The entries of an object whose values are plain texts or numbers.</summary>
    public IReadOnlyDictionary<string, string> Object(string declaration) =>
        Regex
            .Matches(
                Block(declaration, '{', '}'),
                @"^  (?:'([^']+)'|(\w+)): (?:'((?:[^'\\]|\\.)*)'|(\S+))",
                RegexOptions.Multiline
            )
            .ToDictionary(
                match => match.Groups[1].Value + match.Groups[2].Value,
                match => match.Groups[3].Value + match.Groups[4].Value,
                StringComparer.Ordinal
            );

    /// <summary>The property names of an object type.</summary>
    public IReadOnlyList<string> Properties(string type) =>
        [
            .. Regex
                .Matches(Block($"type {type} =", '{', '}'), @"^  (\w+):", RegexOptions.Multiline)
                .Select(match => match.Groups[1].Value),
        ];

    /// <summary>The one match of a pattern.</summary>
    public Match Match(string pattern)
    {
        var match = Regex.Match(Text, pattern, RegexOptions.Singleline);
        Assert.True(match.Success, $"{Name}: nothing matches {pattern}");
        return match;
    }

    /// <summary>
    /// That this file lists what the code has: what one of them lacks is named, with the file to correct.
    /// </summary>
    /// <param name="code">The names in the code, of which each is there once.</param>
    /// <param name="listed">The names in this file.</param>
    /// <param name="where">The file of the code.</param>
    public void Agrees(IEnumerable<string> code, IEnumerable<string> listed, string where)
    {
        var (known, said) = (code.ToHashSet(StringComparer.Ordinal), listed.ToList());
        (string What, IEnumerable<string> Names)[] differences =
        [
            ($"in the code ({where}), not in infra/{Name}", known.Except(said)),
            ($"in infra/{Name}, not in the code ({where})", said.Except(known)),
            (
                $"more than once in infra/{Name}",
                said.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key)
            ),
        ];
        var found = differences
            .Where(difference => difference.Names.Any())
            .Select(difference =>
                $"{difference.What}: {string.Join(", ", difference.Names.Order(StringComparer.Ordinal))}"
            );
        if (Name == "sources.bicep" && found.Any())
            found = found.Append($"Run: {Generated.Command}");
        Assert.True(!found.Any(), string.Join('\n', found));
    }

    /// <summary>What stands between the brackets that follow a text.</summary>
    public string Block(string after, char open, char close)
    {
        var start = Text.IndexOf(after, StringComparison.Ordinal);
        Assert.True(start >= 0, $"{Name} has no {after}");
        var from = Text.IndexOf(open, start);
        return Text[(from + 1)..Close(Text, from, open, close)];
    }

    /// <summary>The texts in quotes.</summary>
    public static IReadOnlyList<string> Literals(string text) =>
        [.. Regex.Matches(text, @"'((?:[^'\\]|\\.)*)'").Select(match => match.Groups[1].Value)];

    /// <summary>Where the bracket that stands at a place is closed.</summary>
    public static int Close(string text, int from, char open, char close)
    {
        var depth = 0;
        for (var at = from; at < text.Length; at++)
        {
            if (text[at] == open)
                depth++;
            else if (text[at] == close && --depth == 0)
                return at;
        }
        throw new FormatException($"a {open} that is not closed: {text[from..Math.Min(text.Length, from + 40)]}");
    }
}
