using System.Globalization;
using Azure.Core;
using Pipeline.Faults.Simulation;
using Pipeline.Tests;
using Pipeline.Tests.Steps;

namespace Pipeline.Faults.Processes;

/// <summary>A process that works on real storage: for each line of its input, <c>account seed killAt after body…</c>, it plans and works until nothing is left, and answers with what it met.</summary>
internal static class Worker
{
    public static async Task<int> RunAsync(TextReader input, TextWriter output)
    {
        while (await input.ReadLineAsync() is { } line)
        {
            var words = line.Split('\t');
            var (account, seed, killAt, after) = (words[0], int.Parse(words[1], CultureInfo.InvariantCulture), int.Parse(words[2], CultureInfo.InvariantCulture), words[3] == "after");
            using var source = SimulatedSource.Offline(new FakeSource("one", "two"));
            foreach (var (key, body) in ((string, string)[])[("one", words[4]), ("two", words[5])]) source.Replies[key] = new(body);
            var policy = new WorkerPolicy(new Random(seed), killAt, after);
            await using var pipeline = new TestPipeline(account, source, policy);
            for (var attempt = 0; ; attempt++)
            {
                try
                {
                    await pipeline.RunAsync();
                    break;
                }
                catch (Azure.RequestFailedException e) when (attempt < 5 && e.Status is 404 or 409 or 412)
                {
                    // As in the host: the message of a step that failed comes back.
                    await Task.Delay(100);
                }
            }
            await output.WriteLineAsync($"done\t{policy.Conflicts}\t{policy.Calls}");
            await output.FlushAsync();
        }
        return 0;
    }

    /// <summary>Holds calls up a little, counts refusals because of others, and kills the process at a call.</summary>
    private sealed class WorkerPolicy(Random random, int killAt, bool after) : AsyncPolicy
    {
        private int calls, conflicts;

        public int Calls => calls;
        public int Conflicts => conflicts;

        protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
        {
            var number = Interlocked.Increment(ref calls);
            if (number == killAt && !after) System.Diagnostics.Process.GetCurrentProcess().Kill();
            int wait;
            lock (random) wait = random.Next(8) == 0 ? random.Next(15) : 0;
            if (wait > 0) await Task.Delay(wait);
            await next();
            if (number == killAt) System.Diagnostics.Process.GetCurrentProcess().Kill();
            if (message.Response.Status is 412 or 409 || (message.Response.Status == 404 && message.Request.Method == RequestMethod.Delete)) Interlocked.Increment(ref conflicts);
        }
    }
}
