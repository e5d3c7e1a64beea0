#nullable disable // The real package carries no nullability annotations; neither may its stand-in.

namespace Azure.Data.Tables;

/// <summary>A storage account's name and one of its two keys.</summary>
public class TableSharedKeyCredential
{
    private volatile byte[] key;

    /// <param name="accountName">The account, e.g. <c>devstoreaccount1</c>.</param>
    /// <param name="accountKey">The key as shown by the portal (base64).</param>
    public TableSharedKeyCredential(string accountName, string accountKey)
    {
        ArgumentNullException.ThrowIfNull(accountName);
        AccountName = accountName;
        SetAccountKey(accountKey);
    }

    public string AccountName { get; }

    /// <summary>The key in use. Read once for each signature, so that a rotation in between never mixes two keys.</summary>
    internal byte[] Key => key;

    /// <summary>Changes the key, for key rotation; requests sent from now on are signed with it.</summary>
    public void SetAccountKey(string accountKey)
    {
        ArgumentNullException.ThrowIfNull(accountKey);
        var bytes = new byte[accountKey.Length];
        if (!Convert.TryFromBase64String(accountKey, bytes, out var length))
            throw new FormatException($"account key of '{AccountName}': seen {accountKey.Length} characters that are not base64, " +
                $"expected the key as the portal shows it; copy it again.");
        key = bytes[..length];
    }
}
