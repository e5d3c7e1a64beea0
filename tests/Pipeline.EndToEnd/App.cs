using System.Diagnostics;
using System.Text;
using Pipeline.Settings;
using Pipeline.Sources;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>
/// The local host with the built app, as a person starts it. It is killed when the test ends, whatever
/// happens.
/// </summary>
internal sealed class App : IAsyncDisposable
{
    /// <summary>
    /// No run of the app takes longer, also on a machine that is ten times slower: after this it hangs.
    /// </summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly Process process = new();
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();

    private App(ProcessStartInfo start)
    {
        process.StartInfo = start;
        process.OutputDataReceived += (_, line) => Keep(output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(error, line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The function app's output folder, of the same configuration as the tests.</summary>
    public static string Folder { get; } = Output("Pipeline.Functions");

    /// <summary>The local host.</summary>
    public static string Local { get; } = Path.Combine(Output("Pipeline.Local"), "Pipeline.Local.dll");

    /// <summary>Stands for the folder of the user, so that tests leave nothing there.</summary>
    private static string UserData { get; } = Path.Combine(Repository.Root, ".azurite", "user");

    /// <summary>The folder of the hosts that use the Azurite on some ports, from every checkout.</summary>
    public static string Hosts(IEnumerable<int> ports) =>
        Path.Combine(
            OperatingSystem.IsLinux()
                ? UserData
                : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData),
            "trade-pipeline",
            $"azurite-{string.Join('-', ports)}"
        );

    public string Out => Text(output);
    public string Error => Text(error);
    public bool HasExited => process.HasExited;
    public int Id => process.Id;

    /// <summary>How a run of the app ended.</summary>
    internal sealed record Ended(int ExitCode, string Out, string Error)
    {
        public IReadOnlyList<string> ErrorLines { get; } = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        public override string ToString() => $"exit code {ExitCode}\n{Out}\n{Error}";
    }

    /// <summary>
    /// Every setting the app reads, so that neither the machine's environment nor a developer's settings file
    /// takes part.
    /// </summary>
    public static Dictionary<string, string> Settings(string account) =>
        new(AllSettings.Schedules, StringComparer.Ordinal)
        {
            ["AzureWebJobsStorage"] = account,
            ["PipelineStorage"] = account,
            ["Sources__Mode"] = "samples",
            ["Census__BaseUrl"] = "https://api.census.gov/data/timeseries/intltrade",
            ["Census__CountryFileUrl"] = "https://www.census.gov/foreign-trade/balance/country.xlsx",
            ["Census__Partners"] = "4621",
            ["Census__Levels"] = "total,HS2",
            ["Census__From"] = "1992-01",
            ["Unctad__BulkUrl"] = "https://unctadstat-api.unctad.org/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock",
            ["Unctad__CatalogueUrl"] = "https://unctadstat-api.unctad.org/api/datacenter/en",
            ["Unctad__ApiUrl"] = "",
            ["Unctad__PartnersFile"] = "fdi-partners.csv",
            ["Moex__IssUrl"] = "https://iss.moex.com/iss",
            ["Moex__OfzTableUrl"] = "https://www.cbr.ru/path/table_ofz.xlsx",
            ["Moex__NsdUrl"] = "",
            ["Moex__HoldersFile"] = "holders.csv",
        };

    /// <summary>
    /// Settings of the trade source alone. The others are switched off as far as they can be, and no timer plans them.
    /// </summary>
    public static Dictionary<string, string> Trade(string account)
    {
        var settings = Settings(account);
        foreach (var source in OtherSources)
            settings[source.Schedule.Name] = AllSettings.NoSchedule;
        foreach (var name in OtherSwitches)
            settings[name] = "";
        return settings;
    }

    /// <summary>The sources that the tests of the trade do without.</summary>
    private static IEnumerable<SourceSettings> OtherSources =>
        SourceServices.Settings.Where(source => source.Source != "census-trade");

    private static IReadOnlyList<string> OtherSwitches { get; } = AllSettings.MayBeEmpty(OtherSources);

    /// <summary>Settings of the trade source alone in live mode: what can be asked is on one server.</summary>
    /// <param name="account">The storage account.</param>
    /// <param name="server">The address of a server on this machine, without a slash at its end.</param>
    public static Dictionary<string, string> LiveTrade(string account, string server)
    {
        var settings = Trade(account);
        settings["Sources__Mode"] = "live";
        foreach (var setting in AllSettings.List.Where(AllSettings.IsAddress))
        {
            if (settings.GetValueOrDefault(setting.Name) != "")
                settings[setting.Name] = server;
        }

        return settings;
    }

    /// <summary>Settings with which a run takes a second or two: the newest years hold few partners.</summary>
    public static Dictionary<string, string> Small(string account, params (string Name, string Value)[] more)
    {
        var settings = Trade(account);
        settings["Census__From"] = "2023-01";
        foreach (var (name, value) in more)
            settings[name] = value;
        return settings;
    }

    /// <summary>Starts the local host; the current folder is one that has nothing to do with the checkout.</summary>
    public static App Start(IReadOnlyDictionary<string, string> settings, params string[] arguments) =>
        Command("dotnet", settings, [Local, "--no-azurite", .. arguments]);

    /// <summary>Starts any command with the app's settings.</summary>
    public static App Command(
        string command,
        IReadOnlyDictionary<string, string> settings,
        params string[] arguments
    ) => CommandIn(Path.GetTempPath(), command, settings, arguments);

    /// <summary>The same in a folder.</summary>
    public static App CommandIn(
        string folder,
        string command,
        IReadOnlyDictionary<string, string> settings,
        params string[] arguments
    )
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] own =
        [
            "Sources__",
            .. SourceServices.Settings.SelectMany(source => (string[])[$"{source.Section}__", source.Schedule.Name]),
            "PipelineStorage",
            "AzureWebJobs",
            "AzureFunctionsJobHost",
            "AZURE_FUNCTIONS",
            "ASPNETCORE_",
            "MONITOR_",
        ];
        foreach (
            var name in start
                .Environment.Keys.Where(name =>
                    own.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                )
                .ToList()
        )
        {
            start.Environment.Remove(name);
        }

        start.Environment["XDG_DATA_HOME"] = UserData;
        // A run ends before better code would have paid for being compiled: it saves a third of the processor's time.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_CallCounting"] = "0";
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return new App(start);
    }

    /// <summary>Runs the app to its end.</summary>
    public static async Task<Ended> RunAsync(IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        await using var app = Start(settings, arguments);
        return await app.EndAsync();
    }

    /// <summary>Waits until the process has ended by itself.</summary>
    public async Task<Ended> EndAsync(TimeSpan? limit = null)
    {
        using var patience = new CancellationTokenSource(limit ?? Limit);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the app still runs after {limit ?? Limit:c}\n{Out}\n{Error}");
        }
        return new Ended(process.ExitCode, Out, Error);
    }

    /// <summary>Waits until something is so.</summary>
    public async Task UntilAsync(string what, Func<Task<bool>> condition, int milliseconds = 20)
    {
        var started = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.False(
                process.HasExited,
                $"the app ended before {what}: {(process.HasExited ? process.ExitCode : 0)}\n{Out}\n{Error}"
            );
            Assert.True(started.Elapsed < Limit, $"not seen within {Limit:c}: {what}\n{Out}\n{Error}");
            await Task.Delay(milliseconds);
        }
    }

    /// <summary>Waits for a line of its output.</summary>
    public Task UntilSaysAsync(string text) =>
        UntilAsync(text, () => Task.FromResult(Out.Contains(text, StringComparison.Ordinal)));

    /// <summary>The process id of the worker, which the local host has written down.</summary>
    public int WorkerId()
    {
        using var entry = System.Text.Json.JsonDocument.Parse(
            File.ReadAllText(Path.Combine(Repository.Root, ".azurite", "hosts", $"host-{process.Id}.json"))
        );
        return entry.RootElement.GetProperty("Worker").GetProperty("Pid").GetInt32();
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary><c>kill -TERM</c>.</summary>
    public async Task TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
        process.Dispose();
    }

    private static string Output(string project) =>
        Path.Combine(
            Repository.Root,
            "src",
            project,
            Path.GetRelativePath(Path.Combine(Repository.Root, "tests", "Pipeline.EndToEnd"), AppContext.BaseDirectory)
        );

    private static void Keep(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (text)
            text.Append(line).Append('\n');
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
