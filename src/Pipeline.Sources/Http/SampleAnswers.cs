using System.Net;
using System.Text.Json;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Sources.Http;

/// <summary>
/// Answers requests from recorded samples instead of the network, below everything else, so that every line but the
/// network is exercised. <c>answers.json</c> in the source's folder says which file answers which request. A request
/// that was recorded on several days stands there several times.
/// </summary>
public sealed class SampleAnswers : HttpMessageHandler, IRecordings
{
    private readonly string folder;
    private readonly Dictionary<string, IReadOnlyList<Recorded>> answers;

    /// <param name="Request">Path and query after the base address, without secrets.</param>
    /// <param name="Needs">A query parameter without which the server answers with the sample of <c>without
    /// {Needs}</c>.</param>
    /// <param name="AsOf">The day of the recording: what must exist is judged by it, and it is the vintage.</param>
    private sealed record Recorded(
        string Request,
        string? Needs,
        int Status,
        string ContentType,
        Dictionary<string, string> Headers,
        string File,
        DateOnly? AsOf
    )
    {
        public DateTimeOffset? Day =>
            AsOf is { } day ? new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero) : null;
    }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <param name="folder">The folder of one source's samples.</param>
    /// <exception cref="FileNotFoundException">The folder has no <c>answers.json</c>. Without a folder there are no
    /// recordings, and nothing of the source is planned.</exception>
    /// <exception cref="InvalidDataException">A request has several recordings that their days do not tell apart; the
    /// message names it.</exception>
    public SampleAnswers(string folder)
    {
        this.folder = folder;
        var index = Path.Combine(folder, "answers.json");
        var recorded = Directory.Exists(folder)
            ? JsonSerializer.Deserialize<List<Recorded>>(File.ReadAllBytes(index), Json) ?? []
            : [];
        answers = recorded
            .GroupBy(answer => answer.Request, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, Ordered, StringComparer.Ordinal);
    }

    private string Name => $"samples/{Path.GetFileName(folder)}/answers.json";

    /// <inheritdoc/>
    string IRecordings.File => Name;

    /// <inheritdoc/>
    IReadOnlyCollection<string> IRecordings.Requests => answers.Keys;

    /// <inheritdoc/>
    public IReadOnlyList<DateTimeOffset> Days(Uri url) =>
        [.. (Find(url) ?? []).Select(answer => answer.Day).OfType<DateTimeOffset>()];

    /// <inheritdoc/>
    public IEnumerable<DateTimeOffset> AllDays =>
        answers.Values.SelectMany(recorded => recorded).Select(answer => answer.Day).OfType<DateTimeOffset>();

    /// <inheritdoc/>
    public bool Holds(Uri url) => Find(url) is not null;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        var url = request.RequestUri!;
        var recordings = Find(url);
        if (recordings?[^1].Needs is { } needs && !url.Query.Contains($"&{needs}=", StringComparison.Ordinal))
            recordings = answers[$"without {needs}"];
        if (recordings is null)
            return new HttpResponseMessage(HttpStatusCode.NoContent) { RequestMessage = request };
        var recorded = request.Options.TryGetValue(SourceRequest.RecordedOnKey, out var day)
            ? recordings.LastOrDefault(answer => answer.Day <= day) ?? recordings[0]
            : recordings[^1];
        var response = new HttpResponseMessage((HttpStatusCode)recorded.Status) { RequestMessage = request };
        var body = await File.ReadAllBytesAsync(Path.Combine(folder, recorded.File), cancellationToken);
        response.Content = new ByteArrayContent(body);
        response.Content.Headers.TryAddWithoutValidation("Content-Type", recorded.ContentType);
        foreach (var (name, value) in recorded.Headers)
            response.Headers.TryAddWithoutValidation(name, value);
        return response;
    }

    /// <summary>The recordings of one request, the oldest first.</summary>
    private IReadOnlyList<Recorded> Ordered(IGrouping<string, Recorded> request)
    {
        List<Recorded> ordered = [.. request.OrderBy(answer => answer.AsOf)];
        var known = ordered.Select(answer => answer.AsOf).OfType<DateOnly>().Distinct().Count();
        if (ordered.Count == 1 || known == ordered.Count)
            return ordered;
        var days = ordered.Select(answer => answer.AsOf is { } day ? $"{day:yyyy-MM-dd}" : "no day");
        throw new InvalidDataException(
            new Finding(
                Name,
                $"recordings of {Finding.Quote(request.Key)} with asOf {string.Join(", ", days)}",
                "another day for each",
                "correct asOf, or remove the recordings that are not needed"
            ).ToString()
        );
    }

    /// <summary>
    /// By the end of the path and the query, whatever the base address is; parameters that a sample merely
    /// needs take no part.
    /// </summary>
    private IReadOnlyList<Recorded>? Find(Uri url)
    {
        var asked = Uri.UnescapeDataString(url.PathAndQuery);
        for (
            var slash = asked.IndexOf('/', StringComparison.Ordinal);
            slash >= 0;
            slash = asked.IndexOf('/', slash + 1)
        )
        {
            var rest = asked[(slash + 1)..];
            if (answers.TryGetValue(rest, out var found))
                return found;
            var last = rest.LastIndexOf('&');
            if (
                last > 0
                && answers.TryGetValue(rest[..last], out found)
                && rest[(last + 1)..].StartsWith($"{found[^1].Needs}=", StringComparison.Ordinal)
            )
            {
                return found;
            }
        }
        return null;
    }
}
