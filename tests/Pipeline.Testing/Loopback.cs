using System.Net;
using System.Net.Sockets;

namespace Pipeline.Testing;

/// <summary>Ports of this machine, for servers that tests and benchmarks start.</summary>
internal static class Loopback
{
    /// <summary>A port of the loopback address that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>
    /// A server that has started. Another process may take a free port in between, so a few are tried.
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
