using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Benchmarks.Files;
using Pipeline.Benchmarks.Growth;
using Pipeline.Benchmarks.Load;
using Pipeline.Benchmarks.Memory;
using Pipeline.Benchmarks.Parse;
using Pipeline.Benchmarks.Processes;
using Pipeline.Benchmarks.Reload;
using Pipeline.Benchmarks.Scale;
using Pipeline.Benchmarks.Start;

namespace Pipeline.Benchmarks;

/// <summary>
/// The command: measures all goals, or those that are named, and prints one table, which
/// <c>UPDATE_README=1</c> writes into the README.
/// </summary>
internal static class Command
{
    private const string Quick = "--quick",
        Strict = "--strict";

    private static readonly IGoal[] Goals =
    [
        new OnAzurite(),
        new OnNullService(),
        new Unchanged(),
        new Parsing(),
        new Streaming(),
        new Scaling(),
        new Starting(),
        new Workers(),
        new Exporting(),
    ];

    private static readonly Regex Part = new(
        "(<!-- benchmarks:[^\n]*-->\n)(.*?)(<!-- /benchmarks -->)",
        RegexOptions.Singleline
    );

    /// <returns>0; 1 when something that was measured is wrong, or with <c>--strict</c> when a goal is not met; 2 when
    /// the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var named = arguments.Where(argument => argument is not (Quick or Strict)).ToList();
        if (named.FirstOrDefault(name => Goals.All(goal => goal.Name != name)) is { } unknown)
        {
            await Console.Error.WriteLineAsync(
                $"seen {unknown}, expected any of {string.Join(", ", Goals.Select(goal => goal.Name))}, {Quick}, "
                    + $"{Strict}"
            );
            return 2;
        }
        using var bench = new Bench(arguments.Contains(Quick));
        var outcomes = new List<Outcome>();
        foreach (var goal in Goals.Where(goal => named.Count == 0 || named.Contains(goal.Name)))
        {
            await Console.Error.WriteLineAsync(goal.Name);
            try
            {
                outcomes.AddRange(await goal.MeasureAsync(bench));
            }
            catch (BenchmarkException wrong)
            {
                await Console.Error.WriteLineAsync($"{goal.Name}: {wrong.Message}");
                return 1;
            }
        }
        var table = Table(outcomes);
        Console.Write(table);
        if (Environment.GetEnvironmentVariable("UPDATE_README") == "1")
        {
            if (named.Count > 0 || arguments.Contains(Quick))
            {
                await Console.Error.WriteLineAsync(
                    "the README is written by a full run only: all goals, their full sizes"
                );
            }
            else
            {
                WriteReadme(table);
            }
        }
        return arguments.Contains(Strict) && outcomes.Any(outcome => outcome.IsMet == false) ? 1 : 0;
    }

    private static void WriteReadme(string table)
    {
        var file = Path.Combine(Testing.Repository.Root, "README.md");
        File.WriteAllText(
            file,
            Part.Replace(File.ReadAllText(file), match => match.Groups[1].Value + table + match.Groups[3].Value)
        );
    }

    private static string Table(IEnumerable<Outcome> outcomes)
    {
        var table = new StringBuilder("| | what | measured | asked | met |\n|---|---|---|---|---|\n");
        foreach (var outcome in outcomes.OrderBy(outcome => outcome.Goal))
        {
            table.Append(
                CultureInfo.InvariantCulture,
                $"| {outcome.Goal} | {outcome.What} | {outcome.Measured} | {outcome.Asked} | "
                    + $"{outcome.IsMet switch { true => "yes", false => "**no**", null => "" }} |\n"
            );
        }

        return table.ToString();
    }
}
