namespace Azure.Data.Tables.Query;

/// <summary>Where the next page of a query starts, as one text: the service's two headers with a space between (they never hold one).</summary>
internal static class ContinuationToken
{
    public static string? From(Response response)
    {
        if (!response.Headers.TryGetValue("x-ms-continuation-NextPartitionKey", out var partition)) return null;
        return response.Headers.TryGetValue("x-ms-continuation-NextRowKey", out var row) ? $"{partition} {row}" : $"{partition} ";
    }

    /// <exception cref="ArgumentException">The text is no token of this client.</exception>
    public static string ToQuery(string? token)
    {
        if (string.IsNullOrEmpty(token)) return "";
        var space = token.IndexOf(' ');
        if (space <= 0 || space != token.LastIndexOf(' '))
            throw new ArgumentException($"continuation token: seen '{token}', " +
                $"expected two parts with one space between, as Page.ContinuationToken gives it; start without one.", nameof(token));
        var query = $"&NextPartitionKey={Uri.EscapeDataString(token[..space])}";
        return space + 1 == token.Length ? query : $"{query}&NextRowKey={Uri.EscapeDataString(token[(space + 1)..])}";
    }
}
