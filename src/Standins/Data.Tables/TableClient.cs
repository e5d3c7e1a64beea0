#nullable disable // The real package carries no nullability annotations; neither may its stand-in.
using Azure.Core;
using Azure.Data.Tables.Models;
using Azure.Data.Tables.Query;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables;

/// <summary>
/// One table of the Table service. Safe to share between threads. Every method that talks to the service throws
/// <see cref="RequestFailedException"/> when the service refuses, or when it does not answer in any of the tries that <see cref="ClientOptions.Retry"/> allows.
/// </summary>
public partial class TableClient
{
    private readonly TableService service;

    /// <summary>The table's name as it stands in an address.</summary>
    private readonly string path;

    /// <summary>For doubles in tests.</summary>
    protected TableClient() { }

    /// <param name="connectionString">With an account key, or <c>UseDevelopmentStorage=true</c>.</param>
    /// <param name="tableName">3 to 63 letters and digits; lower case, because Azurite tells cases apart and Azure does not.</param>
    public TableClient(string connectionString, string tableName) : this(connectionString, tableName, null) { }

    public TableClient(string connectionString, string tableName, TableClientOptions options = null)
        : this(TableService.Connect(connectionString, options), tableName) { }

    public TableClient(Uri endpoint, string tableName, TableSharedKeyCredential credential) : this(endpoint, tableName, credential, null) { }

    public TableClient(Uri endpoint, string tableName, TableSharedKeyCredential credential, TableClientOptions options = null)
        : this(TableService.Connect(endpoint, credential, options), tableName) { }

    /// <param name="endpoint">The Table service, https.</param>
    /// <param name="tableName">The table.</param>
    /// <param name="tokenCredential">Asked for a token for <c>https://storage.azure.com/.default</c>.</param>
    /// <param name="options">Retries, transport, policies.</param>
    public TableClient(Uri endpoint, string tableName, TokenCredential tokenCredential, TableClientOptions options = null)
        : this(TableService.Connect(endpoint, tokenCredential, options), tableName) { }

    internal TableClient(TableService service, string tableName)
    {
        ArgumentException.ThrowIfNullOrEmpty(tableName);
        this.service = service;
        Name = tableName;
        path = Uri.EscapeDataString(tableName);
        Uri = new Uri($"{service.Base}/{path}");
    }

    /// <summary>The storage account's name.</summary>
    public virtual string AccountName => service.Account;

    /// <summary>The table's name.</summary>
    public virtual string Name { get; }

    /// <summary>The table's address.</summary>
    public virtual Uri Uri { get; }

    /// <summary>Writes values into an OData filter as literals of their types, texts with their quotes doubled.</summary>
    /// <param name="filter">E.g. <c>$"PartitionKey eq {key} and Year ge {year}"</c>.</param>
    /// <exception cref="ArgumentException">A value has no literal.</exception>
    public static string CreateQueryFilter(FormattableString filter) => filter is null ? null : FilterText.Create(filter);

    /// <summary>Makes the table. 409 <see cref="TableErrorCode.TableAlreadyExists"/> when it is there.</summary>
    public virtual Task<Response<TableItem>> CreateAsync(CancellationToken cancellationToken = default) =>
        TableCatalogue.CreateAsync(service, Name, 0, cancellationToken);

    /// <summary>Makes the table if it is not there.</summary>
    /// <returns>Null when it was there already.</returns>
    public virtual Task<Response<TableItem>> CreateIfNotExistsAsync(CancellationToken cancellationToken = default) =>
        TableCatalogue.CreateAsync(service, Name, 409, cancellationToken);

    /// <summary>Deletes the table with all its entities. A table that is not there is no failure: the answer's status is then 404.</summary>
    public virtual Task<Response> DeleteAsync(CancellationToken cancellationToken = default) => TableCatalogue.DeleteAsync(service, Name, cancellationToken);
}
