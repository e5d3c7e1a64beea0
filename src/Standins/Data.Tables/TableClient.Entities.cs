#nullable disable // The real package carries no nullability annotations; neither may its stand-in.
using Azure.Core;
using Azure.Data.Tables.Json;
using Azure.Data.Tables.Query;
using Azure.Data.Tables.Rules;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables;

/// <summary>One entity at a time.</summary>
public partial class TableClient
{
    /// <summary>Reads one entity. 404 <c>ResourceNotFound</c> when it is not there.</summary>
    /// <param name="partitionKey">First half of the key.</param>
    /// <param name="rowKey">Second half of the key.</param>
    /// <param name="select">The columns to read; all without it. Key columns must be named, too.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public virtual async Task<Response<T>> GetEntityAsync<T>(
        string partitionKey, string rowKey, IEnumerable<string> select = null, CancellationToken cancellationToken = default) where T : class, ITableEntity
    {
        var response = await GetAsync(partitionKey, rowKey, select, 0, cancellationToken).ConfigureAwait(false);
        return Response.FromValue(new EntityReader<T>(Name).One(response.Content.ToMemory().Span), response);
    }

    /// <summary>Reads one entity, which may not be there: look at <see cref="NullableResponse{T}.HasValue"/>.</summary>
    public virtual async Task<NullableResponse<T>> GetEntityIfExistsAsync<T>(
        string partitionKey, string rowKey, IEnumerable<string> select = null, CancellationToken cancellationToken = default) where T : class, ITableEntity
    {
        var response = await GetAsync(partitionKey, rowKey, select, 404, cancellationToken).ConfigureAwait(false);
        return response.Status == 404
            ? new NoEntity<T>(response)
            : Response.FromValue(new EntityReader<T>(Name).One(response.Content.ToMemory().Span), response);
    }

    /// <summary>Inserts an entity. 409 <c>EntityAlreadyExists</c> when its key is taken. Properties that are null are not sent.</summary>
    public virtual async Task<Response> AddEntityAsync<T>(T entity, CancellationToken cancellationToken = default) where T : ITableEntity
    {
        ArgumentNullException.ThrowIfNull(entity);
        using var message = service.Request(RequestMethod.Post, $"/{path}", Body(entity));
        return await service.SendAsync(message, Where("add", entity.PartitionKey, entity.RowKey), 0, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Inserts an entity, or merges it into or puts it in place of the one that is there.</summary>
    public virtual Task<Response> UpsertEntityAsync<T>(T entity, TableUpdateMode mode = TableUpdateMode.Merge, CancellationToken cancellationToken = default)
        where T : ITableEntity => WriteAsync("upsert", entity, null, mode, cancellationToken);

    /// <summary>Merges an entity into the one that is there, or puts it in its place.</summary>
    /// <param name="entity">What to write.</param>
    /// <param name="ifMatch">The version it is based on; another one there is 412 <c>UpdateConditionNotSatisfied</c>. <see cref="ETag.All"/> takes any.</param>
    /// <param name="mode">What becomes of columns that <paramref name="entity"/> does not have.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="ArgumentException"><paramref name="ifMatch"/> is empty.</exception>
    public virtual async Task<Response> UpdateEntityAsync<T>(
        T entity, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Merge, CancellationToken cancellationToken = default) where T : ITableEntity
    {
        if (ifMatch == default)
            throw new ArgumentException($"{Name}: seen an update without a version, " +
                $"expected the entity's ETag or ETag.All; use UpsertEntityAsync to write without a condition.", nameof(ifMatch));
        return await WriteAsync("update", entity, ifMatch, mode, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes an entity. One that is not there is no failure: the answer's status is then 404.</summary>
    /// <param name="partitionKey">First half of the key.</param>
    /// <param name="rowKey">Second half of the key.</param>
    /// <param name="ifMatch">The version to delete; any without it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public virtual async Task<Response> DeleteEntityAsync(
        string partitionKey, string rowKey, ETag ifMatch = default, CancellationToken cancellationToken = default)
    {
        using var message = service.Request(RequestMethod.Delete, Address(partitionKey, rowKey));
        message.Request.Headers.SetValue("If-Match", ifMatch == default ? "*" : ifMatch.ToString());
        return await service.SendAsync(message, Where("delete", partitionKey, rowKey), 404, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes the entity that has the key of <paramref name="entity"/>; its own ETag is not looked at.</summary>
    public virtual async Task<Response> DeleteEntityAsync(ITableEntity entity, ETag ifMatch = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entity);
        return await DeleteEntityAsync(entity.PartitionKey, entity.RowKey, ifMatch, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Response> GetAsync(string partitionKey, string rowKey, IEnumerable<string> select, int accepted, CancellationToken cancellation)
    {
        var address = Address(partitionKey, rowKey);
        if (select is not null) address += $"?$select={Uri.EscapeDataString(string.Join(',', select))}";
        using var message = service.Request(RequestMethod.Get, address);
        return await service.SendAsync(message, Where("get", partitionKey, rowKey), accepted, cancellation).ConfigureAwait(false);
    }

    private async Task<Response> WriteAsync(string verb, ITableEntity entity, ETag? ifMatch, TableUpdateMode mode, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(entity);
        var method = mode switch
        {
            TableUpdateMode.Merge => RequestMethod.Patch,
            TableUpdateMode.Replace => RequestMethod.Put,
            _ => throw new ArgumentException($"{Name}: seen the update mode {mode}, expected Merge or Replace.", nameof(mode)),
        };
        using var message = service.Request(method, Address(entity.PartitionKey, entity.RowKey), Body(entity));
        if (ifMatch is { } version) message.Request.Headers.SetValue("If-Match", version.ToString());
        return await service.SendAsync(message, Where(verb, entity.PartitionKey, entity.RowKey), 0, cancellation).ConfigureAwait(false);
    }

    private PooledContent Body(ITableEntity entity)
    {
        var buffer = new PooledBuffer(1024);
        try
        {
            using var writer = new EntityWriter(buffer, Name);
            writer.Write(entity);
            return new PooledContent(buffer);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private string Address(string partitionKey, string rowKey)
    {
        ArgumentNullException.ThrowIfNull(partitionKey);
        ArgumentNullException.ThrowIfNull(rowKey);
        KeyRule.Check(Name, "PartitionKey", partitionKey);
        KeyRule.Check(Name, "RowKey", rowKey);
        return EntityPath.Of(path, partitionKey, rowKey);
    }

    private string Where(string verb, string partitionKey, string rowKey) => $"{Name}: {verb} PartitionKey '{partitionKey}', RowKey '{rowKey}'";
}
