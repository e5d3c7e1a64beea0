using System.Collections.Concurrent;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Pipeline.Local.Worker;

/// <summary>
/// The conversation with the worker: one stream in each direction, in which the worker is the client.
/// </summary>
/// <param name="log">Receives the worker's log.</param>
/// <param name="hostFile">Which categories of it are shown.</param>
/// <param name="time">The clock of all waiting.</param>
internal sealed class WorkerChannel(ConsoleLog log, HostFile hostFile, TimeProvider time) : FunctionRpc.FunctionRpcBase
{
    /// <summary>The longest message; far more than a queue message or a log line needs.</summary>
    public const int MaxMessageBytes = 64 << 20;

    /// <summary>A slow machine compiles the worker for a minute; one that needs longer hangs.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>
    /// What is not of interest without --verbose: keys of cookies, which this app does not use, and the worker's own
    /// address, which is not for people.
    /// </summary>
    private static readonly string[] Unshown = ["Microsoft.AspNetCore.DataProtection", "Microsoft.Hosting.Lifetime"];

    private readonly Channel<StreamingMessage> outgoing = Channel.CreateUnbounded<StreamingMessage>(
        new UnboundedChannelOptions { SingleReader = true }
    );
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StreamingMessage>> requests = new(
        StringComparer.Ordinal
    );
    private readonly ConcurrentDictionary<string, Running> invocations = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Running(string Function, TaskCompletionSource<InvocationResponse> Response);

    /// <summary>By which the worker makes itself known; another process is refused.</summary>
    public string WorkerId { get; } = Guid.NewGuid().ToString();

    /// <summary>True once the worker has made itself known.</summary>
    public bool IsConnected => connected.Task.IsCompleted;

    /// <summary>Where the worker takes HTTP requests; null until it has started.</summary>
    public Uri? HttpAddress { get; private set; }

    /// <summary>Waits for the worker, and has it load its functions.</summary>
    /// <param name="folder">The folder of the app.</param>
    /// <param name="cancellationToken">Ends the waiting, for example when the process has died.</param>
    /// <returns>The functions as the worker lists them.</returns>
    /// <exception cref="StartException">It does not answer in time, or cannot load a function.</exception>
    public async Task<IReadOnlyList<RpcFunctionMetadata>> StartAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            await connected.Task.WaitAsync(AnswerLimit, time, cancellationToken);
            var init = await AskAsync(
                new StreamingMessage
                {
                    WorkerInitRequest = new WorkerInitRequest
                    {
                        HostVersion = "4.0.0",
                        WorkerDirectory = folder,
                        FunctionAppDirectory = folder,
                    },
                },
                cancellationToken
            );
            Check("initialise", init.WorkerInitResponse.Result);
            HttpAddress = init.WorkerInitResponse.Capabilities.TryGetValue("HttpUri", out var address)
                ? new Uri(address)
                : null;
            var listed = await AskAsync(
                new StreamingMessage
                {
                    FunctionsMetadataRequest = new FunctionsMetadataRequest { FunctionAppDirectory = folder },
                },
                cancellationToken
            );
            Check("list its functions", listed.FunctionMetadataResponse.Result);
            foreach (var function in listed.FunctionMetadataResponse.FunctionMetadataResults)
            {
                var loaded = await AskAsync(
                    new StreamingMessage
                    {
                        FunctionLoadRequest = new FunctionLoadRequest
                        {
                            FunctionId = function.FunctionId,
                            Metadata = function,
                        },
                    },
                    cancellationToken
                );
                Check($"load {function.Name}", loaded.FunctionLoadResponse.Result);
            }
            return listed.FunctionMetadataResponse.FunctionMetadataResults;
        }
        catch (TimeoutException)
        {
            throw new StartException(
                $"worker: seen no response within {AnswerLimit.TotalMinutes:0} minutes, expected its list of "
                    + "functions; run 'dotnet build src/Pipeline.Local' and start again"
            );
        }
    }

    /// <summary>Runs a function in the worker.</summary>
    /// <param name="function">The function.</param>
    /// <param name="invocationId">A new id.</param>
    /// <param name="input">What its trigger gives it.</param>
    /// <param name="metadata">What is told about the trigger besides.</param>
    /// <param name="limit">The functionTimeout of host.json.</param>
    /// <param name="cancellationToken">Cancels the run: the function is told.</param>
    /// <exception cref="InvocationFailedException">The function failed, or the worker has ended.</exception>
    /// <exception cref="OperationCanceledException">The function was cancelled.</exception>
    public async Task InvokeAsync(
        WorkerFunction function,
        string invocationId,
        TypedData input,
        IReadOnlyDictionary<string, string> metadata,
        TimeSpan limit,
        CancellationToken cancellationToken
    )
    {
        var request = new InvocationRequest
        {
            InvocationId = invocationId,
            FunctionId = function.Id,
            // Without it the worker fails every HTTP function.
            TraceContext = new RpcTraceContext { TraceParent = "", TraceState = "" },
        };
        request.InputData.Add(new ParameterBinding { Name = function.Trigger.Parameter, Data = input });
        foreach (var (name, value) in metadata)
        {
            request.TriggerMetadata.Add(name, new TypedData { String = value });
        }
        var running = new Running(
            function.Name,
            new TaskCompletionSource<InvocationResponse>(TaskCreationOptions.RunContinuationsAsynchronously)
        );
        invocations[invocationId] = running;
        try
        {
            if (
                !outgoing.Writer.TryWrite(
                    new StreamingMessage { RequestId = Guid.NewGuid().ToString(), InvocationRequest = request }
                ) || closed.Task.IsCompleted
            )
            {
                throw new InvocationFailedException("the worker has ended");
            }
            using var stopped = cancellationToken.Register(() => Cancel(invocationId));
            var response = await running.Response.Task.WaitAsync(limit, time, CancellationToken.None);
            switch (response.Result?.Status)
            {
                case StatusResult.Types.Status.Success:
                    return;
                case StatusResult.Types.Status.Cancelled:
                    throw new OperationCanceledException(cancellationToken);
                default:
                    throw new InvocationFailedException(InWords(response.Result?.Exception));
            }
        }
        catch (TimeoutException)
        {
            Cancel(invocationId);
            // The worker logs what fails there; this it does not know.
            log.Event(
                LogLevel.Error,
                function.Name,
                $"still running after {limit:c}, the functionTimeout of host.json; it is cancelled"
            );
            throw new InvocationFailedException($"still running after {limit:c}, the functionTimeout of host.json");
        }
        finally
        {
            invocations.TryRemove(invocationId, out _);
        }
    }

    private string InWords(RpcException? error)
    {
        if (error is null)
            return "the function failed";
        return log.Verbose
            ? $"{error.Type}: {error.Message}\n{error.StackTrace}"
            : $"{Short(error.Type)}: {error.Message.Split('\n')[0].Trim()}";
    }

    /// <summary>Asks the worker to end.</summary>
    public void Terminate()
    {
        outgoing.Writer.TryWrite(
            new StreamingMessage
            {
                WorkerTerminate = new WorkerTerminate { GracePeriod = Duration.FromTimeSpan(Grace) },
            }
        );
        outgoing.Writer.TryComplete();
    }

    /// <summary>The worker's process has ended: whatever still runs there has failed.</summary>
    public void Close()
    {
        closed.TrySetResult();
        outgoing.Writer.TryComplete();
        foreach (var running in invocations.Values)
        {
            running.Response.TrySetException(new InvocationFailedException("the worker has ended"));
        }
    }

    /// <inheritdoc/>
    public override async Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream,
        IServerStreamWriter<StreamingMessage> responseStream,
        ServerCallContext context
    )
    {
        if (
            !await requestStream.MoveNext(context.CancellationToken)
            || requestStream.Current.StartStream?.WorkerId != WorkerId
        )
        {
            throw new Grpc.Core.RpcException(
                new Status(StatusCode.PermissionDenied, "this is the worker of another host")
            );
        }
        connected.TrySetResult();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var writing = WriteAsync(responseStream, ended.Token);
        try
        {
            while (await requestStream.MoveNext(context.CancellationToken))
            {
                Receive(requestStream.Current);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The process has ended, which the host that watches it reports.
        }
        await ended.CancelAsync();
        await writing;
        Close();
    }

    private async Task WriteAsync(IServerStreamWriter<StreamingMessage> stream, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var message in outgoing.Reader.ReadAllAsync(cancellationToken))
            {
                await stream.WriteAsync(message, cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The stream has ended with the worker.
        }
    }

    private async Task<StreamingMessage> AskAsync(StreamingMessage message, CancellationToken cancellationToken)
    {
        message.RequestId = Guid.NewGuid().ToString();
        var response = requests.GetOrAdd(message.RequestId, _ => new TaskCompletionSource<StreamingMessage>(
            TaskCreationOptions.RunContinuationsAsynchronously
        ));
        outgoing.Writer.TryWrite(message);
        return await response.Task.WaitAsync(AnswerLimit, time, cancellationToken);
    }

    private void Receive(StreamingMessage message)
    {
        switch (message.ContentCase)
        {
            case StreamingMessage.ContentOneofCase.RpcLog:
                Log(message.RpcLog);
                break;
            case StreamingMessage.ContentOneofCase.InvocationResponse:
                if (invocations.TryGetValue(message.InvocationResponse.InvocationId, out var running))
                {
                    running.Response.TrySetResult(message.InvocationResponse);
                }
                break;
            default:
                if (requests.TryRemove(message.RequestId, out var waiting))
                {
                    waiting.TrySetResult(message);
                }
                break;
        }
    }

    private void Log(RpcLog line)
    {
        var level = (LogLevel)(int)line.Level;
        if (
            level < hostFile.LevelOf(line.Category)
            || !log.Verbose && Unshown.Any(category => line.Category.StartsWith(category, StringComparison.Ordinal))
        )
        {
            return;
        }
        var text = line.Message;
        if (line.Exception is { } error)
        {
            text = log.Verbose
                ? $"{text} {error.Message}\n{error.StackTrace}"
                : $"{text} {error.Message.Split('\n')[0]}";
        }
        if (text.Trim().Length > 0)
        {
            log.Event(
                level,
                invocations.TryGetValue(line.InvocationId, out var running) ? running.Function : null,
                text.Trim()
            );
        }
    }

    private void Cancel(string invocationId) =>
        outgoing.Writer.TryWrite(
            new StreamingMessage
            {
                InvocationCancel = new InvocationCancel
                {
                    InvocationId = invocationId,
                    GracePeriod = Duration.FromTimeSpan(Grace),
                },
            }
        );

    private static void Check(string what, StatusResult? result)
    {
        if (result is not null && result.Status != StatusResult.Types.Status.Success)
        {
            throw new StartException(
                $"worker: could not {what}: {result.Exception?.Message.Split('\n')[0] ?? result.Result}"
            );
        }
    }

    private static string Short(string type) => type[(type.LastIndexOf('.') + 1)..];
}
