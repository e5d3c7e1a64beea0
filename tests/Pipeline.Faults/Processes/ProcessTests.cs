using System.Diagnostics;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Pipeline.Faults.Simulation;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Faults.Processes;

/// <summary>Processes of their own on one Azurite: at the same time, and killed.</summary>
public sealed class ProcessTests(Azurite azurite, ITestOutputHelper output)
{
    private const int Interleavings = 50,
        Workers = 3,
        Kills = 10;

    /// <summary>How a system says that a process was killed: 128 and the number of the signal.</summary>
    private const int Killed = 128 + 9;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly string First = Body(1),
        Second = Body(2);

    private static string Body(int version) =>
        string.Join(
            ' ',
            Enumerable.Range(0, 30).Select(number => $"k{number:00}={(number % 3 == 0 ? number + version : number)}")
        )
        + (version, version % 2) switch
        {
            (1, _) => " m=1 x=1",
            (_, 0) => " m= y=2",
            _ => $" m=3 y={version}",
        };

    /// <summary>
    /// Each process brings a body of its own for the same slices; then all load what lies there, at the same
    /// time.
    /// </summary>
    [Fact]
    public async Task Processes_on_one_account_lose_no_update_of_one_another()
    {
        using var proof = Proof.Try(
            Proof.Race,
            $"interleavings of {Workers} processes on Azurite, each with a body of its own"
        );
        var interleavings = Share.Current.Of("interleavings", 0, Interleavings);
        var (met, whole) = (new Report(0, 0, 0), 0);
        var workers = Enumerable.Range(0, Workers).Select(_ => Start()).ToList();
        try
        {
            foreach (var number in interleavings)
            {
                await proof.RunAsync($"interleaving {number}", async () =>
                {
                    var account = await PrepareAsync();
                    Order Of(string verb, int at) => new(verb, account, number * Workers + at, 0, false, Body(2 + at));
                    var pulled = await Task.WhenAll(
                        workers.Select((worker, at) => AskAsync(worker, Of(Worker.Pull, at)))
                    );
                    var worked = await Task.WhenAll(
                        workers.Select((worker, at) => AskAsync(worker, Of(Worker.Work, at)))
                    );
                    foreach (var report in pulled.Concat(worked))
                    {
                        met = new Report(met.Taken + report.Taken, 0, met.Retries + report.Retries);
                    }

                    using var source = new FakeSource(Worker.Keys);
                    await using var pipeline = Open(account, source, First);
                    // A step that failed because of another waits for its message to come back: such a slice need not
                    // be at its newest body yet.
                    var ended = pulled.Concat(worked).All(report => report.Retries == 0);
                    if (ended)
                        whole++;
                    await Truth.CheckAsync(pipeline, newest: ended);
                });
            }
        }
        finally
        {
            foreach (var worker in workers)
                await EndAsync(worker);
        }
        output.WriteLine(
            $"{interleavings.Count} interleavings of {Workers} processes: {met.Taken} leases that another "
                + $"held, {met.Retries} steps worked on again, {whole} without"
        );
        proof.End();
        Assert.True(
            met.Taken >= interleavings.Count,
            $"{met.Taken} leases that another held: the processes hardly met, which proves nothing"
        );
        Assert.True(
            whole >= interleavings.Count * 4 / 5,
            $"only {whole} of {interleavings.Count} interleavings went on to their end without a step that failed"
        );
    }

    [Fact]
    public async Task A_process_that_is_killed_at_a_storage_call_leaves_the_tables_of_a_quiet_run()
    {
        using var proof = Proof.Try(
            Proof.Kill,
            "kill -9 on Azurite; whole runs of the app are killed in tests/Pipeline.EndToEnd"
        );
        var wanted = await FinishAsync(await PrepareAsync());
        var whole = Start();
        var calls = (await AskAsync(whole, new Order(Worker.Run, await PrepareAsync(), 1, 0, false, Second))).Calls;
        await EndAsync(whole);
        foreach (var number in Share.Current.Of("kills", 0, Kills))
        {
            var (at, after, seed) = (1 + number * (calls - 10) / Kills, number % 2 == 0, number);
            await proof.RunAsync($"killed {(after ? "after" : "before")} call {at} of {calls}", async () =>
            {
                var account = await PrepareAsync();
                using var worker = Start();
                await SendAsync(worker, new Order(Worker.Run, account, seed, at, after, Second));
                var said = await worker.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
                await worker.WaitForExitAsync().WaitAsync(Patience);
                // Not one that never worked, or that fell over something else.
                Assert.Equal(($"call\t{at}", Killed), (said.Trim(), worker.ExitCode));
                await EndLeasesAsync(account);
                Assert.Equal(wanted, await FinishAsync(account));
            });
        }
        proof.End();
    }

    private static TestPipeline Open(string account, FakeSource source, string body)
    {
        foreach (var key in Worker.Keys)
            source.Replies[key] = new(body);
        return new TestPipeline(account, SimulatedSource.Offline(source));
    }

    private async Task<string> PrepareAsync()
    {
        var account = azurite.NewAccount();
        using var source = new FakeSource(Worker.Keys);
        await using var pipeline = Open(account, source, First);
        await pipeline.RunAsync();
        return account;
    }

    /// <summary>One more process's worth of work, and the account's facts, history, gaps and slices.</summary>
    private static async Task<string> FinishAsync(string account)
    {
        using var source = new FakeSource(Worker.Keys);
        await using var pipeline = Open(account, source, Second);
        await pipeline.RunAsync();
        return await Snapshot.TakeAsync(pipeline, sums: false);
    }

    /// <summary>The leases of a dead process end by themselves, some seconds later.</summary>
    private static async Task EndLeasesAsync(string account)
    {
        var locks = new BlobServiceClient(account).GetBlobContainerClient(Names.LocksContainer);
        await foreach (var blob in locks.GetBlobsAsync())
        {
            if (blob.Properties.LeaseState == LeaseState.Leased)
                await locks.GetBlobClient(blob.Name).GetBlobLeaseClient().BreakAsync(TimeSpan.Zero);
        }
    }

    private static Process Start()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ProcessTests).Assembly.Location, "worker"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
    }

    private static async Task SendAsync(Process worker, Order order)
    {
        await worker.StandardInput.WriteLineAsync($"{order}");
        await worker.StandardInput.FlushAsync();
    }

    private static async Task<Report> AskAsync(Process worker, Order order)
    {
        await SendAsync(worker, order);
        var answer = await worker.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        var report = Report.Parse(answer);
        Assert.True(report is not null, $"a worker answered {answer}");
        return report;
    }

    private static async Task EndAsync(Process worker)
    {
        worker.StandardInput.Close();
        // A worker ends with its input.
        await worker.WaitForExitAsync().WaitAsync(Patience);
        worker.Dispose();
    }
}
