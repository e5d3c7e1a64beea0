using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;

namespace Pipeline.Local;

/// <summary>What the command line asks for.</summary>
internal enum LocalMode
{
    /// <summary>Stay up: timers, queues and pages.</summary>
    Serve,

    /// <summary>Plan, work until everything is at rest, and end.</summary>
    Once,

    /// <summary>Run one slice again, and end.</summary>
    Replay,

    /// <summary>Show the slices with their states.</summary>
    List,

    /// <summary>Show all that is known of one figure.</summary>
    Explain,

    /// <summary>Check what the command needs.</summary>
    Doctor,
}

/// <summary>The command line.</summary>
internal sealed record LocalOptions
{
    /// <summary>The port of Functions Core Tools, which people expect.</summary>
    public const int DefaultPort = 7071;

    private const string Known =
        "--once [function …] [--force], --replay <slice> [--from raw|source] [--accept], --list, "
        + "--explain <figure>, --doctor, --port <number>, --no-azurite, "
        + "--app <folder>, --verbose, --json or --help";

    public LocalMode Mode { get; init; }

    /// <summary>With <see cref="LocalMode.Once"/>: the only plan functions to run; none runs all.</summary>
    public IReadOnlyList<string> Plans { get; init; } = [];

    /// <summary>With <see cref="LocalMode.Once"/>: every slice is due, whatever its next date.</summary>
    public bool Force { get; init; }

    /// <summary>With <see cref="LocalMode.Replay"/>: the slice, source/dataset/key.</summary>
    public string Slice { get; init; } = "";

    /// <summary>With <see cref="LocalMode.Replay"/>: raw, source, or null to decide by the dataset.</summary>
    public string? From { get; init; }

    /// <summary>With <see cref="LocalMode.Replay"/>: the body is right although a check refused it.</summary>
    public bool Accept { get; init; }

    /// <summary>With <see cref="LocalMode.Explain"/>: the figure, table/partition/row.</summary>
    public string Figure { get; init; } = "";

    /// <summary>The port of the pages, 1 to 65535.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Start no Azurite.</summary>
    public bool NoAzurite { get; init; }

    /// <summary>A line for every step, and whole exceptions.</summary>
    public bool Verbose { get; init; }

    /// <summary>One JSON object a line.</summary>
    public bool Json { get; init; }

    /// <summary>The folder of the function app; null takes the one that was built with this program.</summary>
    public string? App { get; init; }

    /// <summary>True if the command ends by itself after its work.</summary>
    public bool Ends => Mode is LocalMode.Once or LocalMode.Replay;

    /// <summary>Reads the arguments. Help and errors are written here.</summary>
    /// <returns>The options, or null and the exit code.</returns>
    public static (LocalOptions? Options, int ExitCode) Parse(string[] args, TextWriter output, TextWriter error)
    {
        var once = new Option<string[]>("--once")
        {
            Description =
                "Run every plan (or the named functions) once, work until everything is at rest, show the figures "
                + "and end.",
            HelpName = "function",
            Arity = ArgumentArity.ZeroOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var force = new Option<bool>("--force")
        {
            Description = "With --once: ask for every slice, whatever its next date, for work on a source.",
        };
        var replay = new Option<string?>("--replay")
        {
            Description = "Run one slice again and end.",
            HelpName = "slice",
        };
        var from = new Option<string?>("--from")
        {
            Description =
                "With --replay: read the stored body (raw) or ask the source again (source). "
                + "Without it, curated files are read from the source and all others from raw.",
            HelpName = "raw|source",
        };
        from.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && token.Value is not ("raw" or "source"))
            {
                result.AddError($"--from: seen \"{token.Value}\", expected raw or source");
            }
        });
        var accept = new Option<bool>("--accept")
        {
            Description = "With --replay: the body is right although a check refused it.",
        };
        var list = new Option<bool>("--list") { Description = "Show the slices with their states and end." };
        var explain = new Option<string?>("--explain")
        {
            Description = "Show one figure with its history, its place in the stored body and a citation, and end.",
            HelpName = "table/partition/row",
        };
        var doctor = new Option<bool>("--doctor")
        {
            Description = "Check Node.js, npm packages, ports, clock, Azurite and settings, and end.",
        };
        var port = new Option<int>("--port")
        {
            Description = "The port of the pages.",
            HelpName = "number",
            DefaultValueFactory = _ => DefaultPort,
        };
        port.Validators.Add(result =>
        {
            if (
                result.Tokens is [var token]
                && (
                    !int.TryParse(token.Value, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535
                )
            )
            {
                result.AddError($"--port: seen \"{token.Value}\", expected a whole number from 1 to 65535");
            }
        });
        var noAzurite = new Option<bool>("--no-azurite")
        {
            Description = "Start no Azurite; use the storage that the settings name.",
        };
        var verbose = new Option<bool>("--verbose")
        {
            Description = "Show a line for every step, and whole exceptions.",
        };
        var json = new Option<bool>("--json") { Description = "Write one JSON object a line." };
        var app = new Option<string?>("--app")
        {
            Description = "Run the function app of this folder, for example one that was published.",
            HelpName = "folder",
        };
        var root = new RootCommand(
            "Runs the function app on this machine: timers, queues and pages, on Azurite or on the storage that the "
                + "settings name."
        )
        {
            once,
            force,
            replay,
            from,
            accept,
            list,
            explain,
            doctor,
            port,
            noAzurite,
            verbose,
            json,
            app,
        };
        foreach (var version in root.Options.OfType<VersionOption>().ToList())
        {
            root.Options.Remove(version);
        }
        var result = root.Parse(args);
        if (result.Action is HelpAction)
        {
            result.Invoke(new InvocationConfiguration { Output = output, Error = error });
            return (null, 0);
        }
        if (result.Errors.Count > 0)
        {
            // An unknown option tells more than the errors that follow from it.
            var unknown = result.UnmatchedTokens.FirstOrDefault(token => token.StartsWith('-'))
                ?? result.UnmatchedTokens.FirstOrDefault();
            return Fail(
                unknown is null
                    ? $"{result.Errors[0].Message.ReplaceLineEndings(" ").TrimEnd('.')}; see --help"
                    : $"seen \"{unknown}\", expected {Known}"
            );
        }
        var modes = new List<LocalMode>();
        if (result.GetResult(once) is not null)
        {
            modes.Add(LocalMode.Once);
        }
        if (result.GetResult(replay) is not null)
        {
            modes.Add(LocalMode.Replay);
        }
        if (result.GetValue(list))
        {
            modes.Add(LocalMode.List);
        }
        if (result.GetResult(explain) is not null)
        {
            modes.Add(LocalMode.Explain);
        }
        if (result.GetValue(doctor))
        {
            modes.Add(LocalMode.Doctor);
        }
        if (modes.Count > 1)
        {
            return Fail(
                $"seen --{modes[0].ToString().ToLowerInvariant()} and --{modes[1].ToString().ToLowerInvariant()}, "
                    + "expected one of them; see --help"
            );
        }
        var mode = modes.FirstOrDefault(LocalMode.Serve);
        if (mode != LocalMode.Replay && (result.GetResult(from) is not null || result.GetValue(accept)))
        {
            return Fail("--from and --accept say how to --replay a slice; see --help");
        }
        if (mode != LocalMode.Once && result.GetValue(force))
        {
            return Fail("--force says that --once asks for every slice; see --help");
        }
        var options = new LocalOptions
        {
            Mode = mode,
            Plans = result.GetValue(once) ?? [],
            Force = result.GetValue(force),
            Slice = result.GetValue(replay) ?? "",
            From = result.GetValue(from),
            Accept = result.GetValue(accept),
            Figure = result.GetValue(explain) ?? "",
            Port = result.GetValue(port),
            NoAzurite = result.GetValue(noAzurite),
            Verbose = result.GetValue(verbose),
            Json = result.GetValue(json),
            App = result.GetValue(app) is { } path ? Path.GetFullPath(path) : null,
        };
        return (options, 0);

        (LocalOptions?, int) Fail(string line)
        {
            error.WriteLine($"command line: {line}");
            return (null, 1);
        }
    }
}
