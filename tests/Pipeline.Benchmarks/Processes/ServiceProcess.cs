using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pipeline.Benchmarks.Service;

namespace Pipeline.Benchmarks.Processes;

/// <summary>
/// The storage in memory, as a process of its own; it ends when this object is disposed, or with this
/// process.
/// </summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);
    private readonly Process process;
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private readonly int port;
    private int accounts;

    private ServiceProcess(Process process, int port) => (this.process, this.port) = (process, port);

    /// <param name="kind"><c>null</c>, <c>forgetful</c> or <c>limited</c>.</param>
    public static async Task<ServiceProcess> StartAsync(string kind = "null")
    {
        var started = Process.Start(
            new ProcessStartInfo(Environment.ProcessPath!, ["service", kind])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;
        using var patience = new CancellationTokenSource(StartLimit);
        while (await started.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith(ServiceHost.Mark, StringComparison.Ordinal))
            {
                return new ServiceProcess(
                    started,
                    int.Parse(line[ServiceHost.Mark.Length..], CultureInfo.InvariantCulture)
                );
            }
        }

        throw new BenchmarkException("the storage in memory ended before it listened");
    }

    /// <summary>An account that was not used.</summary>
    public string NewAccount() => $"a{++accounts}";

    public string ConnectionString(string account) =>
        $"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={Convert.ToBase64String(new byte[16])};"
        + string.Concat(
            ((string[])["Blob", "Queue", "Table"]).Select(kind =>
                $"{kind}Endpoint=http://127.0.0.1:{port}/{account}{kind.ToLowerInvariant()};"
            )
        );

    public string TableUrl(string account) => $"http://127.0.0.1:{port}/{account}table";

    /// <summary>The publisher's address.</summary>
    public string CensusUrl => $"http://127.0.0.1:{port}/census";

    /// <summary>Where workers get their numbers, one after the other, and wait for one another.</summary>
    public string BenchUrl => $"http://127.0.0.1:{port}/bench";

    public async Task CreateTablesAsync(string account, params string[] names)
    {
        foreach (var name in names)
        {
            (
                await http.PostAsync($"{TableUrl(account)}/Tables", new StringContent($$"""{"TableName":"{{name}}"}"""))
            ).EnsureSuccessStatusCode();
        }
    }

    /// <summary>What was asked since the last time.</summary>
    public Task<Dictionary<string, double>> CountsAsync() => AskAsync("counts?clear=1");

    public Task ForgetAsync(string account) => AskAsync($"forget?account={account}");

    public Task PlantAsync(string account, string name, string file, string sha256) =>
        AskAsync(
            $"plant?account={account}&name={Uri.EscapeDataString(name)}&file={Uri.EscapeDataString(file)}"
                + $"&sha256={sha256}"
        );

    /// <summary>What the publisher answers from now on when it is asked for a body's month.</summary>
    public Task AnswerAsync(Payload body) =>
        AskAsync($"answer?time={body.Shape.Year}-01&file={Uri.EscapeDataString(body.File)}");

    /// <summary>How many rows a table has, and what their values add up to.</summary>
    public async Task<(long Rows, long Sum)> TableAsync(string account, string name)
    {
        var said = await AskAsync($"table?account={account}&name={name}");
        return ((long)said["rows"], (long)said["sum"]);
    }

    private async Task<Dictionary<string, double>> AskAsync(string what) =>
        JsonSerializer.Deserialize<Dictionary<string, double>>(
            await http.GetStringAsync($"http://127.0.0.1:{port}/bench/{what}")
        )!;

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        if (
            await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(5)))
                is not { IsCompletedSuccessfully: true }
            || !process.HasExited
        )
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync();
        process.Dispose();
        http.Dispose();
    }
}
