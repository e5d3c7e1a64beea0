using System.Runtime.InteropServices;

namespace Standin.Functions.Worker.Hosting;

/// <summary>Ctrl+C and SIGTERM: the first asks the host to stop gracefully, a second ends the process at once.</summary>
internal sealed class Signals : IDisposable
{
    private const int CodeBase = 128; // shells report a process ended by signal n as 128 + n
    private readonly PosixSignalRegistration interrupt, terminate;
    private int seen;

    public Signals(Action stop)
    {
        interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Handle(context, 2, stop));
        terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Handle(context, 15, stop));
    }

    /// <summary>The exit code of the signal that was seen, or null.</summary>
    public int? ExitCode => Volatile.Read(ref seen) is > 0 and var number ? CodeBase + number : null;

    public void Dispose()
    {
        interrupt.Dispose();
        terminate.Dispose();
    }

    private void Handle(PosixSignalContext context, int number, Action stop)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref seen, number, 0) != 0) Environment.Exit(CodeBase + number);
        stop();
    }
}
