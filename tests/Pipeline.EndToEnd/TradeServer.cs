using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Testing;

namespace Pipeline.EndToEnd;

/// <summary>
/// The recorded samples behind a loopback address, with the manners of the trade API: a key check by redirect,
/// 204 for what it has no rows of.
/// </summary>
internal sealed class TradeServer : IAsyncDisposable
{
    private const string Prefix = "/data/timeseries/intltrade/";
    private readonly WebApplication server;
    private readonly Dictionary<string, (string ContentType, byte[] Body)> answers = new(StringComparer.Ordinal);
    private int requests;

    private TradeServer(string key)
    {
        var folder = Path.Combine(App.Folder, "samples", "census-trade");
        using (var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "answers.json"))))
        {
            foreach (var answer in index.RootElement.EnumerateArray())
            {
                answers[answer.GetProperty("request").GetString()!] = (
                    answer.GetProperty("contentType").GetString()!,
                    File.ReadAllBytes(Path.Combine(folder, answer.GetProperty("file").GetString()!))
                );
            }
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        server = builder.Build();
        server.Run(context => AnswerAsync(context, key));
    }

    /// <summary>Requests answered so far.</summary>
    public int Requests => Volatile.Read(ref requests);

    /// <summary>The server's address without a slash at its end.</summary>
    public string Address =>
        server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<TradeServer> StartAsync(string key)
    {
        var started = new TradeServer(key);
        await started.server.StartAsync();
        return started;
    }

    /// <summary>The settings of an app that asks this server.</summary>
    public Dictionary<string, string> Settings(string account, string key, string levels, string from)
    {
        var settings = App.LiveTrade(account, Address);
        settings["Census__BaseUrl"] = Address + Prefix.TrimEnd('/');
        settings["Census__ApiKey"] = key;
        settings["Census__CountryFileUrl"] = $"{Address}/country.xlsx";
        settings["Census__Levels"] = levels;
        settings["Census__From"] = from;
        return settings;
    }

    /// <summary>Changes the body of an answer; the request is named by its end.</summary>
    public void Change(string end, Func<string, string> change)
    {
        var request = answers.Keys.Single(name => name.EndsWith(end, StringComparison.Ordinal));
        var (contentType, body) = answers[request];
        answers[request] = (
            contentType,
            System.Text.Encoding.UTF8.GetBytes(change(System.Text.Encoding.UTF8.GetString(body)))
        );
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, string key)
    {
        Interlocked.Increment(ref requests);
        var (request, response) = (context.Request, context.Response);
        var asked = request.Path.Value!.TrimStart('/');
        if (request.Path.StartsWithSegments(Prefix.TrimEnd('/'), StringComparison.OrdinalIgnoreCase, out var rest))
        {
            if (request.Query["key"] != key)
            {
                response.Headers["X-DataWebAPI-KeyError"] = "1";
                response.Redirect("/data/missing_key.html");
                return;
            }
            asked = Uri.UnescapeDataString($"{rest}{request.QueryString}"[1..])
                .Replace($"&key={key}", "", StringComparison.Ordinal);
        }
        if (!answers.TryGetValue(asked, out var answer))
        {
            response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }
        response.ContentType = answer.ContentType;
        await response.Body.WriteAsync(
            asked.EndsWith("xlsx", StringComparison.Ordinal) ? answer.Body : Trade.WithWorld(answer.Body)
        );
    }
}
