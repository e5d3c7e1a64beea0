#nullable disable // The real package carries no nullability annotations; neither may its stand-in.
using Azure.Core;
using Azure.Data.Tables.Json;
using Azure.Data.Tables.Query;

namespace Azure.Data.Tables;

/// <summary>Many entities at a time.</summary>
public partial class TableClient
{
    /// <summary>Reads the entities that a filter lets through, page by page while they are consumed. Nothing is asked before.</summary>
    /// <param name="filter">OData, e.g. from <see cref="CreateQueryFilter(FormattableString)"/>; all entities without it.</param>
    /// <param name="maxPerPage">1 to 1000 entities a page. A page may hold fewer, or none, and still have one after it.</param>
    /// <param name="select">The columns to read; all without it. Key columns must be named, too.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    public virtual AsyncPageable<T> QueryAsync<T>(
        string filter = null, int? maxPerPage = null, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity
    {
        var query = "";
        if (!string.IsNullOrEmpty(filter)) query += $"&$filter={Uri.EscapeDataString(filter)}";
        if (select is not null) query += $"&$select={Uri.EscapeDataString(string.Join(',', select))}";
        return new Pages<T>((token, size, cancellation) => PageAsync<T>(query, filter, token, size, cancellation), maxPerPage, cancellationToken);
    }

    private async Task<Page<T>> PageAsync<T>(string query, string filter, string token, int? size, CancellationToken cancellation) where T : class, ITableEntity
    {
        var address = $"/{path}()?$format={Uri.EscapeDataString(Wire.TableService.Json)}{query}{ContinuationToken.ToQuery(token)}";
        if (size is { } top) address += $"&$top={top}";
        using var message = service.Request(RequestMethod.Get, address);
        var where = string.IsNullOrEmpty(filter) ? $"{Name}: query all" : $"{Name}: query {filter}";
        var response = await service.SendAsync(message, where, 0, cancellation).ConfigureAwait(false);
        return Page<T>.FromValues(new EntityReader<T>(Name).Many(response.Content.ToMemory().Span), ContinuationToken.From(response), response);
    }
}
