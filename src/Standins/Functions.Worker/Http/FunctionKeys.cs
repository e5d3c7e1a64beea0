using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;

namespace Standin.Functions.Worker.Http;

/// <summary>
/// The keys of HTTP functions. In Azure they are kept in host storage; here they are the settings <c>Standin__FunctionKey</c> and <c>Standin__MasterKey</c>.
/// With neither set every level is open to callers of this machine, as with Core Tools.
/// </summary>
internal sealed class FunctionKeys(IConfiguration settings)
{
    private readonly string? function = Set(settings["Standin:FunctionKey"]), master = Set(settings["Standin:MasterKey"]);

    /// <summary>Whether the caller may call a function of this level: the level's own key or the master key.</summary>
    public bool Allows(HttpContext http, AuthorizationLevel level)
    {
        if (level == AuthorizationLevel.Anonymous) return true;
        if (function is null && master is null) return http.Connection.RemoteIpAddress is { } caller && IPAddress.IsLoopback(caller);
        var shown = Set(http.Request.Headers["x-functions-key"].ToString()) ?? Set(http.Request.Query["code"].ToString());
        return Same(shown, master) || (level == AuthorizationLevel.Function && Same(shown, function));
    }

    /// <summary>Whether a key was shown that is the master key.</summary>
    public bool IsMaster(HttpContext http) =>
        Same(Set(http.Request.Headers["x-functions-key"].ToString()) ?? Set(http.Request.Query["code"].ToString()), master);

    private static string? Set(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static bool Same(string? shown, string? key) =>
        shown is not null && key is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown), Encoding.UTF8.GetBytes(key));
}
