using System.Runtime.CompilerServices;

namespace Azure.Data.Tables.Query;

/// <summary>The pages of a query, asked for one by one as they are consumed.</summary>
/// <param name="read">Asks for one page: continuation token, entities at most, cancellation.</param>
/// <param name="maxPerPage">Entities at most in a page, unless the reader of the pages says otherwise.</param>
/// <param name="cancellation">Ends the query.</param>
internal sealed class Pages<T>(Func<string?, int?, CancellationToken, Task<Page<T>>> read, int? maxPerPage, CancellationToken cancellation)
    : AsyncPageable<T>(cancellation)
    where T : notnull
{
    public override IAsyncEnumerable<Page<T>> AsPages(string? continuationToken = null, int? pageSizeHint = null) =>
        Enumerate(continuationToken, pageSizeHint ?? maxPerPage, CancellationToken);

    private async IAsyncEnumerable<Page<T>> Enumerate(string? token, int? size, [EnumeratorCancellation] CancellationToken ending)
    {
        do
        {
            var page = await read(token, size, ending).ConfigureAwait(false);
            token = page.ContinuationToken;
            yield return page;
        }
        while (!string.IsNullOrEmpty(token));
    }
}
