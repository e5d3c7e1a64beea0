using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Azure.Data.Tables.Connection;

/// <summary>
/// Signs each try of a request with the account's key, in the scheme <c>SharedKeyLite</c> for tables: the date and the resource, nothing else
/// (https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key). Each try has its own date: the service refuses one that
/// is older than 15 minutes.
/// </summary>
internal sealed class SharedKeyLitePolicy(TableSharedKeyCredential credential, TimeProvider time) : HttpPipelineSynchronousPolicy
{
    public override void OnSendingRequest(HttpMessage message)
    {
        var date = time.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        message.Request.Headers.SetValue("x-ms-date", date);
        message.Request.Headers.SetValue("Authorization", $"SharedKeyLite {credential.AccountName}:{Sign(date, message.Request.Uri.ToUri())}");
    }

    internal string Sign(string date, Uri uri)
    {
        var resource = $"/{credential.AccountName}{uri.AbsolutePath}";
        foreach (var parameter in uri.Query.TrimStart('?').Split('&'))
            if (parameter.StartsWith("comp=", StringComparison.OrdinalIgnoreCase))
                resource += $"?{parameter}";
        return Convert.ToBase64String(HMACSHA256.HashData(credential.Key, Encoding.UTF8.GetBytes($"{date}\n{resource}")));
    }
}
