using System.Net;
using System.Text.Json;
using Pipeline.Datasets;

namespace Pipeline.Sources.Http;

/// <summary>
/// Answers requests from recorded samples instead of the network, below everything else, so that every line but the
/// network is exercised. <c>answers.json</c> in the source's folder says which file answers which request.
/// </summary>
public sealed class SampleAnswers : HttpMessageHandler, IRecordings
{
    private readonly string folder;
    private readonly Dictionary<string, Recorded> answers;

    /// <param name="Request">Path and query after the base address, without secrets.</param>
    /// <param name="Needs">A query parameter without which the server answers with the sample of <c>without
    /// {Needs}</c>.</param>
    /// <param name="AsOf">The day of the recording: what must exist is judged by it.</param>
    private sealed record Recorded(
        string Request,
        string? Needs,
        int Status,
        string ContentType,
        Dictionary<string, string> Headers,
        string File,
        DateOnly? AsOf
    );

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <param name="folder">The folder of one source's samples.</param>
    /// <exception cref="FileNotFoundException">The folder has no <c>answers.json</c>. Without a folder there are no
    /// recordings, and nothing of the source is planned.</exception>
    public SampleAnswers(string folder)
    {
        this.folder = folder;
        var index = Path.Combine(folder, "answers.json");
        var recorded = Directory.Exists(folder)
            ? JsonSerializer.Deserialize<List<Recorded>>(File.ReadAllBytes(index), Json) ?? []
            : [];
        answers = recorded.ToDictionary(answer => answer.Request, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    string IRecordings.File => $"samples/{Path.GetFileName(folder)}/answers.json";

    /// <inheritdoc/>
    IReadOnlyCollection<string> IRecordings.Requests => answers.Keys;

    /// <inheritdoc/>
    public DateTimeOffset? AsOf(Uri url) =>
        Find(url)?.AsOf is { } day ? new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero) : null;

    /// <inheritdoc/>
    public bool Holds(Uri url) => Find(url) is not null;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        var url = request.RequestUri!;
        var recorded = Find(url);
        if (recorded?.Needs is { } needs && !url.Query.Contains($"&{needs}=", StringComparison.Ordinal))
            recorded = answers[$"without {needs}"];
        if (recorded is null)
            return new HttpResponseMessage(HttpStatusCode.NoContent) { RequestMessage = request };
        var response = new HttpResponseMessage((HttpStatusCode)recorded.Status) { RequestMessage = request };
        var body = await File.ReadAllBytesAsync(Path.Combine(folder, recorded.File), cancellationToken);
        response.Content = new ByteArrayContent(body);
        response.Content.Headers.TryAddWithoutValidation("Content-Type", recorded.ContentType);
        foreach (var (name, value) in recorded.Headers)
            response.Headers.TryAddWithoutValidation(name, value);
        return response;
    }

    /// <summary>
    /// By the end of the path and the query, whatever the base address is; parameters that a sample merely
    /// needs take no part.
    /// </summary>
    private Recorded? Find(Uri url)
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
                && rest[(last + 1)..].StartsWith($"{found.Needs}=", StringComparison.Ordinal)
            )
            {
                return found;
            }
        }
        return null;
    }
}
