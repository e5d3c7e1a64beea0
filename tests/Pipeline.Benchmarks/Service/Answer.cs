using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Benchmarks.Service;

/// <summary>An answer, put together while the service is locked and sent afterwards.</summary>
internal sealed class Answer
{
    [ThreadStatic]
    private static List<byte>? free;

    private readonly List<byte> body = free ?? new List<byte>(1 << 16);
    private readonly List<(string Name, string Value)> headers = [];
    private int status;
    private string? type;

    public Answer()
    {
        free = null;
        body.Clear();
    }

    public void Header(string name, string value) => headers.Add((name, value));

    public void Json(int code, Action<List<byte>> write)
    {
        (status, type) = (code, "application/json;odata=minimalmetadata");
        write(body);
    }

    public void Error(int code, string word)
    {
        Header("x-ms-error-code", word);
        Json(code, to => to.AddRange(Encoding.ASCII.GetBytes(Message(word, word))));
    }

    public void Done(long version, Versions versions)
    {
        status = 204;
        if (version > 0)
        {
            versions.Write(version, body);
            Header("ETag", Encoding.ASCII.GetString(CollectionsMarshal.AsSpan(body)));
            body.Clear();
        }
        Header("Preference-Applied", "return-no-content");
    }

    /// <summary>The answer to a transaction. It is 202 whatever became of it; the parts say.</summary>
    public void Transaction(Refused? refused, List<Write> writes, List<long> done, Versions versions)
    {
        (status, type) = (202, "multipart/mixed; boundary=batchresponse_1");
        body.AddRange("--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n"u8);
        if (refused is { } why)
        {
            Part(why.Status);
            body.AddRange("Content-Type: application/json\r\n\r\n"u8);
            body.AddRange(Encoding.ASCII.GetBytes(Message(why.Code, $"{why.Index}:{why.Code}")));
            body.AddRange("\r\n"u8);
        }
        else
        {
            for (var index = 0; index < writes.Count; index++)
            {
                Part(204);
                body.AddRange(
                    "X-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nPreference-Applied: "u8
                        + "return-no-content\r\nDataServiceVersion: 3.0;\r\n"u8
                );
                if (done[index] > 0)
                {
                    body.AddRange("ETag: "u8);
                    versions.Write(done[index], body);
                    body.AddRange("\r\n"u8);
                }
                body.AddRange("\r\n\r\n"u8);
            }
        }

        body.AddRange("--changesetresponse_1--\r\n--batchresponse_1--\r\n"u8);
    }

    public async Task SendAsync(HttpResponse response)
    {
        response.StatusCode = status;
        if (type is not null)
            response.ContentType = type;
        response.Headers["x-ms-version"] = "2019-02-02";
        foreach (var (name, value) in headers)
            response.Headers[name] = value;
        if (status != 204)
        {
            response.ContentLength = body.Count;
            CollectionsMarshal.AsSpan(body).CopyTo(response.BodyWriter.GetSpan(body.Count));
            response.BodyWriter.Advance(body.Count);
            await response.BodyWriter.FlushAsync();
        }
        free = body;
    }

    private void Part(int code)
    {
        body.AddRange(
            "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: "u8
                + "binary\r\n\r\nHTTP/1.1 "u8
        );
        body.AddRange(Encoding.ASCII.GetBytes(code.ToString(CultureInfo.InvariantCulture)));
        body.AddRange(code == 204 ? " No Content\r\n"u8 : " Refused\r\n"u8);
    }

    private static string Message(string code, string text) =>
        JsonSerializer.Serialize(
            new Dictionary<string, object>
            {
                ["odata.error"] = new { code, message = new { lang = "en-US", value = text } },
            }
        );
}
