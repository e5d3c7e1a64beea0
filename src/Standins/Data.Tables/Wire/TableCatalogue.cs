using System.Buffers;
using System.Text.Json;
using Azure.Core;
using Azure.Data.Tables.Models;

namespace Azure.Data.Tables.Wire;

/// <summary>Making, deleting and listing tables: shared by the service client and the table client.</summary>
internal static class TableCatalogue
{
    /// <param name="service">The account.</param>
    /// <param name="name">The table.</param>
    /// <param name="accepted">409 when a table that is there is no failure, else 0.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>Null when the table was there and that is accepted.</returns>
    public static async Task<Response<TableItem>> CreateAsync(TableService service, string name, int accepted, CancellationToken cancellation)
    {
        var where = $"{name}: create the table";
        using var message = service.Request(RequestMethod.Post, "/Tables", RequestContent.Create(Body(name)));
        var response = await service.SendAsync(message, where, accepted, cancellation).ConfigureAwait(false);
        if (response.Status != 409) return Response.FromValue(new TableItem(name), response);
        // 409 means more than one thing: a table that is being deleted is not one that exists.
        var failure = new RequestFailedException(response, null, new ServiceError(where));
        return failure.ErrorCode == TableErrorCode.TableAlreadyExists ? null! : throw failure;
    }

    public static async Task<Response> DeleteAsync(TableService service, string name, CancellationToken cancellation)
    {
        using var message = service.Request(RequestMethod.Delete, $"/Tables('{Uri.EscapeDataString(name)}')");
        return await service.SendAsync(message, $"{name}: delete the table", 404, cancellation).ConfigureAwait(false);
    }

    public static async Task<Page<TableItem>> PageAsync(TableService service, string? filter, int? size, string? token, CancellationToken cancellation)
    {
        var path = "/Tables?$format=" + Uri.EscapeDataString(TableService.Json);
        if (size is { } top) path += $"&$top={top}";
        if (!string.IsNullOrEmpty(filter)) path += $"&$filter={Uri.EscapeDataString(filter)}";
        if (!string.IsNullOrEmpty(token)) path += $"&NextTableName={Uri.EscapeDataString(token)}";
        using var message = service.Request(RequestMethod.Get, path);
        var response = await service.SendAsync(message, $"tables of {service.Account}", 0, cancellation).ConfigureAwait(false);
        using var document = JsonDocument.Parse(response.Content.ToMemory());
        var items = document.RootElement.GetProperty("value").EnumerateArray()
            .Select(table => new TableItem(table.GetProperty("TableName").GetString())).ToList();
        return Page<TableItem>.FromValues(items, response.Headers.TryGetValue("x-ms-continuation-NextTableName", out var next) ? next : null, response);
    }

    private static ReadOnlyMemory<byte> Body(string name)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("TableName", name);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
