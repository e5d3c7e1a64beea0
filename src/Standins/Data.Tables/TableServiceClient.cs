#nullable disable // The real package carries no nullability annotations; neither may its stand-in.
using Azure.Core;
using Azure.Data.Tables.Models;
using Azure.Data.Tables.Query;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables;

/// <summary>The Table service of one storage account. Safe to share between threads; its table clients share its connections.</summary>
public class TableServiceClient
{
    private readonly TableService service;

    /// <summary>For doubles in tests.</summary>
    protected TableServiceClient() { }

    /// <param name="connectionString">With an account key, or <c>UseDevelopmentStorage=true</c>.</param>
    public TableServiceClient(string connectionString) : this(connectionString, null) { }

    public TableServiceClient(string connectionString, TableClientOptions options = null) => service = TableService.Connect(connectionString, options);

    public TableServiceClient(Uri endpoint, TableSharedKeyCredential credential) : this(endpoint, credential, null) { }

    public TableServiceClient(Uri endpoint, TableSharedKeyCredential credential, TableClientOptions options) =>
        service = TableService.Connect(endpoint, credential, options);

    /// <param name="endpoint">The Table service, https.</param>
    /// <param name="tokenCredential">Asked for a token for <c>https://storage.azure.com/.default</c>.</param>
    /// <param name="options">Retries, transport, policies.</param>
    public TableServiceClient(Uri endpoint, TokenCredential tokenCredential, TableClientOptions options = null) =>
        service = TableService.Connect(endpoint, tokenCredential, options);

    /// <summary>The storage account's name.</summary>
    public virtual string AccountName => service.Account;

    /// <summary>The service's address.</summary>
    public virtual Uri Uri => service.Endpoint;

    /// <summary>A client for one table. Asks the service nothing.</summary>
    public virtual TableClient GetTableClient(string tableName) => new(service, tableName);

    /// <summary>Lists the tables that a filter lets through, page by page while they are consumed.</summary>
    /// <param name="filter">OData, e.g. <c>TableName eq 'runs'</c>; all tables without it.</param>
    /// <param name="maxPerPage">1 to 1000 tables a page.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    public virtual AsyncPageable<TableItem> QueryAsync(string filter = null, int? maxPerPage = null, CancellationToken cancellationToken = default) =>
        new Pages<TableItem>((token, size, cancellation) => TableCatalogue.PageAsync(service, filter, size, token, cancellation),
            maxPerPage, cancellationToken);

    /// <summary>Makes a table. 409 <see cref="TableErrorCode.TableAlreadyExists"/> when it is there.</summary>
    public virtual Task<Response<TableItem>> CreateTableAsync(string tableName, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(tableName);
        return TableCatalogue.CreateAsync(service, tableName, 0, cancellationToken);
    }

    /// <summary>Makes a table if it is not there.</summary>
    /// <returns>Null when it was there already.</returns>
    public virtual Task<Response<TableItem>> CreateTableIfNotExistsAsync(string tableName, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(tableName);
        return TableCatalogue.CreateAsync(service, tableName, 409, cancellationToken);
    }

    /// <summary>Deletes a table with all its entities. A table that is not there is no failure: the answer's status is then 404.</summary>
    public virtual Task<Response> DeleteTableAsync(string tableName, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(tableName);
        return TableCatalogue.DeleteAsync(service, tableName, cancellationToken);
    }
}
