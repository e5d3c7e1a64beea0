using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Testing;

/// <summary>A row of the fake source.</summary>
internal sealed class FakeFact : FactRow
{
    public static FactTable Table { get; } =
        new FactTable<FakeFact>("fakefacts", pageRows: 20) { RowColumns = [nameof(Name)] };

    [Meaning("The name")]
    public string Name { get; set; } = "";

    [Meaning("The value")]
    public long Value { get; set; }

    [Meaning("The note")]
    public string Note { get; set; } = "";

    /// <inheritdoc/>
    protected override double? GetFigure() => Value;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> GetFigureColumns() => [nameof(Value)];

    public override void Describe<TSink>(ref TSink sink)
    {
        sink.Add(nameof(Name), Name);
        sink.Add(nameof(Value), Value);
        sink.Add(nameof(Note), Note);
    }
}

/// <summary>
/// A small publisher on this machine. A body is words: <c>a=1</c> is a row, <c>a=1/note</c> one with a note, <c>a=</c>
/// a value that is missing, <c>a=?</c> one that cannot be understood, <c>#</c> a row to leave out, <c>!</c> spoils the
/// body as a whole, <c>+</c> makes the parser miscount.
/// </summary>
internal sealed class FakeSource : ISplittable, ICrossChecked, IDisposable
{
    private readonly HttpListener listener;
    private readonly string address;
    private readonly string[] keys;

    public FakeSource(params string[] keys)
    {
        this.keys = keys.Length > 0 ? keys : ["one"];
        listener = Loopback.StartServer(out var started);
        address = started + "/";
        _ = ServeAsync();
    }

    /// <summary>Where the server is, with a slash at its end.</summary>
    public string Address => address;

    /// <summary>What the server says to the key of a slice; set it to change the answer.</summary>
    public ConcurrentDictionary<string, Reply> Replies { get; } = new(StringComparer.Ordinal);

    /// <summary>The values of <c>If-None-Match</c> that came, empty where none did.</summary>
    public ConcurrentQueue<string> Validators { get; } = new();

    /// <summary>An answer of the fake server.</summary>
    public sealed record Reply(string Body, int Status = 200, string? ETag = null);

    /// <summary>Sets the answer for the slice <c>one</c>.</summary>
    public string Body
    {
        set => Replies["one"] = new Reply(value);
    }

    public static Slice One { get; } = new("fake", "facts", "one");

    /// <summary>How far ahead a slice that has ended is due again.</summary>
    public TimeSpan Due { get; set; } = TimeSpan.Zero;

    public bool Published { get; set; }
    public IReadOnlyList<Slice> Parts { get; set; } = [];
    public IReadOnlyList<string> Compared { get; set; } = [];

    /// <summary>What the comparison with other slices finds.</summary>
    public IReadOnlyList<string> Differences { get; set; } = [];
    public DatasetInfo Info { get; } =
        new(
            "fake",
            One.Dataset,
            "Facts",
            "Fake Office",
            FakeFact.Table,
            "pieces",
            "http://localhost",
            "none",
            "any time"
        )
        {
            MaximumAgeDays = null,
        };

    /// <summary>Whether the settings ask for the dataset.</summary>
    public bool IsOn { get; set; } = true;

    public static implicit operator Source(FakeSource fake) =>
        new(
            fake.Info.Source,
            new Courtesy(
                TimeSpan.Zero,
                4,
                TimeSpan.FromMinutes(5),
                TimeSpan.FromMinutes(5),
                1,
                TimeSpan.FromMilliseconds(1),
                TimeSpan.FromMilliseconds(1)
            ),
            [fake]
        );

    public string ExampleKey => One.Key;

    public bool IsKey(string key) => true;

    public IEnumerable<Slice> GetSlices(DateTimeOffset now) =>
        keys.Select(key => new Slice(Info.Source, Info.Name, key));

    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now) => now + Due;

    public bool MayBeEmpty(Slice slice) => true;

    public SourceRequest GetRequest(Slice slice) => new(new Uri(address + slice.Key), "txt", 1 << 20);

    public static Verdict Judge(Answer answer) =>
        answer.Status switch
        {
            200 => Verdict.Good,
            204 => Verdict.Empty,
            304 => Verdict.NotModified,
            503 => Verdict.Retry("status 503", "an answer", "wait") with { MaxRetries = 0 },
            _ => Verdict.Permanent($"status {answer.Status}", "status 200", "look at the body"),
        };

    public IReadOnlyList<Slice> Split(Slice slice) => slice == One ? Parts : [];

    public bool IsPublished(Slice slice, IReadOnlyCollection<SliceRow> known) => Published;

    /// <summary>How much of its part of the table a body holds.</summary>
    public Coverage Coverage { get; set; } = Coverage.Whole;

    /// <summary>How the body is got, when not with one request.</summary>
    public Func<FetchContext, CancellationToken, Task<FetchResult>>? Fetch { get; set; }

    public Task<FetchResult> FetchAsync(FetchContext fetching, CancellationToken cancellationToken) =>
        Fetch?.Invoke(fetching, cancellationToken)
        ?? fetching.SendConditionalAsync(GetRequest(fetching.Slice), Judge, cancellationToken);

    /// <summary>
    /// What the parser makes of a body's text before it reads it: another version of the program may read the
    /// same body otherwise.
    /// </summary>
    public Func<string, string> Reading
    {
        get;
        set
        {
            field = value;
            readings++;
        }
    } = text => text;

    private int readings;

    /// <summary>A new <see cref="Reading"/> is what a new program or another list of an operator is.</summary>
    public ValueTask<string> ReadListsAsync(BodyContext context, CancellationToken cancellationToken) =>
        new($"{readings}");

    public ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    ) => new(new FakeBody(slice, Coverage, Reading));

    public bool IsComparedWith(Slice slice, Slice other) => Compared.Contains(other.Dataset);

    public Task<IReadOnlyList<string>> CrossCheckAsync(
        CrossCheckContext context,
        CancellationToken cancellationToken
    ) => Task.FromResult(Differences);

    public void Dispose() => listener.Close();

    private async Task ServeAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext call;
            try
            {
                call = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            var asked = call.Request.Headers["If-None-Match"] ?? "";
            Validators.Enqueue(asked);
            var reply = Replies.GetValueOrDefault(call.Request.Url!.AbsolutePath[1..]) ?? new Reply("", 204);
            if (asked.Length > 0 && asked == reply.ETag)
                reply = reply with { Body = "", Status = 304 };
            call.Response.StatusCode = reply.Status;
            if (reply.ETag is not null)
                call.Response.Headers["ETag"] = reply.ETag;
            var bytes = Encoding.UTF8.GetBytes(reply.Body);
            if (bytes.Length > 0)
                await call.Response.OutputStream.WriteAsync(bytes);
            call.Response.Close();
        }
    }

    /// <summary>
    /// Where the row of a name goes: <c>b:x</c> into a partition that it shares with no name without
    /// <c>b:</c>.
    /// </summary>
    public static string PartitionOf(string key, string name) =>
        name.IndexOf(':', StringComparison.Ordinal) is > 0 and var cut ? $"fake|{key}|{name[..cut]}" : $"fake|{key}";

    /// <summary>Whether a partition holds rows of a slice.</summary>
    public static bool Owns(string key, string partition) =>
        partition == $"fake|{key}" || partition.StartsWith($"fake|{key}|", StringComparison.Ordinal);

    private sealed class FakeBody(Slice slice, Coverage coverage, Func<string, string> reading) : IRowParser
    {
        private string Partition => $"fake|{slice.Key}";
        public FactTable Table => FakeFact.Table;
        public SliceScope Scope =>
            new(
                TableClient.CreateQueryFilter($"PartitionKey ge {Partition} and PartitionKey lt {Partition + "}"}"),
                ("", "~"),
                (partition, _) => Owns(slice.Key, partition),
                coverage
            )
            {
                // Names with a colon have partitions that are not known before a body is read.
                Partitions = [Partition],
            };

        public bool InPolicy(FactRow row, DateTimeOffset vintage) => ((FakeFact)row).Value < 1000;

        public async Task<BodyCheck> ParseAsync(
            Stream body,
            Func<RowBatch, ValueTask> take,
            CancellationToken cancellationToken
        )
        {
            var text = reading(await new StreamReader(body).ReadToEndAsync(cancellationToken));
            var (batch, read, excluded) = Read(text);
            var check = new BodyCheck(
                read + (text.Contains('+', StringComparison.Ordinal) ? 1 : 0),
                batch.Rows.Count,
                excluded,
                batch.Missing.Count,
                batch.Rejected.Count,
                null,
                text.Contains('!', StringComparison.Ordinal)
                    ? new Finding("body", "\"!\"", "no \"!\"", "pull again")
                    : null
            );
            await batch.HandOnAsync(take);
            return check;
        }

        private (RowBatch Batch, long Read, long Excluded) Read(string text)
        {
            var (batch, read, excluded) = (new RowBatch(), 0L, 0L);
            foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                read++;
                var (name, value) = word.Split('=') is [var left, var right] ? (left, right) : (word, "");
                if (word[0] is '#' or '!')
                {
                    excluded++;
                }
                else if (value.Length == 0)
                {
                    batch.Missing.Add(new MissingRow(PartitionOf(slice.Key, name), name, "nothing sent"));
                }
                else if (!long.TryParse(value.Split('/')[0], CultureInfo.InvariantCulture, out var number))
                {
                    batch.Rejected.Add(
                        new Finding($"word {read}", Finding.Quote(value), "a whole number", "kept in rejects")
                    );
                }
                else
                {
                    batch.Rows.Add(
                        new FakeFact
                        {
                            PartitionKey = PartitionOf(slice.Key, name),
                            RowKey = name,
                            Place = new BodyPlace("word", read),
                            Name = name,
                            Value = number,
                            Note = value.Contains('/', StringComparison.Ordinal) ? value.Split('/')[1] : "",
                            Basis = "count",
                        }
                    );
                }
            }
            return (batch, read, excluded);
        }
    }
}
