using System.CommandLine;
using System.CommandLine.Help;

namespace Standin.Functions.Worker.Hosting;

/// <summary>What the process was asked to do.</summary>
/// <param name="Once">Run every plan once, drain the queues and end.</param>
/// <param name="Plan">Only this plan function.</param>
/// <param name="Port">The HTTP port.</param>
/// <param name="NoAzurite">Start no Azurite.</param>
/// <param name="Verbose">Information lines during --once, and full exception texts.</param>
/// <param name="Replay">Instead of the plans run this once more; <paramref name="Once"/> is set, too.</param>
internal sealed record CommandLine(bool Once = false, string? Plan = null, int Port = HostRules.Port, bool NoAzurite = false, bool Verbose = false, OnceReplay? Replay = null)
{
    /// <summary>Reads the arguments. With help or an error, writes it and says which code to exit with instead.</summary>
    public static (CommandLine? Asked, int ExitCode) Parse(IReadOnlyList<string> args, TextWriter output, TextWriter error)
    {
        var once = new Option<string?>("--once")
        {
            Description = "Run everything once and end: every timer function named Plan… (or only the named one), then drain the queues.",
            HelpName = "function",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var port = new Option<int>("--port") { Description = "The HTTP port.", HelpName = "number", DefaultValueFactory = _ => HostRules.Port };
        port.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var number) || number is < 1 or > 65535))
                result.AddError($"--port: seen \"{result.Tokens[0].Value}\", expected a whole number from 1 to 65535");
        });
        var noAzurite = new Option<bool>("--no-azurite") { Description = "Start no Azurite; use the storage that the settings name." };
        var verbose = new Option<bool>("--verbose") { Description = "Show information lines during --once, and full exception texts." };
        var replay = new Option<string?>("--replay") { Description = "Run one slice again, then drain the queues and end.", HelpName = "slice" };
        var from = new Option<string?>("--from") { Description = "With --replay: from the stored body (raw) or with a new request (source).", HelpName = "raw|source" };
        var accept = new Option<bool>("--accept") { Description = "With --replay: the stored body is right although it lacks rows of the table." };
        var root = new RootCommand("Runs the functions of this app on this machine: timers, queues and HTTP.") { once, replay, from, accept, port, noAzurite, verbose };
        foreach (var version in root.Options.OfType<VersionOption>().ToList()) root.Options.Remove(version);
        var result = root.Parse(args);
        if (result.Action is HelpAction)
        {
            result.Invoke(new InvocationConfiguration { Output = output, Error = error });
            return (null, 0);
        }
        if (result.Errors.Count > 0)
        {
            // An option that is not known is more telling than what follows from it.
            var unknown = result.UnmatchedTokens.FirstOrDefault(token => token.StartsWith('-')) ?? result.UnmatchedTokens.FirstOrDefault();
            error.WriteLine(unknown is null
                ? $"command line: {result.Errors[0].Message.TrimEnd('.')}; see --help"
                : $"command line: seen \"{unknown}\", expected --once [function], --replay <slice> [--from raw|source] [--accept], --port <number>, --no-azurite, --verbose or --help");
            return (null, 1);
        }
        var replayed = result.GetValue(replay) is { } what ? new OnceReplay(what, result.GetValue(from), result.GetValue(accept)) : null;
        var asked = result.GetResult(once) is not null;
        if (replayed is null ? result.GetResult(from) is not null || result.GetValue(accept) : asked)
        {
            error.WriteLine(replayed is null ? "command line: --from and --accept say how to --replay a slice; see --help" : "command line: seen --once and --replay, expected one of them; see --help");
            return (null, 1);
        }
        return (new CommandLine(asked || replayed is not null, result.GetValue(once), result.GetValue(port), result.GetValue(noAzurite), result.GetValue(verbose), replayed), 0);
    }
}
