using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Azure;
using Pipeline.Datasets;
using Pipeline.Faults.Simulation;
using Pipeline.Faults.Sources;
using Pipeline.Ingestion;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Sources.Unctad.FlowsStock;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Hostile;

/// <summary>
/// Spoilt bodies, messages and parameters: 100,000 in all, of which the <see cref="Share"/> is run;
/// <c>FAULTS_INPUTS</c> sets another number, <c>FAULTS_FUZZ_SEED</c> makes others, and <c>FAULTS_FUZZ_FROM</c>
/// begins at a later one of each kind. What fails names both.
/// </summary>
public sealed class FuzzTests
{
    private static readonly int Inputs = Number("FAULTS_INPUTS", 100_000),
        Seed = Number("FAULTS_FUZZ_SEED", 1),
        From = Number("FAULTS_FUZZ_FROM", 0);

    /// <summary>
    /// What a reader may take for a body of some kilobytes, however it is spoilt: buffers and what an archive
    /// may unpack.
    /// </summary>
    private const long MostBytes = 96L << 20;

    /// <summary>
    /// Real time: no input of some kilobytes takes so long, also on a machine that does other things.
    /// </summary>
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    private static readonly int PerReader = Inputs * 8 / 10 / SourceCase.All.Count,
        PerMessage = Inputs - PerReader * SourceCase.All.Count;

    public static TheoryData<string> Datasets => [.. SourceCase.All.Select(dataset => dataset.SliceId)];

    [Theory, MemberData(nameof(Datasets))]
    public async Task A_spoilt_body_ends_in_an_outcome_that_says_where(string slice)
    {
        using var proof = Proof.Try(Proof.Hostile, "every reader", Of(slice, PerReader).Count);
        var dataset = SourceCase.All.Single(dataset => dataset.SliceId == slice);
        var source = dataset.Make(new Uri("http://127.0.0.1:1"));
        var body = Body(dataset, source);
        var context = new BodyContext(SourceCase.Start, (_, _) => Task.FromResult<string?>(null));
        var reader = await source.Of(dataset.Slice).CreateParserAsync(dataset.Slice, context, CancellationToken.None);
        await EachAsync(slice, Of(slice, PerReader), async number =>
        {
            var spoilt = Spoil(dataset, body, new Mutator(SeedOf(slice, number)), number);
            try
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var work = BodyOutcome.ReadAsync(reader, spoilt);
                if (work.IsCompleted)
                {
                    Assert.True(
                        GC.GetAllocatedBytesForCurrentThread() - before < MostBytes,
                        $"took {GC.GetAllocatedBytesForCurrentThread() - before} bytes"
                    );
                }

                Check(await work, reader);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"{Convert.ToBase64String(spoilt.Length > 4000 ? spoilt[..4000] : spoilt)}: {e.Message}",
                    e
                );
            }
        });
        proof.Held();
    }

    [Fact]
    public async Task A_spoilt_message_touches_nothing_but_what_it_names_and_is_kept()
    {
        using var proof = Proof.Try(
            Proof.Hostile,
            "queue messages",
            Names.Queues.Sum(queue => Of(queue, PerQueue(queue)).Count)
        );
        using var source = SimulatedSource.Offline(new FakeSource { Body = "a=1 b=2" });
        var clock = new VirtualClock(SourceCase.Start, TimeSpan.FromSeconds(15));
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            source,
            clock,
            new MemoryStorage(clock) { Yields = false }
        );
        await pipeline.RunAsync();
        var facts = (await pipeline.RowsAsync("fakefacts")).Select(row => row.ETag).ToList();
        var blob = (await pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None)).Single().Blob;
        foreach (
            var (queue, message) in ((string, StepMessage)[])
                [
                    (Names.PullQueue, new PullMessage(FakeSource.One.Id)),
                    (Names.NormalizeQueue, new NormalizeMessage(FakeSource.One.Id, blob)),
                    (Names.PublishQueue, new CompleteRunMessage(FakeSource.One.Id, blob)),
                ]
        )
        {
            var good = message.ToJson().ToArray();
            await EachAsync(queue, Of(queue, PerQueue(queue)), async number =>
            {
                var body = BinaryData.FromBytes(new Mutator(SeedOf(queue, number)).Next(good));
                var error = await Record.ExceptionAsync(() => pipeline.HandleAsync(queue, body));
                Assert.True(
                    error
                        is null
                            or JsonException
                            or FormatException
                            or KeyNotFoundException
                            or RequestFailedException { Status: 404 }
                            or NullReferenceException { TargetSite.Name: nameof(TestPipeline.HandleAsync) },
                    $"{queue} {body}: {error}"
                );
                if (SeedOf("kept", number) % 20 == 0)
                    await pipeline.Get<DeadLetters>().KeepAsync(queue, body, clock.GetUtcNow(), CancellationToken.None);
            });
        }
        await pipeline.DrainAsync();
        Assert.Equal(facts, (await pipeline.RowsAsync("fakefacts")).Select(row => row.ETag));
        Assert.All(await pipeline.RowsAsync(Names.Rejects), row =>
            Assert.True(
                row.PartitionKey.StartsWith("unknown|", StringComparison.Ordinal)
                    || row.GetString("Slice")
                        .StartsWith(row.PartitionKey.Split('|')[0] + "/", StringComparison.Ordinal),
                $"{row.PartitionKey} {row["Slice"]}"
            )
        );
        Assert.All(await pipeline.RowsAsync(Names.Slices), row => Assert.Equal("fake", row.PartitionKey));
        proof.Held();
    }

    [Fact]
    public async Task A_spoilt_parameter_is_refused_in_words_or_names_a_slice()
    {
        using var proof = Proof.Try(Proof.Hostile, "HTTP parameters", Of("HTTP parameters", PerMessage / 2).Count);
        using var source = SimulatedSource.Offline(new FakeSource { Body = "a=1 b=2" });
        var clock = new VirtualClock(SourceCase.Start, TimeSpan.FromSeconds(15));
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            source,
            clock,
            new MemoryStorage(clock) { Yields = false }
        );
        await EachAsync("HTTP parameters", Of("HTTP parameters", PerMessage / 2), async number =>
        {
            var mutator = new Mutator(SeedOf("HTTP parameters", number));
            var text = Encoding.UTF8.GetString(mutator.Next("fake/facts/one"u8.ToArray()));
            var from = number % 3 == 0 ? Encoding.UTF8.GetString(mutator.Next("raw"u8.ToArray())) : "";
            var answer = await pipeline.Get<Replay>().RunAsync(text, from, false, CancellationToken.None);
            if (answer.Refusal is { } refusal)
            {
                Assert.True(
                    refusal.Where.Length > 0
                        && refusal.Seen.Length > 0
                        && refusal.Expected.Length > 0
                        && refusal.Advice.Length > 0
                        && !refusal.ToString().Any(char.IsControl),
                    $"{text}: {refusal}"
                );
            }
            else
            {
                Assert.True(Slice.TryParse(answer.Slice, out var slice) && slice.Source == "fake", text);
            }
        });
        proof.Held();
    }

    [Fact]
    public async Task A_spoilt_catalogue_gives_a_date_or_says_what_is_wrong_with_it()
    {
        using var proof = Proof.Try(Proof.Hostile, "the catalogue", Of("catalogue", Inputs / 20).Count);
        var good = new SourceData(11, 1).Answer(SourceData.CataloguePath, "")!.Value.Body;
        await EachAsync("catalogue", Of("catalogue", Inputs / 20), number =>
        {
            var date = UnctadCatalogue.LastUpdated(
                new MemoryStream(new Mutator(SeedOf("catalogue", number)).Next(good)),
                out var finding
            );
            Assert.True(
                date is not null
                    || (
                        finding is { Seen.Length: > 0, Expected.Length: > 0, Advice.Length: > 0 }
                        && finding.Where.Length > 0
                    ),
                $"date {date}, {finding}"
            );
            return Task.CompletedTask;
        });
        proof.Held();
    }

    [Fact]
    public async Task An_endless_loop_ends_the_test_and_is_named()
    {
        var (stop, reached) = (false, new TaskCompletionSource());
        var error = await Assert.ThrowsAsync<TimeoutException>(() =>
            EachAsync(
                "a loop",
                [.. Enumerable.Range(From, 3)],
                number =>
                {
                    if (number == From + 1)
                        reached.TrySetResult();
                    while (number == From + 1 && !Volatile.Read(ref stop))
                        Thread.SpinWait(1);
                    return Task.CompletedTask;
                },
                () => reached.Task
            )
        );
        Volatile.Write(ref stop, true);
        Assert.Equal(
            $"a loop, input {From + 1} (FAULTS_FUZZ_SEED={Seed} FAULTS_FUZZ_FROM={From + 1} begins with it): no end "
                + "within 120 s",
            error.Message
        );
    }

    /// <summary>
    /// Does something with each of a number of inputs, on a thread of its own: readers work on bytes in memory and give
    /// no turn to other tasks, so that only a watcher beside them can say that one does not end.
    /// </summary>
    private static async Task EachAsync(
        string what,
        IReadOnlyList<int> numbers,
        Func<int, Task> one,
        Func<Task>? hang = null
    )
    {
        var at = From;
        var work = Task
            .Factory.StartNew(
                async () =>
                {
                    foreach (var number in numbers)
                    {
                        Volatile.Write(ref at, number);
                        await one(number);
                    }
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            )
            .Unwrap();
        while (!work.IsCompleted)
        {
            var before = Volatile.Read(ref at);
            await Task.WhenAny(work, hang?.Invoke() ?? Task.Delay(Hang));
            if (!work.IsCompleted && before == Volatile.Read(ref at))
                throw new TimeoutException($"{Where(what, before)}: no end within {Hang.TotalSeconds} s");
        }
        var error = await Record.ExceptionAsync(() => work);
        if (error is not null)
            throw new InvalidOperationException($"{Where(what, at)}: {error.Message}", error);
    }

    private static int PerQueue(string queue) =>
        queue == Names.PublishQueue ? PerMessage / 2 - PerMessage / 6 * 2 : PerMessage / 6;

    private static IReadOnlyList<int> Of(string what, int count) => Share.Current.Of(what, From, count);

    private static string Where(string what, int number) =>
        $"{what}, input {number} (FAULTS_FUZZ_SEED={Seed} FAULTS_FUZZ_FROM={number} begins with it)";

    private static int SeedOf(string what, int number) =>
        (int)XxHash64.HashToUInt64(Encoding.UTF8.GetBytes($"{Seed} {what} {number}"));

    private static int Number(string name, int without) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number)
            ? number
            : without;

    private static byte[] Body(SourceCase dataset, Source source)
    {
        var data = new SourceData(11, 1);
        if (dataset.IsCurated)
            return Encoding.UTF8.GetBytes(data.Curated(dataset.Path));
        var url = source.GetRequest(dataset.Slice).Url;
        return dataset.Path == SourceData.BulkPath
            ? data.Answer(SourceData.BulkPath, "")!.Value.Body
            : data.Answer(url.AbsolutePath, Uri.UnescapeDataString(url.Query))?.Body
                ?? data.Answer(dataset.Path, "")!.Value.Body;
    }

    private static byte[] Spoil(SourceCase dataset, byte[] body, Mutator mutator, int number)
    {
        if (number % 2 == 0)
            return mutator.Next(body);
        if (dataset.Path is SourceData.CountryPath or SourceData.OfzPath)
            return mutator.NextInside(body);
        return dataset.Path == SourceData.BulkPath ? Fdi.Archive(mutator.Next(Vintage.Value)) : mutator.Next(body);
    }

    private static readonly Lazy<byte[]> Vintage = new(() =>
        Encoding.UTF8.GetBytes(
            Fdi.Text(Fdi.Release(20, 1990, 1991).Where(row => row.Code is "0000" or "643" or "840" or "044"))
        )
    );

    private static void Check(BodyOutcome outcome, IRowParser reader)
    {
        var findings = outcome.Check.Refusal is { } refusal ? outcome.Rejected.Append(refusal) : outcome.Rejected;
        foreach (var finding in findings)
        {
            Assert.True(
                finding.Where.Length > 0
                    && finding.Seen.Length > 0
                    && finding.Expected.Length > 0
                    && finding.Advice.Length > 0
                    && finding.Seen.Length < 2000,
                $"{finding}"
            );
        }

        foreach (
            var (partition, row) in outcome
                .Rows.Select(row => (row.PartitionKey, row.RowKey))
                .Concat(outcome.Missing.Select(gap => (gap.PartitionKey, gap.RowKey)))
        )
        {
            Assert.True(IsKey(partition) && IsKey(row), $"no key: {partition} {row}");
            Assert.True(reader.Scope.Owns(partition, row), $"not of the slice: {partition} {row}");
        }
    }

    private static bool IsKey(string key) =>
        key.Length is > 0 and < 512 && !key.Any(c => c is '/' or '\\' or '#' or '?' || char.IsControl(c));
}
