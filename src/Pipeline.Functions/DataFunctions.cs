using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Insight.Claims;
using Pipeline.Report.Data;
using Pipeline.Report.News;

namespace Pipeline.Functions;

/// <summary>
/// Figures over HTTP: rows of a table, <c>GET /api/data/{table}</c>; one figure, <c>GET
/// /api/figure/{table}/{partition}/{row}</c>; a stated figure checked, <c>GET /api/check</c>; news as
/// a feed, <c>GET /api/feed.atom</c>; and the description of all, <c>GET /api/openapi.json</c>. They need the function
/// key.
/// </summary>
public sealed class DataFunctions(
    DataQueryReader queries,
    DataReader reader,
    FigureLookup figures,
    FigureChecks checks,
    NewsFeed news,
    OpenApiDocument description,
    Answers answers
)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Longer than a response takes to be read, see <see cref="DataReader.MostTime"/>.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Function("Data")]
    public Task<IResult> DataAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "data/{table}")] HttpRequest request,
        string table,
        CancellationToken cancellationToken
    ) =>
        AnswerAsync(
            "data",
            async token =>
            {
                var query = queries.Read(table, Parameters(request));
                var document = await DataWriter.WriteAsync(await reader.ReadAsync(query, token), request.Path, token);
                return Answers.Data(request, document.Bytes, document.ContentType, document.Next);
            },
            cancellationToken
        );

    [Function("Figure")]
    public Task<IResult> FigureAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "figure/{table}/{partition}/{row}")]
            HttpRequest request,
        string table,
        string partition,
        string row,
        CancellationToken cancellationToken
    ) =>
        AnswerAsync(
            "figure",
            async token =>
            {
                var figure = await figures.FindAsync(table, partition, row, token);
                return Answers.Data(request, figure.ToJson(), "application/json");
            },
            cancellationToken
        );

    [Function("Check")]
    public Task<IResult> CheckAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "check")] HttpRequest request,
        CancellationToken cancellationToken
    ) =>
        AnswerAsync(
            "check",
            async token =>
            {
                var (answer, refusal) = await checks.AskAsync(Parameters(request), token);
                return refusal is null
                    ? Answers.Data(request, JsonSerializer.SerializeToUtf8Bytes(answer, Json), "application/json")
                    : throw new DataRefusedException(refusal);
            },
            cancellationToken
        );

    [Function("Feed")]
    public Task<IResult> FeedAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = AtomFeed.Name)] HttpRequest request,
        CancellationToken cancellationToken
    ) =>
        AnswerAsync(
            "feed",
            async token =>
            {
                var path = request.PathBase.Add(request.Path).ToString();
                var feed = await news.WriteAsync(Parameters(request), path, token);
                return Answers.Data(request, feed, $"{AtomFeed.MediaType}; charset=utf-8");
            },
            cancellationToken
        );

    [Function("OpenApi")]
    public IResult Describe(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "openapi.json")] HttpRequest request
    ) => Answers.Data(request, description.ToJson(), "application/json");

    /// <summary>The parameters as they were sent: the request's own list does not tell cases apart.</summary>
    private static List<KeyValuePair<string, string>> Parameters(HttpRequest request)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
            parameters.Add(new($"{pair.DecodeName()}", $"{pair.DecodeValue()}"));
        return parameters;
    }

    private Task<IResult> AnswerAsync(
        string what,
        Func<CancellationToken, Task<IResult>> answer,
        CancellationToken cancellationToken
    ) =>
        answers.WithinAsync(
            what,
            Patience,
            async token =>
            {
                try
                {
                    return await answer(token);
                }
                catch (DataRefusedException e)
                {
                    return Answers.Problem(e);
                }
                catch (InvalidDataException e)
                {
                    // A row that people have written: the message names it and says what to do.
                    return Results.Problem(e.Message, statusCode: StatusCodes.Status500InternalServerError);
                }
            },
            cancellationToken
        );
}
