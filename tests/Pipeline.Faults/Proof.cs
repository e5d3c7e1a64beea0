using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Testing;

namespace Pipeline.Faults;

/// <summary>
/// The promises, and what the tests of this run have found: how often each was tried and how often it held. The command
/// prints them as one table, and that table stands in docs/proofs.md.
/// </summary>
internal static class Proof
{
    public const string Fault =
        "A fault of a server ends with a message, loses nothing, changes nothing it should not, and heals";
    public const string Crash =
        "A process that ends at any storage call leaves the tables of a quiet run, once another has run";
    public const string Redelivered =
        "The messages of a process that ended at any storage call bring its work to its end, without a plan";
    public const string Kill =
        "A process that is killed at a storage call leaves the tables of a quiet run, once another has run";
    public const string Simulation =
        "Any order of messages, twice or late, two workers, lost leases, wrong clocks and faults end at what the "
        + "source says";
    public const string LostLease =
        "A step whose lease another worker takes at any storage call leaves the tables of a quiet run";
    public const string Sleep = "A worker that sleeps through its lease at any storage call and goes on does no harm";
    public const string TwoBodies =
        "Two bodies of a slice that are under way at once end at the newer one, in any order and after any crash";
    public const string Clock = "A worker whose clock is an hour off does what one with the right time does";
    public const string Race = "Processes that work at the same time lose no update";
    public const string DeadLetter =
        "A message that fails for good is kept with its error, and a replay of it changes nothing twice";
    public const string Rest =
        "A step that fails for good stops no other slice: they are published, the verdict names the failed one, and a "
        + "replay or a newer body repairs it";
    public const string Guard = "A body that must not be loaded changes nothing, is kept and reported";
    public const string Hostile =
        "No input crashes a reader, hangs it, takes more memory than it may or leaves its place";
    public const string Injection = "No text from outside leaves its partition, filter, file, cell or path";
    public const string Secret = "No key shows in a log, table, blob, message or answer";
    public const string Double = "The storage in memory answers as Azurite does";

    /// <summary>All promises, in the order of the table.</summary>
    public static IReadOnlyList<string> Promises { get; } =
    [
        Fault,
        Crash,
        Redelivered,
        Kill,
        LostLease,
        Sleep,
        TwoBodies,
        Clock,
        Simulation,
        Race,
        DeadLetter,
        Rest,
        Guard,
        Hostile,
        Injection,
        Secret,
        Double,
    ];

    /// <summary>What this process has tried.</summary>
    public static ProofTable Found { get; } = new(Promises);

    /// <summary>Begins to try a promise.</summary>
    /// <param name="promise">One of <see cref="Promises"/>.</param>
    /// <param name="note">What is tried, in a few words.</param>
    /// <param name="tried">How often, if all of it holds or fails together; it is counted as tried from here on, and as
    /// survived by <see cref="Trial.Held"/>.</param>
    public static Trial Try(string promise, string note, long tried = 0) => Found.Try(promise, note, tried);

    /// <summary>Writes the table into the page.</summary>
    public static void WritePage() =>
        File.WriteAllText(
            Page,
            Part.Replace(File.ReadAllText(Page), match => match.Groups[1].Value + Found.Text() + match.Groups[3].Value)
        );

    /// <summary>The rows of the page's table, as cells.</summary>
    public static IReadOnlyList<string[]> InPage() => Rows(Part.Match(File.ReadAllText(Page)).Groups[2].Value);

    /// <summary>Whether the run is as long as the one that the page tells of.</summary>
    public static bool IsUsual =>
        Share.Current.IsFull
        && ((string[])["FAULTS_SEEDS", "FAULTS_SEED", "FAULTS_INPUTS"]).All(name =>
            Environment.GetEnvironmentVariable(name) is null
        );

    /// <summary>
    /// The rows of the page's table that are not those of this run. What was tried is the same in every run
    /// but for the crashes: how many calls a run makes may differ by a few that wait for one another.
    /// </summary>
    public static string Outdated()
    {
        var said = InPage().ToDictionary(cells => cells[0], StringComparer.Ordinal);
        return string.Join(
            '\n',
            Rows(Found.Text())
                .Where(cells =>
                    !said.TryGetValue(cells[0], out var row)
                    || row[3] != cells[3]
                    || !IsNear(cells[0] is Crash or Redelivered or LostLease or Sleep or TwoBodies, row, cells)
                )
                .Select(cells => string.Join(" | ", cells))
        );
    }

    private static bool IsNear(bool varies, string[] said, string[] found) =>
        varies
            ? Math.Abs(Number(said[1]) - Number(found[1])) <= Number(found[1]) / 100 && said[1] == said[2]
            : (said[1], said[2]) == (found[1], found[2]);

    private static long Number(string text) =>
        long.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    private static IReadOnlyList<string[]> Rows(string table) =>
        [.. table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2).Select(line => line[2..^2].Split(" | "))];

    private static string Page => Path.Combine(Repository.Root, "docs", "proofs.md");

    private static readonly Regex Part = new(
        "(<!-- proofs:[^\n]*-->\n)(.*?)(<!-- /proofs -->)",
        RegexOptions.Singleline
    );
}
