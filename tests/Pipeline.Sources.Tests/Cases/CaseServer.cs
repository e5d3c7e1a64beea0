using System.Net;
using System.Text;
using Pipeline.Testing;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>
/// A publisher on this machine: for each path that holds a word, the response that a case gives it; 404 for others.
/// </summary>
internal sealed class CaseServer : IDisposable
{
    private readonly HttpListener listener;
    private readonly List<(string Word, int Status, string Type, byte[] Body)> rules = [];

    public CaseServer()
    {
        listener = Loopback.StartServer(out var address);
        Address = address;
        _ = ServeAsync();
    }

    /// <summary>Scheme, host and port.</summary>
    public string Address { get; }

    /// <summary>Gives a response to requests whose path and query hold all words, separated by blanks.</summary>
    public CaseServer On(string words, string body = "", int status = 200, string type = "application/json") =>
        On(words, Encoding.UTF8.GetBytes(body), status, type);

    /// <inheritdoc cref="On(string, string, int, string)"/>
    public CaseServer On(string words, byte[] body, int status = 200, string type = "application/json")
    {
        rules.Insert(0, (words, status, type, body));
        return this;
    }

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
            var asked = call.Request.Url!.PathAndQuery;
            var rule = rules.Find(rule =>
                rule.Word.Split(' ').All(word => asked.Contains(word, StringComparison.Ordinal))
            );
            call.Response.StatusCode = rule.Word is null ? 404 : rule.Status;
            if (rule.Word is not null)
            {
                call.Response.ContentType = rule.Type;
                if (rule.Status != 204 && rule.Body.Length > 0)
                    await call.Response.OutputStream.WriteAsync(rule.Body);
            }
            call.Response.Close();
        }
    }
}
