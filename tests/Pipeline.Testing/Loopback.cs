using System.Net;
using System.Net.Sockets;

namespace Pipeline.Testing;

/// <summary>Ports of this machine, for servers that tests and benchmarks start.</summary>
internal static class Loopback
{
    // Below the ports that systems give to clients, so that no connection takes one that was handed out.
    private const int First = 20_000;
    private const int Blocks = 50;
    private const int BlockSize = 240;

    private static readonly Lock Gate = new();
    private static FileStream? block;
    private static int next;

    /// <summary>
    /// A free port of the loopback address, which no other test gets: each process of tests takes a block of ports for
    /// as long as it runs, and hands them out in turn.
    /// </summary>
    public static int FreePort()
    {
        lock (Gate)
        {
            for (var attempt = 0; attempt < BlockSize; attempt++)
            {
                if (block is null)
                    (block, next) = TakeBlock();
                var port = next++;
                if ((next - First) % BlockSize == 0)
                    next -= BlockSize;
                if (IsFree(port))
                    return port;
            }
        }
        throw new InvalidOperationException(
            $"ports: seen all of {BlockSize} from {next / BlockSize * BlockSize} on in use, expected a free one"
        );
    }

    private static (FileStream Lock, int First) TakeBlock()
    {
        for (var number = 0; number < Blocks; number++)
        {
            try
            {
                var file = new FileStream(
                    Path.Combine(Path.GetTempPath(), $"pipeline-test-ports-{number}.lock"),
                    FileMode.OpenOrCreate,
                    FileAccess.ReadWrite,
                    FileShare.None
                );
                return (file, First + number * BlockSize);
            }
            catch (IOException)
            {
                // Another process has it.
            }
        }
        throw new InvalidOperationException($"ports: seen {Blocks} processes of tests, expected fewer at a time");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>
    /// A server that has started. Another program may take a free port in between, so a few are tried.
    /// </summary>
    /// <param name="address">Its address without a slash at the end.</param>
    public static HttpListener StartServer(out string address)
    {
        for (var attempt = 1; ; attempt++)
        {
            var listener = new HttpListener();
            address = $"http://127.0.0.1:{FreePort()}";
            listener.Prefixes.Add(address + "/");
            try
            {
                listener.Start();
                return listener;
            }
            catch (HttpListenerException) when (attempt < 20)
            {
                listener.Close();
            }
        }
    }

    /// <summary>Whether a server listens on a port.</summary>
    public static async Task<bool> AnswersAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
