using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Pipeline.Local.Azurite;

namespace Pipeline.Local.Worker;

/// <summary>The built function app as a process of its own.</summary>
internal sealed class WorkerProcess : IDisposable
{
    /// <summary>The file that the build of the function app makes.</summary>
    public const string AssemblyName = "Pipeline.Functions.dll";

    private readonly Process process;
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WorkerProcess(ProcessStartInfo start)
    {
        Process? started = null;
        Exception? failure = null;
        using var ready = new ManualResetEventSlim();
        // Linux ends the worker with the thread that started it (pdeathsig), so that this thread must live as long as
        // the host.
        var parent = new Thread(() =>
        {
            try
            {
                started = Process.Start(start);
            }
            catch (Win32Exception e)
            {
                failure = e;
            }
            ready.Set();
            released.Task.Wait();
        })
        {
            IsBackground = true,
            Name = "parent of the worker",
        };
        parent.Start();
        ready.Wait();
        process = started
            ?? throw new StartException(
                $"worker: '{start.FileName}' did not start: {failure?.Message ?? "no process"}"
            );
        Id = ProcessId.Of(process);
        LastLines.Read(process);
    }

    /// <summary>By which it can be ended later; null if it ended at once.</summary>
    public ProcessId? Id { get; }

    /// <summary>The last lines it wrote.</summary>
    public LastLines LastLines { get; } = new();

    /// <summary>The file of the built app.</summary>
    /// <exception cref="StartException">There is none.</exception>
    public static string Find(string folder)
    {
        var assembly = Path.Combine(folder, AssemblyName);
        return File.Exists(assembly)
            ? assembly
            : throw new StartException(
                $"worker: seen no {assembly}, expected the built function app; run 'dotnet build src/Pipeline.Local'"
            );
    }

    /// <summary>Starts the function app.</summary>
    /// <param name="folder">The folder of the built app.</param>
    /// <param name="address">Where the host listens for it.</param>
    /// <param name="workerId">By which it makes itself known.</param>
    /// <param name="settings">Settings beside those of this process; null for none.</param>
    public static WorkerProcess Start(
        string folder,
        Uri address,
        string workerId,
        IReadOnlyDictionary<string, string>? settings = null
    )
    {
        var assembly = Find(folder);
        string[] command =
        [
            Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet",
            assembly,
            "--functions-uri",
            address.ToString(),
            "--functions-worker-id",
            workerId,
            "--functions-request-id",
            workerId,
            "--functions-grpc-max-message-length",
            WorkerChannel.MaxMessageBytes.ToString(CultureInfo.InvariantCulture),
        ];
        if (OperatingSystem.IsLinux() && File.Exists("/usr/bin/setpriv"))
        {
            command = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", .. command];
        }
        if (OperatingSystem.IsLinux() && File.Exists("/usr/bin/setsid"))
        {
            // Ctrl-C in a terminal is for the host alone: it ends the worker when the listeners have stopped.
            command = ["/usr/bin/setsid", .. command];
        }
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["FUNCTIONS_APPLICATION_DIRECTORY"] = folder;
        start.Environment["FUNCTIONS_WORKER_DIRECTORY"] = folder;
        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        return new WorkerProcess(start);
    }

    /// <summary>Waits until the process has ended.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }

    /// <summary>Waits until the process has ended, and kills it when that takes too long.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        using var limit = new CancellationTokenSource(grace);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    public void Dispose()
    {
        released.TrySetResult();
        process.Dispose();
    }
}
