using System.Net;
using Pipeline.Datasets;
using Pipeline.Sources.Http;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Http;

public sealed class SourceRequestTests
{
    private static readonly Courtesy Polite = new(
        TimeSpan.Zero,
        1,
        TimeSpan.FromSeconds(120),
        TimeSpan.FromMinutes(12),
        4,
        TimeSpan.FromSeconds(2),
        TimeSpan.FromMinutes(2)
    );
    private readonly HastyClock clock = new(Trade.At("2025-03-03T03:03:03"), TimeSpan.FromSeconds(119));

    [Fact]
    public async Task A_form_is_posted_with_its_secrets_in_headers_and_anew_for_each_attempt()
    {
        var server = new Recorder(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK);
        using var fetched = await FetchAsync(server, Request());
        Assert.Equal(Meaning.Body, fetched.Verdict.Meaning);
        Assert.Equal(2, server.Seen.Count);
        Assert.All(server.Seen, seen =>
        {
            Assert.StartsWith(
                $"POST https://example.org/facts?culture=en ClientId=me ClientSecret={Trade.Canary} "
                    + "multipart/form-data",
                seen,
                StringComparison.Ordinal
            );
            Assert.Contains("name=$filter\r\n\r\nYear in (2023)\r\n", seen, StringComparison.Ordinal);
            Assert.Contains("name=$format\r\n\r\ncsv\r\n", seen, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_server_that_repeats_secrets_of_headers_does_not_make_them_part_of_a_message()
    {
        var server = new Recorder(HttpStatusCode.BadRequest)
        {
            Body = $"no account me with {Trade.Canary.ToUpperInvariant()}",
        };
        using var fetched = await FetchAsync(server, Request());
        Assert.Equal(
            $"status 400, text/plain, starting \"no account *** with {new string('*', Trade.Canary.Length)}\"",
            fetched.Verdict.Seen
        );
        Assert.DoesNotContain(
            Trade.Canary,
            $"{fetched.Request} {fetched.Request.Where} {fetched.ContentType}",
            StringComparison.OrdinalIgnoreCase
        );
    }

    [Fact]
    public async Task An_answer_that_needs_patience_is_asked_for_again_after_its_pause()
    {
        var server = new Recorder(HttpStatusCode.Unauthorized, HttpStatusCode.OK);
        using var fetched = await FetchAsync(server, Request());
        Assert.Equal(Meaning.Body, fetched.Verdict.Meaning);
        Assert.Equal(TimeSpan.FromSeconds(45), Assert.Single(clock.Pauses));
    }

    [Theory]
    [InlineData("holders.csv", "curated:///holders.csv")]
    [InlineData("moex/holders 1.csv", "curated:///moex%2Fholders%201.csv")]
    public void A_curated_file_is_named_with_its_container(string name, string expected) =>
        Assert.Equal(expected, SourceRequest.Curated(name, "csv", 1).Where);

    private static SourceRequest Request() =>
        new(new Uri("https://example.org/facts?culture=en"), "csv", 1 << 20)
        {
            Form = [new("$filter", "Year in (2023)"), new("$format", "csv")],
            Secrets =
            [
                new SourceSecret("ClientId", "me", InHeader: true),
                new SourceSecret("ClientSecret", Trade.Canary, InHeader: true),
            ],
        };

    private async Task<FetchResult> FetchAsync(HttpMessageHandler server, SourceRequest request)
    {
        using var client = new SourceClient(Polite, server, clock, () => 0.5);
        return await client.FetchAsync(request, Judge, "", "", CancellationToken.None);
    }

    private static Verdict Judge(Answer answer) =>
        answer.Status switch
        {
            200 => Verdict.Good,
            401 => Verdict.Retry(answer.InWords, "status 200", "wait") with
            {
                Pause = TimeSpan.FromSeconds(45),
                MaxRetries = 2,
            },
            503 => Verdict.Retry(answer.InWords, "status 200", "wait"),
            _ => Verdict.Permanent(answer.InWords, "status 200", "mend the request"),
        };

    /// <summary>Answers with one status after the other and writes down what it was asked.</summary>
    private sealed class Recorder(params HttpStatusCode[] answers) : HttpMessageHandler
    {
        public List<string> Seen { get; } = [];
        public string Body { get; init; } = "Year\n2023\n";

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            var headers = string.Join(
                ' ',
                request
                    .Headers.Where(header => header.Key.StartsWith("Client", StringComparison.Ordinal))
                    .Select(header => $"{header.Key}={string.Join(',', header.Value)}")
            );
            Seen.Add(
                $"{request.Method} {request.RequestUri} {headers} {request.Content?.Headers.ContentType} "
                    + $"{await request.Content!.ReadAsStringAsync(cancellationToken)}"
            );
            return new HttpResponseMessage(answers[Math.Min(Seen.Count, answers.Length) - 1])
            {
                Content = new StringContent(Body),
            };
        }
    }
}
