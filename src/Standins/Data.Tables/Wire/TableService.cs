using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables.Connection;

namespace Azure.Data.Tables.Wire;

/// <summary>One account's Table service: where it is and the pipeline to it. Shared by a service client and its table clients.</summary>
internal sealed class TableService
{
    public const string Json = "application/json;odata=minimalmetadata";
    public const string DataServiceVersion = "3.0";
    private const string TokenScope = "https://storage.azure.com/.default";
    private readonly HttpPipeline pipeline;
    private readonly string version;

    private TableService(Uri endpoint, string? account, HttpPipelinePolicy authentication, TableClientOptions options)
    {
        Endpoint = endpoint;
        Base = endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/');
        Account = account ?? AccountIn(endpoint);
        version = options.VersionHeader;
        var build = new HttpPipelineOptions(options);
        build.PerRetryPolicies.Add(new PooledBodyPolicy());
        build.PerRetryPolicies.Add(authentication);
        pipeline = HttpPipelineBuilder.Build(build);
    }

    public Uri Endpoint { get; }

    /// <summary>The endpoint without a slash at its end.</summary>
    public string Base { get; }
    public string Account { get; }

    public static TableService Connect(string? connectionString, TableClientOptions? options)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        var parsed = ConnectionString.Parse(connectionString);
        return Connect(parsed.Endpoint, parsed.Credential, options);
    }

    public static TableService Connect(Uri? endpoint, TableSharedKeyCredential? credential, TableClientOptions? options)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(credential);
        options ??= new TableClientOptions();
        return new TableService(endpoint, credential.AccountName, new SharedKeyLitePolicy(credential, options.Time), options);
    }

    public static TableService Connect(Uri? endpoint, TokenCredential? credential, TableClientOptions? options)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(credential, "tokenCredential");
        return new TableService(endpoint, null, new BearerTokenAuthenticationPolicy(credential, TokenScope), options ?? new TableClientOptions());
    }

    /// <param name="method">The HTTP method.</param>
    /// <param name="path">What follows <see cref="Base"/>, escaped.</param>
    public HttpMessage Request(RequestMethod method, string path)
    {
        var message = pipeline.CreateMessage();
        var request = message.Request;
        request.Method = method;
        request.Uri.Reset(new Uri(Base + path));
        request.Headers.SetValue("x-ms-version", version);
        request.Headers.SetValue("DataServiceVersion", DataServiceVersion);
        request.Headers.SetValue("Accept", Json);
        return message;
    }

    /// <summary>A request with a body, which wants none back.</summary>
    public HttpMessage Request(RequestMethod method, string path, RequestContent body)
    {
        var message = Request(method, path);
        message.Request.Content = body;
        message.Request.Headers.SetValue("Content-Type", "application/json");
        message.Request.Headers.SetValue("Prefer", "return-no-content");
        return message;
    }

    /// <param name="message">The request.</param>
    /// <param name="where">What is asked of what, for the error.</param>
    /// <param name="accepted">An error status that is an answer here, not a failure.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="RequestFailedException">The service refused, or did not answer in any of the tries.</exception>
    public async Task<Response> SendAsync(HttpMessage message, string where, int accepted, CancellationToken cancellation)
    {
        await pipeline.SendAsync(message, cancellation).ConfigureAwait(false);
        var response = message.Response;
        if (response.IsError && response.Status != accepted) throw new RequestFailedException(response, null, new ServiceError(where));
        return response;
    }

    /// <summary>The account's name: the first part of the host, or of the path where the host is an address or this machine.</summary>
    private static string AccountIn(Uri endpoint)
    {
        var dot = endpoint.Host.IndexOf('.');
        if (endpoint.HostNameType == UriHostNameType.Dns && dot > 0) return endpoint.Host[..dot];
        return endpoint.Segments.Length > 1 ? endpoint.Segments[1].TrimEnd('/') : endpoint.Host;
    }
}
