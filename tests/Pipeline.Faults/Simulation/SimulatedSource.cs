using System.Net;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Storage;
using Pipeline.Testing;

namespace Pipeline.Faults.Simulation;

/// <summary>The small source without a network, and the bodies it gives in turn.</summary>
internal static class SimulatedSource
{
    /// <summary>
    /// So many rows every body has: what else comes and goes is below the twentieth that would refuse it.
    /// </summary>
    private const int Steady = 60;

    /// <summary>Lets the source answer from memory.</summary>
    public static FakeSource Offline(FakeSource source)
    {
        source.Fetch = async (fetching, cancellationToken) =>
        {
            var reply = source.Replies[fetching.Slice.Key];
            var request = source.GetRequest(fetching.Slice);
            using var response = new HttpResponseMessage((HttpStatusCode)reply.Status);
            var bytes = Encoding.UTF8.GetBytes(reply.Status == 200 ? reply.Body : "");
            var answer = new Answer(
                reply.Status,
                response.Headers,
                "text/plain",
                bytes.AsMemory(0, Math.Min(bytes.Length, Answer.EndBytes)),
                default,
                bytes.Length
            );
            if (reply.Status != 200)
                return new FetchResult(request, FakeSource.Judge(answer), answer, null, "", null);
            var file = new BodyFile();
            await file.WriteAsync(bytes, cancellationToken);
            return FetchResult.Assembled(request, answer, file);
        };
        return source;
    }

    /// <summary>
    /// A body: most rows as before, some revised, some that come and go, now and then spoilt or far too
    /// short.
    /// </summary>
    /// <param name="random">Gives it.</param>
    /// <param name="final">Whether it is the source's last word: it is one that can be loaded.</param>
    public static FakeSource.Reply Next(Random random, bool final)
    {
        if (!final)
        {
            switch (random.Next(12))
            {
                case 0:
                    return new("", 503);
                case 1:
                    return new("", 204);
                case 2:
                    return new("k00=1");
                case 3:
                    return new(Body(random, rejects: true) + " !");
            }
        }
        return new(Body(random, rejects: !final && random.Next(4) == 0));
    }

    private static string Body(Random random, bool rejects)
    {
        var words = Enumerable
            .Range(0, Steady)
            .Select(number => $"k{number:00}={(number < 6 ? random.Next(5) : number)}")
            .ToList();
        if (random.Next(2) == 0)
            words.Add($"z:x={random.Next(5)}");
        words.Add(random.Next(2) == 0 ? "m=" : "m=7");
        words.Add(rejects ? "q=?" : $"q={random.Next(5)}");
        words.Add("#");
        return string.Join(' ', words);
    }

    /// <summary>The facts and gaps that a body stands for, as texts.</summary>
    public static IEnumerable<string> Meaning(string key, string body) =>
        body.Split(' ')
            .Where(word => word[0] != '#')
            .Select(word => word.Split('='))
            .Select(pair =>
                pair[1].Length == 0
                    ? $"gap {FakeSource.PartitionOf(key, pair[0])} {pair[0]}"
                    : $"fact {FakeSource.PartitionOf(key, pair[0])} {pair[0]} {pair[1]}"
            );
}
