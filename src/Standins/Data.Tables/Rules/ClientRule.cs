namespace Azure.Data.Tables.Rules;

/// <summary>
/// Rules of the service that are checked before sending, because Azurite lets some of their violations through. What a rule refuses is reported as the
/// service would: a <see cref="RequestFailedException"/> with the service's status and error code (inside a transaction a
/// <see cref="TableTransactionFailedException"/> with the index), so that callers handle one kind of failure, wherever it was found. Such a failure has no raw
/// response. Misuse that the real client refuses itself (null, an empty transaction, an update without ETag) is an <see cref="ArgumentException"/>
/// or <see cref="InvalidOperationException"/> as there.
/// </summary>
internal static class ClientRule
{
    public const int MaxActions = 100;
    public const int MaxTransactionBytes = 4 * 1024 * 1024;
    public const int MaxProperties = 252;
    public const int MaxPropertyBytes = 64 * 1024;
    public const int MaxEntityBytes = 1024 * 1024;
    public const int MaxKeyLength = 512;
    public const int MaxNameLength = 255;

    /// <param name="code">The service's error code.</param>
    /// <param name="where">Table, keys, property.</param>
    /// <param name="what">Seen, expected, what to do.</param>
    /// <param name="status">The service's status; 400 for all but the size of a whole transaction.</param>
    public static RequestFailedException Broken(string code, string where, string what, int status = 400) => new(status, $"{where}: {what}", code, null);
}
