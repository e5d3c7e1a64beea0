using System.Globalization;
using Azure;
using Azure.Core;
using Pipeline.Faults.Simulation;
using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Testing;

namespace Pipeline.Faults.Processes;

/// <summary>What a process is asked to do, as a line of its input.</summary>
/// <param name="Verb">One of the constants of <see cref="Worker"/>.</param>
/// <param name="Account">The connection string.</param>
/// <param name="Seed">Of the pauses it makes, and of how wrong its clock is.</param>
/// <param name="KillAt">The storage call at which it is killed; 0 for none.</param>
/// <param name="After">Whether after the call took effect.</param>
/// <param name="Body">What its source says, of both slices.</param>
internal sealed record Order(string Verb, string Account, int Seed, int KillAt, bool After, string Body)
{
    public override string ToString() => string.Join('\t', Verb, Account, Seed, KillAt, After, Body);

    public static Order Parse(string line)
    {
        var words = line.Split('\t');
        return new Order(
            words[0],
            words[1],
            int.Parse(words[2], CultureInfo.InvariantCulture),
            int.Parse(words[3], CultureInfo.InvariantCulture),
            bool.Parse(words[4]),
            words[5]
        );
    }
}

/// <summary>What a process has met.</summary>
/// <param name="Taken">Leases that were refused because another process held them.</param>
/// <param name="Calls">Storage calls.</param>
/// <param name="Retries">Steps that failed because of others and were worked on again.</param>
internal sealed record Report(int Taken, int Calls, int Retries)
{
    public override string ToString() => $"done\t{Taken}\t{Calls}\t{Retries}";

    public static Report? Parse(string? line) =>
        line?.Split('\t') is ["done", .. var words]
        && words.Select(word => int.Parse(word, CultureInfo.InvariantCulture)).ToList()
            is [var taken, var calls, var retries]
            ? new Report(taken, calls, retries)
            : null;
}

/// <summary>
/// A process that works on real storage: for each <see cref="Order"/> of its input it answers with a
/// <see cref="Report"/>.
/// </summary>
internal static class Worker
{
    /// <summary>Gets the bodies of both slices, whatever was pulled before.</summary>
    public const string Pull = "pull";

    /// <summary>Works until no message is left.</summary>
    public const string Work = "work";

    /// <summary>Plans, and works until no message is left.</summary>
    public const string Run = "run";

    public static readonly string[] Keys = ["one", "two"];

    public static async Task<int> RunAsync(TextReader input, TextWriter output)
    {
        while (await input.ReadLineAsync() is { } line)
        {
            await output.WriteLineAsync($"{await DoAsync(Order.Parse(line), output)}");
            await output.FlushAsync();
        }
        return 0;
    }

    private static async Task<Report> DoAsync(Order order, TextWriter output)
    {
        using var source = SimulatedSource.Offline(new FakeSource(Keys));
        foreach (var key in Keys)
            source.Replies[key] = new(order.Body);
        var random = new Random(order.Seed);
        var policy = new WorkerPolicy(random, order, output);
        // So that the one that is asked last does not always bring the newest body.
        var clock = new SkewedClock(TimeProvider.System)
        {
            Skew = TimeSpan.FromSeconds(order.Verb == Run ? 0 : random.Next(60)),
        };
        await using var pipeline = new TestPipeline(order.Account, source, clock, policy);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                switch (order.Verb)
                {
                    case Pull:
                        foreach (var key in Keys)
                        {
                            await pipeline.DoAsync(new PullMessage(new Slice("fake", "facts", key).Id));
                        }

                        break;
                    case Work:
                        await pipeline.DrainAsync();
                        break;
                    default:
                        await pipeline.RunAsync();
                        break;
                }
                return new Report(policy.Taken, policy.Calls, attempt);
            }
            catch (RequestFailedException e) when (attempt < 5 && e.Status is 404 or 409 or 412)
            {
                // As in the host: the message of a step that failed comes back.
                await Task.Delay(100);
            }
        }
    }

    /// <summary>
    /// Holds calls up a little, most of all changes of rows, counts leases that others held, and kills the
    /// process at a call.
    /// </summary>
    private sealed class WorkerPolicy(Random random, Order order, TextWriter output) : AsyncPolicy
    {
        private int calls,
            taken;

        public int Calls => calls;

        public int Taken => taken;

        protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
        {
            var number = Interlocked.Increment(ref calls);
            if (number == order.KillAt && !order.After)
                Die(number);
            var writes = RowWrite.Is(message.Request);
            int wait;
            lock (random)
            {
                var (oneOf, most) = writes ? (3, 30) : (8, 15);
                wait = random.Next(oneOf) == 0 ? random.Next(most) : 0;
            }

            if (wait > 0)
                await Task.Delay(wait);
            await next();
            if (number == order.KillAt)
                Die(number);
            var isLease = message.Request.Uri.Query.Contains("comp=lease", StringComparison.Ordinal);
            if (isLease && message.Response.Status == 409)
                Interlocked.Increment(ref taken);
        }

        private void Die(int number)
        {
            output.WriteLine($"call\t{number}");
            output.Flush();
            System.Diagnostics.Process.GetCurrentProcess().Kill();
        }
    }
}
