using System.Globalization;
using System.Net;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Moex.Capitalisation;
using Pipeline.Sources.Moex.Holders;
using Pipeline.Sources.Moex.Nsd;
using Pipeline.Sources.Moex.Ofz;
using Xunit;

namespace Pipeline.Testing;

/// <summary>The holders source as tests set it up.</summary>
internal static class Holders
{
    /// <summary>A key that must never be seen anywhere but in a request.</summary>
    public const string Canary = "canary5canary6canary7canary8canary9ghijkl";

    public static MoexOptions Settings { get; } =
        new(
            MoexOptions.DefaultIssUrl,
            new Uri("https://cbr.example/table_ofz.xlsx"),
            MoexOptions.DefaultNsdUrl,
            Canary,
            MoexOptions.DefaultHoldersFile
        );

    /// <summary>A pull with no curated files.</summary>
    public static BodyContext Context { get; } =
        new(DateTimeOffset.UnixEpoch, (_, _) => Task.FromResult<string?>(null));

    public static Source Source { get; } = RealSources.Of(Settings);

    public static Slice Slice(string datasetAndKey)
    {
        var cut = datasetAndKey.IndexOf('/', StringComparison.Ordinal);
        return new Slice("moex-holders", datasetAndKey[..cut], datasetAndKey[(cut + 1)..]);
    }

    public static IRowParser Reader(string datasetAndKey) =>
        Slice(datasetAndKey) switch
        {
            { Dataset: MoexSlice.Capitalisation } => new CapitalisationBody(),
            { Dataset: MoexSlice.Ofz } => new OfzBody(),
            { Dataset: MoexSlice.Nsd } slice => new NsdBody(MoexSlice.Day(slice)),
            _ => new HoldersBody { FileName = Settings.HoldersFile },
        };

    private static Verdict Judge(Slice slice, SourceRequest request, Answer answer) =>
        slice.Dataset switch
        {
            MoexSlice.Capitalisation => MoexAnswers.Iss(request, answer),
            MoexSlice.Ofz => MoexAnswers.Ofz(answer),
            MoexSlice.Nsd => MoexAnswers.Nsd(answer),
            _ => MoexAnswers.Holders(request, answer),
        };

    /// <summary>A body written with single quotes, as UTF-8.</summary>
    public static byte[] Body(string text) => Encoding.UTF8.GetBytes(text.Replace('\'', '"'));

    /// <summary>What becomes of a body, as lines.</summary>
    public static async Task<string> OutcomeAsync(string datasetAndKey, byte[] body)
    {
        // A small step too: nothing depends on how the bytes come.
        var outcome = await BodyOutcome.ReadAsync(Reader(datasetAndKey), body);
        Assert.Equal(outcome.ToString(), (await BodyOutcome.ReadAsync(Reader(datasetAndKey), body, 7)).ToString());
        return outcome.ToString();
    }

    /// <summary>The rows of a body, as lines.</summary>
    public static async Task<List<string>> RowsAsync(string datasetAndKey, byte[] body)
    {
        var outcome = await BodyOutcome.ReadAsync(Reader(datasetAndKey), body);
        Assert.Null(outcome.Check.Refusal);
        return
        [
            .. outcome
                .Rows.Cast<Holding>()
                .Select(row =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{row.PartitionKey} {row.RowKey[..10]} {row.Holder} {row.HolderIso2} {row.SharePercent} "
                            + $"{(decimal)(double.IsNaN(row.Value) ? -1 : row.Value)} {row.Currency} "
                            + $"{row.Qualifier} [{row.Citation}]"
                    )
                ),
        ];
    }

    /// <summary>The verdict on an answer, in words.</summary>
    public static string Words(string datasetAndKey, int status, string contentType, string headers, byte[] body)
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        foreach (var header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            var cut = header.IndexOf('=', StringComparison.Ordinal);
            response.Headers.TryAddWithoutValidation(header[..cut], header[(cut + 1)..]);
        }
        var slice = Slice(datasetAndKey);
        var answer = new Answer(
            status,
            response.Headers,
            contentType,
            body.AsMemory(0, Math.Min(body.Length, Answer.EndBytes)),
            body.AsMemory(Math.Max(0, body.Length - Answer.EndBytes)),
            body.Length
        )
        {
            Request = Source.GetRequest(slice),
        };
        var verdict = Judge(slice, Source.GetRequest(slice), answer);
        var words = verdict.Meaning.ToString();
        if (verdict.Seen.Length > 0)
            words += $": {verdict.Seen}";
        if (verdict.Expected.Length > 0)
            words += $"; expected {verdict.Expected}; {verdict.Advice}";
        if (verdict.MaxRetries < int.MaxValue)
            words += $"; at most {verdict.MaxRetries} retries";
        return verdict.Pause > TimeSpan.Zero ? $"{words}; after {verdict.Pause.TotalSeconds} s" : words;
    }
}
