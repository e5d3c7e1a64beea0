namespace Pipeline.Slices;

/// <summary>
/// The unit of work and of retry: one request, one raw body, one message. Written <c>source/dataset/key</c>,
/// for example <c>census-trade/exports-total/2019</c>.
/// </summary>
/// <param name="Source">The source's name, for example <c>census-trade</c>.</param>
/// <param name="Dataset">The dataset's name inside the source.</param>
/// <param name="Key">What the source cuts the dataset by; a year in most cases.</param>
public sealed record Slice(string Source, string Dataset, string Key)
{
    /// <summary>The slice as messages and blob names write it.</summary>
    public string Id { get; } = $"{Source}/{Dataset}/{Key}";

    /// <summary>The row key in the table <c>slices</c>, where a slash is not allowed.</summary>
    public string RowKey { get; } = $"{Dataset}|{Key}";

    /// <summary>
    /// Reads the written form; false when it has not three parts of lower-case letters, digits and hyphens.
    /// </summary>
    public static bool TryParse(string? text, out Slice slice)
    {
        slice = null!;
        if (text is null || text.Length > 200)
            return false;
        var parts = text.Split('/');
        if (parts.Length != 3 || !parts.All(IsName))
            return false;
        slice = new Slice(parts[0], parts[1], parts[2]);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Id;

    private static bool IsName(string part) =>
        part.Length > 0 && part.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-');
}
