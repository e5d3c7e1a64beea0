using Pipeline.Local.Azurite;

namespace Pipeline.Local.Worker;

/// <summary>The running function app: its process, the conversation with it and what it lists.</summary>
internal sealed class FunctionApp : IAsyncDisposable
{
    private readonly WorkerListener listener;

    private FunctionApp(WorkerListener listener, WorkerProcess process, WorkerChannel channel)
    {
        this.listener = listener;
        Process = process;
        Channel = channel;
    }

    public WorkerProcess Process { get; }
    public WorkerChannel Channel { get; }

    /// <summary>How long running functions are awaited at the stop.</summary>
    public TimeSpan StopLimit { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The functions as the worker lists them.</summary>
    public IReadOnlyList<RpcFunctionMetadata> Functions { get; private set; } = [];

    /// <summary>Starts the app and waits until it has loaded its functions.</summary>
    /// <param name="folder">The folder of the built app.</param>
    /// <param name="hostFile">Its host.json.</param>
    /// <param name="registry">Where its process is remembered, for a host that is killed.</param>
    /// <param name="log">Receives the worker's log.</param>
    /// <param name="time">The clock of all waiting.</param>
    /// <param name="settings">Settings beside those of this process; null for none.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="StartException">It ends or does not answer. Nothing is left running then.</exception>
    public static async Task<FunctionApp> StartAsync(
        string folder,
        HostFile hostFile,
        HostRegistry registry,
        ConsoleLog log,
        TimeProvider time,
        IReadOnlyDictionary<string, string>? settings,
        CancellationToken cancellationToken
    )
    {
        var channel = new WorkerChannel(log, hostFile, time);
        var listening = await WorkerListener.StartAsync(channel);
        FunctionApp app;
        try
        {
            var process = WorkerProcess.Start(folder, listening.Address, channel.WorkerId, settings);
            app = new FunctionApp(listening, process, channel);
        }
        catch
        {
            await listening.DisposeAsync();
            throw;
        }
        try
        {
            registry.Enter(app.Process.Id);
            log.Say("worker: starting the function app");
            app.Functions = await app.ListAsync(folder, cancellationToken);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private async Task<IReadOnlyList<RpcFunctionMetadata>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var listed = Channel.StartAsync(folder, starting.Token);
        var died = Process.WaitAsync(starting.Token);
        var first = await Task.WhenAny(listed, died);
        cancellationToken.ThrowIfCancellationRequested();
        if (first == died && !listed.IsCompleted)
        {
            var code = await died;
            await starting.CancelAsync();
            throw new StartException(
                $"worker: ended with exit code {code} before it had listed its functions{Process.LastLines.Quoted}"
            );
        }
        var functions = await listed;
        await starting.CancelAsync();
        return functions;
    }

    /// <summary>Asks the app to end, and kills it if that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        Channel.Terminate();
        // A worker that has not connected yet cannot receive the request to end.
        await Process.StopAsync(Channel.IsConnected ? StopLimit : TimeSpan.Zero);
        Channel.Close();
        Process.Dispose();
        await listener.DisposeAsync();
    }
}
