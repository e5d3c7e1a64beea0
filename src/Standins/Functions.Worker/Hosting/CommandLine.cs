using System.CommandLine;
using System.CommandLine.Help;

namespace Standin.Functions.Worker.Hosting;

/// <summary>What the process was asked to do.</summary>
/// <param name="Once">Run every plan once, drain the queues and end.</param>
/// <param name="Plan">Only this plan function.</param>
/// <param name="Port">The HTTP port.</param>
/// <param name="NoAzurite">Start no Azurite.</param>
/// <param name="Verbose">Information lines during --once, and full exception texts.</param>
internal sealed record CommandLine(bool Once = false, string? Plan = null, int Port = HostRules.Port, bool NoAzurite = false, bool Verbose = false)
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
        var root = new RootCommand("Runs the functions of this app on this machine: timers, queues and HTTP.") { once, port, noAzurite, verbose };
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
                : $"command line: seen \"{unknown}\", expected --once [function], --port <number>, --no-azurite, --verbose or --help");
            return (null, 1);
        }
        return (new CommandLine(result.GetResult(once) is not null, result.GetValue(once), result.GetValue(port), result.GetValue(noAzurite), result.GetValue(verbose)), 0);
    }
}
