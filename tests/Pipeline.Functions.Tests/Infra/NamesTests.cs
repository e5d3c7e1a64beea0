using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using NCrontab;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>What the Bicep files declare is what the code uses: no more, no less.</summary>
public sealed class NamesTests
{
    private static readonly BicepFile Bicep = BicepFile.Read("names.bicep");

    [Fact]
    public void The_containers_are_those_of_the_code() =>
        Bicep.Agrees(
            Constants(name => name.EndsWith("Container", StringComparison.Ordinal)),
            Bicep.List("containers"),
            "Storage/Names.cs"
        );

    [Fact]
    public void The_queues_are_those_of_the_code_each_with_its_poison_queue()
    {
        Bicep.Agrees(Names.Queues, Bicep.List("stepQueues"), "Storage/Names.cs");
        Assert.Equal(
            "'{0}-poison'".Replace("{0}", "${queue}", StringComparison.Ordinal),
            Bicep.Match(@"var queues = flatten\(map\(stepQueues, queue => \[queue, (.*?)\]\)\)").Groups[1].Value
        );
        Assert.Equal("pull-poison", Names.PoisonOf("pull"));
        var declared = Names.Queues.SelectMany(queue => (string[])[queue, Names.PoisonOf(queue)]).ToHashSet();
        Assert.All(Constants(name => name.EndsWith("Queue", StringComparison.Ordinal)), queue =>
            Assert.Contains(queue, declared)
        );
        Assert.All(Code.Functions.Select(function => function.Trigger).OfType<QueueTriggerAttribute>(), trigger =>
        {
            Assert.Contains(trigger.QueueName, declared);
            Assert.Equal(Names.Connection, trigger.Connection);
        });
    }

    [Fact]
    public void The_tables_are_those_of_the_code()
    {
        var ledger = Constants(name =>
            !name.EndsWith("Container", StringComparison.Ordinal)
            && !name.EndsWith("Queue", StringComparison.Ordinal)
            && name != nameof(Names.Connection)
        );
        Assert.Contains("var tables = concat(factTables, [\n", Bicep.Text, StringComparison.Ordinal);
        Bicep.Agrees(ledger, Bicep.List("tables"), "Storage/Names.cs");
    }

    [Fact]
    public void Every_timer_is_watched_for_missed_runs_and_nothing_else() =>
        Bicep.Agrees(
            Code.Timers.Select(timer => timer.Name),
            BicepFile.Timers.Keys,
            "the timers of Pipeline.Functions"
        );

    [Fact]
    public void Every_timer_runs_at_least_twice_in_the_time_after_which_it_is_missed()
    {
        var schedules = BicepFile.Read("sources.bicep").Object("var scheduleDefaults =");
        foreach (var (function, setting) in Code.Timers)
        {
            var text = schedules[setting.Trim('%')];
            var schedule = CrontabSchedule.Parse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = true });
            var window = BicepFile.Timers[function] switch
            {
                "P2D" => TimeSpan.FromDays(2),
                "PT1H" => TimeSpan.FromHours(1),
                var other => throw new FormatException(other),
            };
            var runs = schedule
                .GetNextOccurrences(new DateTime(2026, 1, 1, 0, 0, 1), new DateTime(2027, 1, 1))
                .ToList();
            Assert.True(
                runs.Zip(runs.Skip(1), (one, next) => next - one).Max() <= window / 2,
                $"{function} runs too seldom for an alert that looks back {window}: {text}"
            );
        }
    }

    [Fact]
    public void A_difference_is_told_with_the_names_and_the_files_that_lack_them()
    {
        var said = Assert
            .ThrowsAny<Xunit.Sdk.XunitException>(() =>
                Bicep.Agrees(["raw", "curated", "pictures"], ["raw", "curated", "exports", "raw"], "Storage/Names.cs")
            )
            .Message;
        Assert.Equal(
            "in the code (Storage/Names.cs), not in infra/names.bicep: pictures\nin infra/names.bicep, not in the "
                + "code (Storage/Names.cs): exports\nmore than once in infra/names.bicep: raw",
            said
        );
    }

    [Fact]
    public void After_a_deployment_every_function_of_the_code_is_looked_for()
    {
        // The script and the workflow read the source as text.
        foreach (var file in (string[])["infra/after-deploy.sh", ".github/workflows/pipeline.yml"])
        {
            Assert.Contains(
                """grep -rhoE '\[Function\("[A-Za-z0-9_-]+"\)' --include='*.cs' --exclude-dir=bin --exclude-dir=obj src/Pipeline.Functions""",
                File.ReadAllText(Path.Combine(Repository.Root, file)),
                StringComparison.Ordinal
            );
        }

        var folder = Path.Combine(Repository.Root, "src", "Pipeline.Functions");
        var found = Directory
            .EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(path => !Regex.IsMatch(Path.GetRelativePath(folder, path), @"^(bin|obj)[\\/]"))
            .SelectMany(path =>
                Regex
                    .Matches(File.ReadAllText(path), """\[Function\("([A-Za-z0-9_-]+)"\)""")
                    .Select(match => match.Groups[1].Value)
            );
        Assert.Equal(Code.Functions.Select(function => function.Name), found.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Constants(Func<string, bool> wanted) =>
        Code.Constants(typeof(Names))
            .Where(constant => wanted(constant.Key))
            .Select(constant => constant.Value)
            .Order(StringComparer.Ordinal);
}
