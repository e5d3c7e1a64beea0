using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;

namespace Standin.Functions.Worker.Timers;

/// <summary>What separates apps that share host storage: the setting <c>AzureFunctionsWebHost__hostid</c>, else from machine and folder.</summary>
internal static class HostId
{
    private const int Longest = 32;

    public static string From(IConfiguration settings, string appFolder)
    {
        var id = settings["AzureFunctionsWebHost:hostid"] is { Length: > 0 } text
            ? text
            : $"{Environment.MachineName}-{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(appFolder)))[..12]}";
        id = string.Concat(id.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')).Trim('-');
        return id.Length <= Longest ? id : id[^Longest..].Trim('-');
    }
}
