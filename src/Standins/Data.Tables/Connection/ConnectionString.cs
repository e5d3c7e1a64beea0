namespace Azure.Data.Tables.Connection;

/// <summary>What a connection string says about the Table service. Its errors name settings, never their values: a value may be a key.</summary>
internal sealed record ConnectionString(Uri Endpoint, TableSharedKeyCredential Credential)
{
    /// <summary>The account that every emulator has; its key is public.</summary>
    private const string DevelopmentAccount = "devstoreaccount1";
    private const string DevelopmentKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    private const string Example =
        "expected 'UseDevelopmentStorage=true' or 'AccountName=…;AccountKey=…' with 'TableEndpoint=https://…' or 'EndpointSuffix=core.windows.net'";

    public static ConnectionString Parse(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=');
            if (equals <= 0)
                throw Wrong($"seen a part of {part.Length} characters that is not 'name=value', {Example}; correct the setting.");
            if (!settings.TryAdd(part[..equals].Trim(), part[(equals + 1)..].Trim()))
                throw Wrong($"seen '{part[..equals].Trim()}' twice, expected each name once; remove one.");
        }

        if (settings.TryGetValue("UseDevelopmentStorage", out var development) && string.Equals(development, "true", StringComparison.OrdinalIgnoreCase))
            return Development(settings.GetValueOrDefault("DevelopmentStorageProxyUri"));
        if (settings.ContainsKey("SharedAccessSignature"))
            throw Wrong("seen 'SharedAccessSignature', expected an account key; use a key, or an endpoint with a TokenCredential.");
        if (!settings.TryGetValue("AccountName", out var account) || !settings.TryGetValue("AccountKey", out var key))
            throw Wrong($"seen {Names(settings)}, {Example}; add what is missing.");
        return new ConnectionString(Service(settings, account), new TableSharedKeyCredential(account, key));
    }

    private static ConnectionString Development(string? proxy)
    {
        var host = proxy is null ? "http://127.0.0.1" : Absolute("DevelopmentStorageProxyUri", proxy).GetLeftPart(UriPartial.Authority);
        return new ConnectionString(new Uri($"{host}:10002/{DevelopmentAccount}"), new TableSharedKeyCredential(DevelopmentAccount, DevelopmentKey));
    }

    private static Uri Service(Dictionary<string, string> settings, string account)
    {
        if (settings.TryGetValue("TableEndpoint", out var endpoint)) return Absolute("TableEndpoint", endpoint);
        if (!settings.TryGetValue("EndpointSuffix", out var suffix))
            throw Wrong($"seen {Names(settings)}, {Example}; add what is missing.");
        return Absolute("EndpointSuffix", $"{settings.GetValueOrDefault("DefaultEndpointsProtocol", "https")}://{account}.table.{suffix}");
    }

    private static Uri Absolute(string setting, string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw Wrong($"{setting} is not an absolute http or https address; correct the setting.");

    private static string Names(Dictionary<string, string> settings) => settings.Count == 0 ? "nothing" : $"'{string.Join("', '", settings.Keys)}'";
    private static FormatException Wrong(string text) => new($"connection string: {text}");
}
