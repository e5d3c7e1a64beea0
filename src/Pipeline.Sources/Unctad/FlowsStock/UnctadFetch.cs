using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// Gets the whole vintage: first whether there is a new one, then the bulk archive; where that fails the file list's
/// address, the user API, a file that an operator dropped. When all fail, the first fault is the one that is reported.
/// </summary>
/// <remarks>
/// Only the archive, which is the release itself, carries the catalogue's date: a body of another way is replaced by it
/// as soon as it can be had again.
/// </remarks>
/// <param name="settings">The settings.</param>
/// <param name="requests">The requests.</param>
/// <param name="fetching">The pull.</param>
/// <param name="parser">The parser that will load the body, with the same lists and calendar.</param>
internal sealed class UnctadFetch(
    UnctadOptions settings,
    UnctadRequests requests,
    FetchContext fetching,
    IRowParser parser
)
{
    /// <summary>What each way that failed met, in the order they were tried.</summary>
    private readonly List<string> failures = [];

    public async Task<FetchResult> RunAsync(CancellationToken cancellationToken)
    {
        var date = "";
        FetchResult first;
        if (settings.CatalogueUrl is not null)
        {
            var catalogue = await CatalogueAsync(cancellationToken);
            if (catalogue.Date is not { } found)
                return await LastAsync(catalogue.Result, "catalogue", cancellationToken);
            if (found == fetching.LastModified)
                return catalogue.Result with { Verdict = Verdict.NotModified };
            catalogue.Result.Dispose();
            date = found;
            first = await fetching.SendAsync(requests.Bulk(), UnctadAnswers.Archive, cancellationToken);
        }
        else
        {
            first = await fetching.SendConditionalAsync(requests.Bulk(), UnctadAnswers.Archive, cancellationToken);
        }
        if (first.Verdict.Meaning == Meaning.NotModified)
            return first;
        if (first.Verdict.Meaning == Meaning.Body)
        {
            // The archive follows the catalogue by up to two months: until then the catalogue's date is not the
            // archive's.
            if (first.Sha256 == fetching.Sha256 && date.Length > 0 && fetching.LastModified.Length > 0)
            {
                return Of(
                    first,
                    fetching.LastModified,
                    $"the catalogue speaks of a release of {date}, the bulk archive is still the one before"
                );
            }
            // A body that will be refused must not keep the other ways from being tried.
            if (await RefusalAsync(first, cancellationToken) is not { } refusal)
                return settings.CatalogueUrl is null ? first : Of(first, date);
            failures.Add($"bulk archive refused: {refusal.Where}: seen {refusal.Seen}, expected {refusal.Expected}");
            if (await OtherwiseAsync(first, date, cancellationToken) is { } instead)
                return Instead(first, instead);
            var (dropped, note) = await new UnctadDrops(fetching).FetchAsync(cancellationToken);
            return dropped is null ? Of(first, date) : Instead(first, Of(dropped, "", note));
        }
        failures.Add(Failed("bulk archive", first));
        return await OtherwiseAsync(first, date, cancellationToken) is { } other
            ? Instead(first, other)
            : await LastAsync(first, "", cancellationToken);
    }

    private static FetchResult Instead(FetchResult first, FetchResult other)
    {
        first.Dispose();
        return other;
    }

    /// <summary>Why the parser would refuse a body; null when it would not.</summary>
    private async Task<Finding?> RefusalAsync(FetchResult fetched, CancellationToken cancellationToken) =>
        (await parser.ParseAsync(fetched.Body!, _ => ValueTask.CompletedTask, cancellationToken)).Refusal;

    /// <summary>A way that failed, for a note: what was asked, what came, what should have.</summary>
    public static string Failed(string way, FetchResult fetched) =>
        $"{way} failed: request {fetched.Request.Where}: seen {fetched.Verdict.Seen}, expected "
        + $"{fetched.Verdict.Expected}";

    /// <summary>
    /// The catalogue's answer, with the date of the release or with the verdict that it is of no use.
    /// </summary>
    private async Task<(FetchResult Result, string? Date)> CatalogueAsync(CancellationToken cancellationToken)
    {
        var fetched = await fetching.SendAsync(requests.Catalogue(), UnctadAnswers.Json, cancellationToken);
        if (fetched.Verdict.Meaning != Meaning.Body)
            return (fetched, null);
        var date = UnctadCatalogue.LastUpdated(fetched.Body!, out var finding);
        if (finding is not null)
        {
            var verdict = Verdict.Permanent($"{finding.Seen} in the {finding.Where}", finding.Expected, finding.Advice);
            fetched = fetched with { Verdict = verdict };
        }

        return (fetched, date);
    }

    /// <summary>The ways that need the publisher's servers; null when none led to a body.</summary>
    private async Task<FetchResult?> OtherwiseAsync(FetchResult bulk, string date, CancellationToken cancellationToken)
    {
        if (
            bulk.Answer is { Status: 404 }
            && settings.CatalogueUrl is not null
            && await ListedAsync(date, cancellationToken) is { } listed
        )
        {
            return listed;
        }

        if (settings.ApiUrl is null || settings.ClientId.Length == 0)
            return null;
        if (date.Length == 0)
        {
            failures.Add(
                "user API not asked: its answers are only put together when the catalogue's server says that all "
                    + "are of one version; set Unctad__CatalogueUrl"
            );
            return null;
        }
        var (body, failure) = await new UnctadApi(requests, fetching).FetchAsync(date, cancellationToken);
        if (body is null)
        {
            failures.Add(failure);
            return null;
        }
        return Of(
            body,
            "",
            "the figures are the user API's, which gives no footnotes and no reasons for missing values"
        );
    }

    /// <summary>The archive by the address that the file list gives.</summary>
    private async Task<FetchResult?> ListedAsync(string date, CancellationToken cancellationToken)
    {
        using var list = await fetching.SendAsync(requests.FileList(), UnctadAnswers.Json, cancellationToken);
        if (list.Verdict.Meaning != Meaning.Body)
        {
            failures.Add(Failed("file list", list));
            return null;
        }
        if (UnctadCatalogue.FileId(list.Body!, out var finding) is not { } id)
        {
            failures.Add($"file list failed: {finding}");
            return null;
        }
        var file = await fetching.SendAsync(requests.File(id), UnctadAnswers.Archive, cancellationToken);
        if (file.Verdict.Meaning == Meaning.Body)
            return Of(file, date);
        failures.Add(Failed("listed file", file));
        file.Dispose();
        return null;
    }

    /// <summary>The last way, the dropped file; when that is none either, the fault that came first.</summary>
    /// <remarks>
    /// Without the catalogue the other ways are not tried: nothing says then whether there is a new release,
    /// nor of which version the user API's answers are.
    /// </remarks>
    private async Task<FetchResult> LastAsync(FetchResult first, string way, CancellationToken cancellationToken)
    {
        if (way.Length > 0)
            failures.Add(Failed(way, first));
        var (dropped, note) = await new UnctadDrops(fetching).FetchAsync(cancellationToken);
        if (dropped is not null)
        {
            first.Dispose();
            return Of(dropped, "", note);
        }
        // The first failure is the fault itself.
        var advice = string.Join("; ", [first.Verdict.Advice, .. failures.Skip(1), note]);
        return first with { Verdict = first.Verdict with { Advice = advice } };
    }

    /// <summary>
    /// The same result with its date and the notes on how it came. Its entity tag is not kept: it is the date
    /// that is asked for.
    /// </summary>
    private FetchResult Of(FetchResult fetched, string date, params string[] notes) =>
        fetched with
        {
            LastModified = date,
            ETag = "",
            Notes = [.. failures, .. notes],
        };
}
