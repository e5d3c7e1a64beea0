namespace Pipeline.Datasets;

/// <summary>The one way to a source's server; nothing else sends or retries a request to it.</summary>
public interface ISourceClient : IDisposable
{
    /// <summary>What answers in the place of the server; null if the network is asked.</summary>
    IRecordings? Recordings { get; }

    /// <summary>
    /// Sends a request, as often as the verdicts and the courtesy allow. Never throws for what the server does.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="judge">What an answer means.</param>
    /// <param name="etag">The entity tag of the body we have; empty when none.</param>
    /// <param name="lastModified">The <c>Last-Modified</c> of the body we have; empty when none.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    Task<FetchResult> FetchAsync(
        SourceRequest request,
        Func<Answer, Verdict> judge,
        string etag,
        string lastModified,
        CancellationToken cancellationToken
    );
}

/// <summary>Recorded answers of a source.</summary>
public interface IRecordings
{
    /// <summary>The file that lists the recordings, from the folder of the function app on.</summary>
    string File { get; }

    /// <summary>What each recording answers: the end of an address.</summary>
    IReadOnlyCollection<string> Requests { get; }

    /// <summary>
    /// The days of the recordings of an address, UTC midnights, the oldest first; empty where they are not known. A
    /// request that names a day (<see cref="SourceRequest.RecordedOn"/>) gets the newest recording up to that day.
    /// </summary>
    IReadOnlyList<DateTimeOffset> Days(Uri url);

    /// <summary>The days of all recordings, UTC midnights, in no order.</summary>
    IEnumerable<DateTimeOffset> AllDays { get; }

    /// <summary>True if there is a recording for an address.</summary>
    bool Holds(Uri url);
}

/// <summary>Makes the way to each source's server.</summary>
public interface ISourceClientFactory
{
    /// <summary>The way to the server of one source.</summary>
    ISourceClient Create(Source source);
}
