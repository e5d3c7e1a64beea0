using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Tests;

namespace Pipeline.Faults;

/// <summary>
/// The promises, and what the tests of this run have found: how often each was tried and how often it held. The command prints them as one table,
/// and that table stands in the README.
/// </summary>
internal static class Proof
{
    private static readonly ConcurrentDictionary<string, (long Tried, long Survived, string Note)> Found = new(StringComparer.Ordinal);

    public const string Fault = "A fault of a server ends with a message, loses nothing, changes nothing it should not, and heals";
    public const string Crash = "A process that ends at any storage call leaves the tables of a quiet run, once another has run";
    public const string Kill = "A process that is killed at a storage call leaves the tables of a quiet run, once another has run";
    public const string Simulation = "Any order of messages, twice or late, two workers, lost leases, wrong clocks and faults end at what the source says";
    public const string Race = "Processes that work at the same time lose no update";
    public const string DeadLetter = "A message that fails for good is kept with its error, and a replay of it changes nothing twice";
    public const string Guard = "A body that must not be loaded changes nothing, is kept and reported";
    public const string Hostile = "No input crashes a reader, hangs it, takes more memory than it may or leaves its place";
    public const string Injection = "No text from outside leaves its partition, filter, file, cell or path";
    public const string Secret = "No key shows in a log, table, blob, message or answer";
    public const string Released = "The state that a released version left is read";
    public const string Double = "The storage in memory answers as Azurite does";

    /// <summary>All promises, in the order of the table.</summary>
    public static IReadOnlyList<string> Promises { get; } = [Fault, Crash, Kill, Simulation, Race, DeadLetter, Guard, Hostile, Injection, Secret, Released, Double];

    /// <summary>Adds what a test has found.</summary>
    /// <param name="promise">One of <see cref="Promises"/>.</param>
    /// <param name="tried">How often it was tried.</param>
    /// <param name="survived">How often it held.</param>
    /// <param name="note">What was tried, in a few words.</param>
    public static void Add(string promise, long tried, long survived, string note)
    {
        if (!Promises.Contains(promise)) throw new ArgumentException($"seen \"{promise}\", expected one of Proof.Promises", nameof(promise));
        Found.AddOrUpdate(promise, (tried, survived, note), (_, old) => (old.Tried + tried, old.Survived + survived, string.Join("; ", old.Note.Split("; ").Append(note).Distinct().Order(StringComparer.Ordinal))));
    }

    /// <summary>Writes the table into the README.</summary>
    public static void WriteReadme() => File.WriteAllText(Readme, Part.Replace(File.ReadAllText(Readme), match => match.Groups[1].Value + Table() + match.Groups[3].Value));

    /// <summary>The promises that the README's table names.</summary>
    public static IEnumerable<string> InReadme() => Part.Match(File.ReadAllText(Readme)).Groups[2].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2).Select(line => line.Split(" | ")[0][2..]);

    private static string Readme => Path.Combine(Repository.Root, "README.md");

    private static readonly Regex Part = new("(<!-- proofs:[^\n]*-->\n)(.*?)(<!-- /proofs -->)", RegexOptions.Singleline);

    /// <summary>The table, in the form of the README.</summary>
    public static string Table()
    {
        var table = new StringBuilder("| promise | tried | survived | what was tried |\n|---|---:|---:|---|\n");
        foreach (var promise in Promises)
        {
            var (tried, survived, note) = Found.GetValueOrDefault(promise, (0, 0, "not run"));
            table.Append(CultureInfo.InvariantCulture, $"| {promise} | {tried:N0} | {survived:N0} | {note} |\n");
        }
        return table.ToString();
    }
}
