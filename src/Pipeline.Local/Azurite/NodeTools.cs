using System.Globalization;

namespace Pipeline.Local.Azurite;

/// <summary>Node.js and the npm packages that a run needs.</summary>
/// <param name="root">The checkout, whose package.json names the packages.</param>
/// <param name="time">The clock of the progress lines.</param>
/// <param name="say">Receives progress.</param>
internal sealed class NodeTools(string root, TimeProvider time, Action<string> say)
{
    /// <summary>The oldest version that Azurite runs on.</summary>
    public const int Oldest = 20;

    private const int LastLines = 12;
    private const string Remedy =
        "install it, or set AzureWebJobsStorage and PipelineStorage to a real account and use --no-azurite";

    /// <summary>npm writes a line for each package; a machine that needs longer for one has lost its network.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LockLimit = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(3);

    /// <summary>The command of Node.js; tests name others.</summary>
    public string Node { get; init; } = "node";

    /// <summary>The command of npm; tests name others.</summary>
    public string Npm { get; init; } = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";

    /// <summary>Azurite's script.</summary>
    public string Script { get; } = Path.Combine(root, "node_modules", "azurite", "dist", "src", "azurite.js");

    /// <summary>True if npm has installed Azurite to the end: it writes its list of what is there last.</summary>
    public bool IsComplete =>
        File.Exists(Script)
        && File.Exists(Path.Combine(root, "node_modules", ".package-lock.json"))
        && File.ReadAllText(Path.Combine(root, "node_modules", ".package-lock.json"))
            .Contains("\"node_modules/azurite\"", StringComparison.Ordinal);

    /// <summary>The version of Node.js, for example 20.19.2.</summary>
    /// <exception cref="StartException">Node.js is missing or too old.</exception>
    public async Task<string> CheckNodeAsync(CancellationToken cancellationToken)
    {
        var last = "";
        if (await Commands.RunAsync(Node, ["--version"], root, Quiet, line => last = line, cancellationToken) is null)
        {
            throw Missing(Node);
        }
        var version = last.Trim().TrimStart('v');
        if (
            !int.TryParse(version.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            || major < Oldest
        )
        {
            throw new StartException(
                $"Node.js: seen version \"{version}\", expected {Oldest} or newer for Azurite; {Remedy}"
            );
        }
        return version;
    }

    /// <summary>Fetches the npm packages of a run if they are not there: those for tests are left out.</summary>
    /// <exception cref="StartException">npm is missing or could not fetch them.</exception>
    public async Task FetchAsync(CancellationToken cancellationToken)
    {
        if (IsComplete)
        {
            return;
        }
        // Two fetches at a time would delete each other's packages. The tests of this checkout take the lock, too.
        var file = Path.Combine(root, ".azurite", "npm.lock");
        using var alone = await FileLock.TryAcquireAsync(
            file,
            LockLimit,
            time,
            () => say($"npm: waiting for another process that fetches packages and holds {file}"),
            cancellationToken
        ) ?? throw FileLock.Held(file, LockLimit);
        if (!IsComplete)
        {
            await RunNpmAsync(cancellationToken);
        }
    }

    private async Task RunNpmAsync(CancellationToken cancellationToken)
    {
        say("npm: fetching Azurite, once; about half a minute on an idle machine with a fast connection");
        var started = time.GetTimestamp();
        var said = started;
        var packages = 0;
        var lines = new List<string>();
        int? code;
        try
        {
            code = await Commands.RunAsync(
                Npm,
                ["ci", "--omit=optional", "--no-fund", "--no-audit", "--no-progress", "--loglevel=http"],
                root,
                Quiet,
                Receive,
                cancellationToken
            );
        }
        catch (TimeoutException)
        {
            throw Failed($"no line for {Quiet.TotalMinutes:0} minutes", lines);
        }
        if (code is null)
        {
            throw Missing(Npm);
        }
        if (code != 0 || !IsComplete)
        {
            throw Failed(code == 0 ? "no Azurite afterwards" : $"exit code {code}", lines);
        }
        say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"npm: {packages} packages in {time.GetElapsedTime(started).TotalSeconds:0} s"
            )
        );

        void Receive(string line)
        {
            lock (lines)
            {
                // A line a request, with the registry's address, which is of no interest.
                if (line.Contains("npm http", StringComparison.Ordinal))
                {
                    packages++;
                }
                else
                {
                    lines.Add(line);
                }
                if (time.GetElapsedTime(said) >= ProgressPeriod)
                {
                    said = time.GetTimestamp();
                    say(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"npm: {packages} packages so far, {time.GetElapsedTime(started).TotalSeconds:0} s"
                        )
                    );
                }
            }
        }
    }

    private StartException Failed(string seen, List<string> lines)
    {
        lock (lines)
        {
            return new StartException([
                $"'npm ci --omit=optional' in {root}: seen {seen}, expected the packages of package.json; connect "
                    + "to the network and run it by hand. Its last lines:",
                .. lines.TakeLast(LastLines).Select(line => "  " + line),
            ]);
        }
    }

    private static StartException Missing(string command) =>
        new(
            $"Node.js: seen no '{command}' on the PATH, expected Node.js {Oldest} or newer with npm for Azurite; "
                + $"{Remedy}"
        );
}
