namespace Azure.Data.Tables.Query;

/// <summary>The answer of a read that found nothing.</summary>
internal sealed class NoEntity<T>(Response response) : NullableResponse<T>
{
    public override bool HasValue => false;

    public override T Value => throw new InvalidOperationException(
        $"seen {response.Status} {response.ReasonPhrase}: there is no such entity, expected HasValue to be looked at first; check it before reading Value.");

    public override Response GetRawResponse() => response;
}
