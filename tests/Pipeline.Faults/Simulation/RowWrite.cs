using System.Text;
using Azure;
using Azure.Core;

namespace Pipeline.Faults.Simulation;

/// <summary>
/// Requests that change rows of a table as they were seen, and the answer that another writer was faster.
/// </summary>
internal static class RowWrite
{
    /// <summary>Facts and history are changed by transactions, the ledger row by row.</summary>
    public const string Facts = "conflicts of transactions",
        Ledger = "conflicts of rows of the ledger";

    /// <summary>Whether a request is a transaction, or replaces one row.</summary>
    public static bool Is(Request request) =>
        request.Uri.Path.EndsWith("/$batch", StringComparison.Ordinal)
        || (
            request.Method == RequestMethod.Put && request.Uri.Path.Contains("(PartitionKey=", StringComparison.Ordinal)
        );

    /// <summary>What met another's change: <see cref="Facts"/> or <see cref="Ledger"/>.</summary>
    public static string Words(Request request) => request.Method == RequestMethod.Post ? Facts : Ledger;

    /// <summary>
    /// Whether its answer says that a row is not, or not any more, what its sender had seen. Of a transaction
    /// that stands inside the answer.
    /// </summary>
    public static bool MetAnother(Response response)
    {
        if (response.Status is 409 or 412)
            return true;
        if (response.Status != 202 || response.ContentStream is not { CanSeek: true } content)
            return false;
        var text = new StreamReader(content, Encoding.UTF8, leaveOpen: true).ReadToEnd();
        content.Position = 0;
        return text.Contains("HTTP/1.1 409", StringComparison.Ordinal)
            || text.Contains("HTTP/1.1 412", StringComparison.Ordinal);
    }
}
