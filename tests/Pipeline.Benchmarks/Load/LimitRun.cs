using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Load;

/// <summary>
/// The limit of loading: transactions whose bytes were made before, sent over plain HTTP by so many at a
/// time.
/// </summary>
internal static class LimitRun
{
    public const string Name = "limit";

    private const string Boundary = "batch_36522ad7-fc75-4b56-8c71-56071383e77b",
        Changes = "changeset_77162fcd-b8da-41ac-a9f8-9357efbbd621";

    /// <param name="arguments">The table service's address; account name; account key; table; rows; parallelism; rows
    /// to warm up with, in the table <c>warm</c>.</param>
    public static async Task<Dictionary<string, double>> RunAsync(string[] arguments)
    {
        var (url, table, rows, parallelism, warm) = (
            arguments[0],
            arguments[3],
            PipelineUnderTest.Number(arguments[4]),
            PipelineUnderTest.Number(arguments[5]),
            PipelineUnderTest.Number(arguments[6])
        );
        using var http = new HttpClient(
            new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(3) }
        );
        // Azurite takes a signature of any age: one for all.
        const string date = "Thu, 01 Jan 2026 00:00:00 GMT";
        var toSign = $"{date}\n/{arguments[1]}{new Uri(url).AbsolutePath}/$batch";
        var signature =
            $"SharedKeyLite "
            + $"{arguments[1]}"
            + $":{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(arguments[2]), Encoding.UTF8.GetBytes(toSign)))}";
        if (warm > 0)
            await SendAsync(Bodies(url, "warm", TradeShape.OfRows(warm, TradeShape.WarmYear)));
        var bodies = Bodies(url, table, TradeShape.OfRows(rows));
        var meter = Meter.Start();
        await SendAsync(bodies);
        var measured = meter.Stop();
        measured["rows"] = rows;
        return measured;

        async Task SendAsync(IReadOnlyList<byte[]> all)
        {
            var next = -1;
            await Task.WhenAll(
                Enumerable
                    .Range(0, parallelism)
                    .Select(_ =>
                        Task.Run(async () =>
                        {
                            for (
                                var at = Interlocked.Increment(ref next);
                                at < all.Count;
                                at = Interlocked.Increment(ref next)
                            )
                            {
                                using var request = new HttpRequestMessage(HttpMethod.Post, url + "/$batch")
                                {
                                    Content = new ByteArrayContent(all[at]),
                                };
                                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(
                                    $"multipart/mixed; boundary={Boundary}"
                                );
                                request.Headers.TryAddWithoutValidation("x-ms-date", date);
                                request.Headers.TryAddWithoutValidation("x-ms-version", "2019-02-02");
                                request.Headers.TryAddWithoutValidation("DataServiceVersion", "3.0");
                                request.Headers.TryAddWithoutValidation(
                                    "Accept",
                                    "application/json;odata=minimalmetadata"
                                );
                                request.Headers.TryAddWithoutValidation("Authorization", signature);
                                using var response = await http.SendAsync(request);
                                var answer = await response.Content.ReadAsByteArrayAsync();
                                // The outer status is 202 even when nothing was kept.
                                if ((int)response.StatusCode != 202 || answer.AsSpan().IndexOf("HTTP/1.1 204"u8) < 0)
                                {
                                    throw new BenchmarkException(
                                        $"limit: seen {(int)response.StatusCode} {Encoding.UTF8.GetString(answer)}, "
                                            + "expected 204 for every entity"
                                    );
                                }
                            }
                        })
                    )
            );
        }
    }

    private static List<byte[]> Bodies(string url, string table, TradeShape shape) =>
        TradeRow
            .Batches(shape)
            .ConvertAll(batch =>
            {
                var body = new StringBuilder().Append(
                    $"--{Boundary}\r\nContent-Type: multipart/mixed; boundary={Changes}\r\n\r\n"
                );
                foreach (var row in batch)
                {
                    body.Append(
                            $"--{Changes}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: "
                                + $"binary\r\n\r\nPOST {url}/{table} HTTP/1.1\r\nAccept: "
                                + "application/json;odata=minimalmetadata\r\nPrefer: "
                                + "return-no-content\r\nDataServiceVersion: 3.0;\r\nContent-Type: "
                                + "application/json\r\n\r\n"
                        )
                        .Append(Json(row))
                        .Append("\r\n");
                }

                return Encoding.UTF8.GetBytes(body.Append($"--{Changes}--\r\n--{Boundary}--\r\n").ToString());
            });

    /// <summary>The same columns that the product writes.</summary>
    private static string Json(TradeRow row)
    {
        Debug.Assert(row.CommodityName.IndexOfAny(['"', '\\']) < 0, "nothing that JSON escapes");
        var moment = $"{TradeRow.Vintage:yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'}";
        return $$"""{"PartitionKey":"{{row.PartitionKey}}","RowKey":"{{row.RowKey}}","Period":"{{row.Year}}-01","PeriodStart@odata.type":"Edm.DateTime","PeriodStart":"{{row.Year}}-01-01T00:00:00.0000000Z","Year":{{row.Year}},"Month":1,"Reporter":"US","PartnerCode":"{{row.PartnerCode}}","PartnerIso2":"","PartnerName":"{{row.PartnerName}}","Flow":"imports","Level":"HS6","Commodity":"{{row.Commodity}}","CommodityName":"{{row.CommodityName}}","ValueUsd@odata.type":"Edm.Int64","ValueUsd":"{{row.Value}}","YearToDateUsd@odata.type":"Edm.Int64","YearToDateUsd":"{{row.YearToDate}}","Source":"census-trade","Dataset":"imports-hs6","Vintage@odata.type":"Edm.DateTime","Vintage":"{{moment}}","FirstSeen@odata.type":"Edm.DateTime","FirstSeen":"{{moment}}","LastChanged@odata.type":"Edm.DateTime","LastChanged":"{{moment}}","Revision":0,"Basis":"{{TradeShape.Basis}}","RawBlob":"{{TradeRow.RawBlob}}","RunId":"{{TradeRow.RunId}}","RowHash":"{{TradeRow.RowHash}}","SchemaVersion":1}""";
    }
}
