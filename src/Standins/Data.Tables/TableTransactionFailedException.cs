#nullable disable // The real package carries no nullability annotations; neither may its stand-in.
using System.Globalization;

namespace Azure.Data.Tables;

/// <summary>A transaction was refused, by the service or by a rule checked before sending; nothing of it was kept.</summary>
public class TableTransactionFailedException : RequestFailedException
{
    /// <summary>Key in <see cref="Exception.Data"/> under which the index of the failed action travels.</summary>
    internal const string IndexKey = "FailedEntity";

    public TableTransactionFailedException(RequestFailedException requestFailedException)
        : base(requestFailedException.Status, requestFailedException.Message, requestFailedException.ErrorCode, requestFailedException.InnerException)
    {
        if (requestFailedException.Data[IndexKey] is string text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            FailedTransactionActionIndex = index;
    }

    /// <summary>Zero-based position of the action that failed; null when no single action is to blame (e.g. too many of them).</summary>
    public int? FailedTransactionActionIndex { get; }
}
