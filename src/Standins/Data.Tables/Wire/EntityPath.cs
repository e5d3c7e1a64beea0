using System.Text;

namespace Azure.Data.Tables.Wire;

/// <summary>The address of an entity: <c>table(PartitionKey='…',RowKey='…')</c>, quotes doubled, then percent-encoded.</summary>
internal static class EntityPath
{
    public static string Of(string table, string partitionKey, string rowKey) => $"/{table}(PartitionKey='{Escape(partitionKey)}',RowKey='{Escape(rowKey)}')";

    public static void Append(PooledBuffer buffer, string key)
    {
        Span<byte> utf8 = stackalloc byte[3 * 512];
        var length = Encoding.UTF8.GetBytes(key, utf8);
        var target = buffer.GetSpan(6 * length);
        var at = 0;
        foreach (var octet in utf8[..length])
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~')
            {
                target[at++] = octet;
                continue;
            }
            for (var times = octet == '\'' ? 2 : 1; times > 0; times--)
            {
                target[at++] = (byte)'%';
                target[at++] = "0123456789ABCDEF"u8[octet >> 4];
                target[at++] = "0123456789ABCDEF"u8[octet & 15];
            }
        }
        buffer.Advance(at);
    }

    private static string Escape(string key) => Uri.EscapeDataString(key.Replace("'", "''", StringComparison.Ordinal));
}
