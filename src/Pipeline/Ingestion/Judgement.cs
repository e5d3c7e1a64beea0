using System.IO.Hashing;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// What a body is judged by beside itself: the program, and the lists that operators maintain. A body that was
/// quarantined is read again when they are others.
/// </summary>
public sealed class Judgement(SourceCatalog sources, CuratedReader curated, ProgramVersion program)
{
    /// <summary>What is known beside a body that was fetched at a time.</summary>
    public BodyContext Context(Slice slice, DateTimeOffset fetchedAt) =>
        new(sources.Now(slice, fetchedAt), curated.ReadAsync);

    /// <summary>A hash of all of it.</summary>
    public async Task<string> HashAsync(Slice slice, BodyContext context, CancellationToken cancellationToken)
    {
        var lists = await sources.Of(slice).ReadListsAsync(context, cancellationToken);
        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes($"{program.Id}\n{lists}")));
    }
}
