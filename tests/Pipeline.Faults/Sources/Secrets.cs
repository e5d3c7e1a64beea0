using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Azure.Core;
using Azure.Storage.Blobs.Models;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Datasets;
using Pipeline.Functions;
using Pipeline.Ingestion;
using Pipeline.Report;
using Pipeline.Report.Page;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Sources;

/// <summary>
/// Looks for keys: those of the sources, which the server has seen and at times repeated, and the storage's. As a
/// policy it sees everything that is written, also what is overwritten or deleted later, and every message on its way.
/// </summary>
internal sealed partial class Secrets : AsyncPolicy
{
    private readonly ConcurrentQueue<string> written = new();

    /// <summary>Texts that a person sees and that stand nowhere: of exceptions, of answers.</summary>
    public ConcurrentQueue<string> Said { get; } = new();

    /// <summary>
    /// Fails if a key stands in a log, an exception, a table, a blob, a message, the page or an answer.
    /// </summary>
    public async Task SearchAsync(TestPipeline pipeline, MemoryStorage storage, string where)
    {
        using var proof = Proof.Try(
            Proof.Secret,
            "all faults, also of servers that repeat the key, dead letters and replays: log, exceptions, tables, "
                + "files, messages, page, answers",
            1
        );
        var all = new List<string>([.. written, .. Said]);
        lock (pipeline.Log)
            all.AddRange(pipeline.Log);
        all.AddRange(
            storage.Queues.All.Select(entry =>
                $"{entry.Queue} {Encoding.UTF8.GetString(Convert.FromBase64String(entry.Message.Text))}"
            )
        );
        var account = pipeline.Get<StorageAccount>();
        await foreach (var table in account.Tables.QueryAsync())
        {
            all.AddRange(
                (await pipeline.RowsAsync(table.Name)).Select(row =>
                    string.Join(' ', row.Select(pair => $"{pair.Key} {pair.Value}"))
                )
            );
        }

        await foreach (var container in account.Blobs.GetBlobContainersAsync())
        {
            await foreach (
                var blob in account
                    .Blobs.GetBlobContainerClient(container.Name)
                    .GetBlobsAsync(new GetBlobsOptions { Traits = BlobTraits.Metadata })
            )
            {
                all.Add(
                    $"{blob.Name} {string.Join(' ', blob.Metadata)} "
                        + $"{(await account.Blobs.GetBlobContainerClient(container.Name).GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content}"
                );
            }
        }

        var report = new ReportFunctions(
            pipeline.Get<ReportReader>(),
            pipeline.Get<PageRenderer>(),
            new Answers(NullLogger<Answers>.Instance)
        );
        all.Add(await TextAsync(http => report.ReportAsync(http.Request, CancellationToken.None)));
        all.Add(await TextAsync(http => report.StatusAsync(http.Request, CancellationToken.None)));
        Assert.All(all, text => Assert.False(IsIn(text), $"{where}: {text}"));
        proof.Held();
    }

    /// <summary>Asks for a replay by HTTP, as an operator does; what is answered is looked at with the rest.</summary>
    public async Task<int> ReplayAsync(TestPipeline pipeline, Slice slice, string query)
    {
        var http = Context();
        (http.Request.RouteValues["source"], http.Request.RouteValues["slice"], http.Request.QueryString) = (
            slice.Source,
            slice.Id[(slice.Source.Length + 1)..],
            new QueryString(query)
        );
        var answer = (ObjectResult)
            await new ReplayFunction(
                pipeline.Get<Replay>(),
                pipeline.Get<Restore>(),
                pipeline.Get<SourceCatalog>()
            ).RunAsync(http.Request, CancellationToken.None);
        Said.Enqueue($"{answer.Value}");
        return answer.StatusCode!.Value;
    }

    protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
    {
        var text =
            $"{message.Request.Uri} "
            + $"{string.Join(' ', message.Request.Headers.Select(header => $"{header.Name} {header.Value}"))}";
        if (message.Request.Content is { } content)
        {
            using var copy = new MemoryStream();
            await content.WriteToAsync(copy, message.CancellationToken);
            var body = Encoding.UTF8.GetString(copy.GetBuffer(), 0, (int)copy.Length);
            text += MessageText().Match(body) is { Success: true } queued
                ? Encoding.UTF8.GetString(Convert.FromBase64String(queued.Groups[1].Value))
                : body;
        }
        if (IsIn(text))
            written.Enqueue(text);
        await next();
    }

    private static bool IsIn(string text) =>
        text.Contains("canary", StringComparison.OrdinalIgnoreCase)
        || text.Contains("AAAAAAAAAAAAAAAA", StringComparison.Ordinal);

    private static async Task<string> TextAsync(Func<HttpContext, Task<IResult>> ask)
    {
        var http = Context();
        using var body = new MemoryStream();
        http.Response.Body = body;
        await (await ask(http)).ExecuteAsync(http);
        Assert.Equal(StatusCodes.Status200OK, http.Response.StatusCode);
        return Encoding.UTF8.GetString(body.ToArray());
    }

    private static DefaultHttpContext Context() =>
        new() { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };

    [GeneratedRegex("<MessageText>([^<]*)</MessageText>")]
    private static partial Regex MessageText();
}
