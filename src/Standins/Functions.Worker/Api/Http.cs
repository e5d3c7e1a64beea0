using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>The key a caller has to show.</summary>
public enum AuthorizationLevel
{
    /// <summary>None.</summary>
    Anonymous = 0,

    /// <summary>A signed-in user (not enforced by the host).</summary>
    User = 1,

    /// <summary>A function or host key.</summary>
    Function = 2,

    /// <summary>A system key of an extension.</summary>
    System = 3,

    /// <summary>The master key.</summary>
    Admin = 4,
}

/// <summary>Runs a function for HTTP requests.</summary>
public sealed class HttpTriggerAttribute : TriggerBindingAttribute
{
    /// <summary>Level <see cref="AuthorizationLevel.Function"/>, every method.</summary>
    public HttpTriggerAttribute() => AuthLevel = AuthorizationLevel.Function;

    /// <summary>The given methods; the level is <see cref="AuthorizationLevel.Anonymous"/>, as in the real package: write it explicitly.</summary>
    public HttpTriggerAttribute(params string[] methods) => Methods = methods;

    /// <summary>The given level, every method.</summary>
    public HttpTriggerAttribute(AuthorizationLevel authLevel) => AuthLevel = authLevel;

    /// <summary>The given level and methods.</summary>
    public HttpTriggerAttribute(AuthorizationLevel authLevel, params string[] methods)
    {
        AuthLevel = authLevel;
        Methods = methods;
    }

    /// <summary>The route template below the prefix; null means the function's name.</summary>
    public string? Route { get; set; }

    /// <summary>The methods served; null or empty means all.</summary>
    public string[]? Methods { get; }

    /// <summary>The key a caller has to show.</summary>
    public AuthorizationLevel AuthLevel { get; }
}

/// <summary>Marks the property of a function's return value that is the HTTP response.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class HttpResultAttribute : Attribute;
