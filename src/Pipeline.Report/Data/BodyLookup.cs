using System.Security.Cryptography;
using Azure;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Storage;

namespace Pipeline.Report.Data;

/// <summary>Finds rows in the stored bodies that they came from.</summary>
public sealed class BodyLookup(SourceCatalog sources, RawStore raw, Judgement judgement)
{
    /// <summary>Reads the body of a row once more, with the parser of its dataset.</summary>
    /// <param name="row">A row as the table has it.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<FigureBody> FindAsync(FactRow row, CancellationToken cancellationToken)
    {
        var unread = new FigureBody(row.RawBlob, "", null, "", "", "");
        if (!RawName.TryParse(row.RawBlob, out var name))
            return unread with { Note = "the name of the body has another form, so that its parser is not known" };
        unread = unread with { FetchedAt = name.Vintage };
        RawBody body;
        try
        {
            body = await raw.OpenAsync(name, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return unread with { Note = "the body is no longer in the container raw" };
        }
        await using (body)
        {
            var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(body.Rewind(), cancellationToken));
            var found = unread with { Sha256 = sha256, From = body.From };
            if (sha256 != body.Sha256)
                return found with { Note = $"the body has changed since it was stored with SHA-256 {body.Sha256}" };
            if (sources.Find(name.Slice) is not { } dataset)
                return found with { Note = $"no dataset has the slice {name.Slice}, so that its parser is not known" };
            var context = judgement.Context(name.Slice, name.Vintage);
            var parser = await dataset.CreateParserAsync(name.Slice, context, cancellationToken);
            var place = await FindAsync(parser, body.Rewind(), row, cancellationToken);
            return place is null
                ? found with
                {
                    Note = "the present parser does not find the row in the body",
                }
                : found with
                {
                    Place = place,
                };
        }
    }

    /// <summary>The place of a row in a body; null if it is not there. The rest of the body is not parsed.</summary>
    private static async Task<string?> FindAsync(
        IRowParser parser,
        Stream body,
        FactRow row,
        CancellationToken cancellationToken
    )
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        string? place = null;
        try
        {
            await parser.ParseAsync(body, TakeAsync, enough.Token);
        }
        catch (OperationCanceledException) when (place is not null)
        {
            // Found: this method itself has stopped the parser.
        }
        return place;

        async ValueTask TakeAsync(RowBatch batch)
        {
            if (
                place is not null
                || batch.Rows.Find(other => (other.PartitionKey, other.RowKey) == (row.PartitionKey, row.RowKey))
                    is not { } found
            )
            {
                return;
            }
            place = found.Place.ToString();
            await enough.CancelAsync();
        }
    }
}
