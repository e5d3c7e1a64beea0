using Standin.Functions.Worker;
using Standin.Functions.Worker.Hosting;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("", false, null, 7071, false)]
    [InlineData("--once", true, null, 7071, false)]
    [InlineData("--once PlanCensusTrade", true, "PlanCensusTrade", 7071, false)]
    [InlineData("--port 7072 --no-azurite", false, null, 7072, true)]
    [InlineData("--no-azurite --once", true, null, 7071, true)]
    public void The_command_line_says_what_to_do(string text, bool once, string? plan, int port, bool noAzurite)
    {
        var (asked, _) = CommandLine.Parse(text.Split(' ', StringSplitOptions.RemoveEmptyEntries), TextWriter.Null, TextWriter.Null);
        Assert.Equal(new CommandLine(once, plan, port, noAzurite), asked);
    }

    [Theory]
    [InlineData("--onec", "command line: seen \"--onec\", expected --once [function], --replay <slice> [--from raw|source] [--accept], --port <number>, --no-azurite, --verbose or --help")]
    [InlineData("run", "command line: seen \"run\", expected --once [function], --replay <slice> [--from raw|source] [--accept], --port <number>, --no-azurite, --verbose or --help")]
    [InlineData("--port x", "command line: --port: seen \"x\", expected a whole number from 1 to 65535; see --help")]
    [InlineData("--port 70000", "command line: --port: seen \"70000\", expected a whole number from 1 to 65535; see --help")]
    [InlineData("--replay", "command line: Required argument missing for option: '--replay'; see --help")]
    [InlineData("--replay a/b/c --once", "command line: seen --once and --replay, expected one of them; see --help")]
    [InlineData("--once --accept", "command line: --from and --accept say how to --replay a slice; see --help")]
    [InlineData("--from raw", "command line: --from and --accept say how to --replay a slice; see --help")]
    [InlineData("--port", "command line: Required argument missing for option: '--port'; see --help")]
    public void A_command_line_that_is_not_understood_exits_with_1_and_one_line(string text, string message)
    {
        var error = new StringWriter();
        Assert.Equal((null, 1), CommandLine.Parse(text.Split(' '), TextWriter.Null, error));
        Assert.Equal(message + Environment.NewLine, error.ToString());
    }

    [Fact]
    public void A_replay_is_a_run_of_its_own_that_ends()
    {
        Assert.Equal(new CommandLine(true, Replay: new OnceReplay("a/b/c", null, false)), CommandLine.Parse(["--replay", "a/b/c"], TextWriter.Null, TextWriter.Null).Asked);
        Assert.Equal(new CommandLine(true, NoAzurite: true, Replay: new OnceReplay("a/b/c", "source", true)),
            CommandLine.Parse(["--replay", "a/b/c", "--from", "source", "--accept", "--no-azurite"], TextWriter.Null, TextWriter.Null).Asked);
    }

    [Fact]
    public void Help_lists_the_options_and_exits_with_0()
    {
        var output = new StringWriter();
        Assert.Equal((null, 0), CommandLine.Parse(["--help"], output, TextWriter.Null));
        foreach (var option in new[] { "--once", "--replay", "--from", "--accept", "--port", "--no-azurite", "--verbose" }) Assert.Contains(option, output.ToString(), StringComparison.Ordinal);
    }
}
