using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables.Batch;

/// <summary>Turns what went wrong in a transaction into the one exception that callers know.</summary>
internal static class TransactionFailure
{
    /// <param name="failure">What went wrong.</param>
    /// <param name="index">The action to blame; null when there is none.</param>
    public static TableTransactionFailedException Of(RequestFailedException failure, int? index)
    {
        if (index is { } position) failure.Data[TableTransactionFailedException.IndexKey] = position.ToString(CultureInfo.InvariantCulture);
        return new TableTransactionFailedException(failure);
    }

    /// <summary>An error answer to one action. The service names the action before a colon: <c>7:The specified entity already exists.</c></summary>
    public static TableTransactionFailedException Of(
        string table, IReadOnlyList<TableTransactionAction> actions, int status, string reason, ReadOnlyMemory<byte> body)
    {
        var (code, text) = ServiceError.Read(body);
        var (index, words) = Split(text, actions.Count);
        var where = index is { } position
            ? $"{table}: action {position} of {actions.Count} ({actions[position].ActionType} " +
              $"PartitionKey '{actions[position].Entity.PartitionKey}', RowKey '{actions[position].Entity.RowKey}')"
            : $"{table}: transaction of {actions.Count} actions";
        var seen = words ?? (body.IsEmpty ? "the service gave no reason." : Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, 400)]));
        var message = $"{where}: seen {status} {reason}{(code is null ? "" : " " + code)}, expected success; nothing of the transaction was kept.\n{seen}";
        return Of(new RequestFailedException(status, message, code, null), index);
    }

    private static (int? Index, string? Words) Split(string? text, int count)
    {
        if (text is null) return default;
        Span<byte> digits = stackalloc byte[16];
        var colon = text.AsSpan(0, Math.Min(text.Length, digits.Length)).IndexOf(':');
        if (colon <= 0) return (null, text);
        for (var at = 0; at < colon; at++) digits[at] = char.IsAsciiDigit(text[at]) ? (byte)text[at] : (byte)'x';
        return Utf8Parser.TryParse(digits[..colon], out int index, out var used) && used == colon && index < count
            ? (index, text[(colon + 1)..])
            : (null, text);
    }
}
