using System.Diagnostics;
using Pipeline.Faults.Simulation;
using Pipeline.Tests;
using Pipeline.Tests.Steps;
using Xunit;

namespace Pipeline.Faults.Processes;

/// <summary>Processes of their own on one Azurite: at the same time, and killed.</summary>
public sealed class ProcessTests(Azurite azurite, ITestOutputHelper output)
{
    private const int Interleavings = 50, Workers = 3, Kills = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string First = Body(1), Second = Body(2);

    private static string Body(int version) => string.Join(' ', Enumerable.Range(0, 30).Select(number => $"k{number:00}={(number % 3 == 0 ? number + version : number)}")) + (version == 1 ? " m=1 x=1" : " m= y=2");

    [Fact]
    public async Task Processes_on_one_account_leave_the_tables_of_one()
    {
        var wanted = await QuietAsync();
        var conflicts = 0L;
        var workers = Enumerable.Range(0, Workers).Select(_ => Start()).ToList();
        try
        {
            for (var number = 0; number < Interleavings; number++)
            {
                var account = await PrepareAsync();
                var answers = await Task.WhenAll(workers.Select((worker, at) => AskAsync(worker, account, number * Workers + at, 0, false)));
                conflicts += answers.Sum(answer => answer.Conflicts);
                Assert.Equal($"{number}\n{wanted}", $"{number}\n{await FinishAsync(account)}");
            }
        }
        finally
        {
            foreach (var worker in workers) await EndAsync(worker);
        }
        Assert.True(conflicts > 0, "no process met another: the test proves nothing");
        output.WriteLine($"{Interleavings} interleavings of {Workers} processes, {conflicts} conflicts");
        Proof.Add(Proof.Race, Interleavings, Interleavings, $"interleavings of {Workers} processes on Azurite; every one of their conflicts under ETags was decided anew");
    }

    [Fact]
    public async Task A_process_that_is_killed_at_a_storage_call_leaves_the_tables_of_a_quiet_run()
    {
        var wanted = await QuietAsync();
        var whole = Start();
        var (_, calls) = await AskAsync(whole, await PrepareAsync(), 1, 0, false);
        await EndAsync(whole);
        for (var number = 0; number < Kills; number++)
        {
            var account = await PrepareAsync();
            var (at, after) = (1 + number * (calls - 10) / Kills, number % 2 == 0);
            var worker = Start();
            await worker.StandardInput.WriteLineAsync(Line(account, number, at, after));
            await worker.StandardInput.FlushAsync();
            await worker.WaitForExitAsync().WaitAsync(Patience);
            Assert.True(worker.ExitCode != 0, $"the process was not killed at call {at} of {calls}");
            worker.Dispose();
            Assert.Equal($"killed {(after ? "after" : "before")} call {at} of {calls}\n{wanted}", $"killed {(after ? "after" : "before")} call {at} of {calls}\n{await FinishAsync(account)}");
        }
        Proof.Add(Proof.Kill, Kills, Kills, "kill -9 on Azurite; whole runs of the app are killed in tests/Pipeline.Tests");
    }

    private static TestPipeline Open(string account, FakeSource source, string body)
    {
        foreach (var key in (string[])["one", "two"]) source.Replies[key] = new(body);
        return new TestPipeline(account, SimulatedSource.Offline(source));
    }

    private async Task<string> PrepareAsync()
    {
        var account = azurite.NewAccount();
        using var source = new FakeSource("one", "two");
        await using var pipeline = Open(account, source, First);
        await pipeline.RunAsync();
        return account;
    }

    private async Task<string> QuietAsync() => await FinishAsync(await PrepareAsync());

    /// <summary>One more process's worth of work, and the account's facts, history, gaps and slices.</summary>
    private static async Task<string> FinishAsync(string account)
    {
        using var source = new FakeSource("one", "two");
        await using var pipeline = Open(account, source, Second);
        await pipeline.RunAsync();
        var lines = (await Snapshot.TakeAsync(pipeline, sums: false)).Split('\n').Where(line => !line.StartsWith("rejects ", StringComparison.Ordinal));
        return string.Join('\n', lines);
    }

    private static Process Start()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ProcessTests).Assembly.Location, "worker"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
    }

    private static string Line(string account, int seed, int killAt, bool after) => string.Join('\t', account, seed, killAt, after ? "after" : "before", Second, Second);

    private static async Task<(int Conflicts, int Calls)> AskAsync(Process worker, string account, int seed, int killAt, bool after)
    {
        await worker.StandardInput.WriteLineAsync(Line(account, seed, killAt, after));
        await worker.StandardInput.FlushAsync();
        var answer = await worker.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        Assert.True(answer?.StartsWith("done\t", StringComparison.Ordinal) == true, $"a worker answered {answer}");
        var words = answer!.Split('\t');
        return (int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture), int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static async Task EndAsync(Process worker)
    {
        worker.StandardInput.Close();
        if (!worker.WaitForExit(TimeSpan.FromSeconds(5))) worker.Kill();
        await worker.WaitForExitAsync();
        worker.Dispose();
    }
}
