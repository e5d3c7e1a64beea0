using Spectre.Console.Rendering;

namespace Standin.Functions.Worker;

/// <summary>
/// What the app tells the host about a run of <c>--once</c>. The app implements it in a folder compiled only beside the stand-in; the host finds the one
/// class in the function assembly that implements it and creates it with the host's services.
/// </summary>
public interface IOnceRun
{
    /// <summary>Called before the first timer function runs.</summary>
    Task BeginAsync(CancellationToken cancellationToken);

    /// <summary>Sets going what <c>--replay</c> asks for, instead of the timer functions. Called again when nothing moves.</summary>
    /// <returns>Null, or why it cannot be done.</returns>
    Task<string?> ReplayAsync(OnceReplay replay, CancellationToken cancellationToken) => Task.FromResult<string?>("--replay: this app has nothing that can be run again");

    /// <summary>What is done so far; asked about once a second.</summary>
    Task<OnceProgress> GetProgressAsync(CancellationToken cancellationToken);

    /// <summary>The result; asked once at the end, also when not everything was done.</summary>
    Task<OnceSummary> FinishAsync(CancellationToken cancellationToken);
}

/// <summary>What <c>--replay</c> asks for.</summary>
/// <param name="What">What to run again, in the app's words.</param>
/// <param name="From">Where to start from, in the app's words; null when it is left to the app.</param>
/// <param name="Accept">Whether the app is to take what it has refused before.</param>
public sealed record OnceReplay(string What, string? From, bool Accept);

/// <summary>What is done so far.</summary>
/// <param name="Complete">Everything that was planned is done.</param>
/// <param name="Figures">What to show, in order.</param>
/// <param name="Mark">Changes whenever anything moved on.</param>
public sealed record OnceProgress(bool Complete, IReadOnlyList<KeyValuePair<string, string>> Figures, string Mark);

/// <summary>The result of a run.</summary>
/// <param name="ExitCode">0 all good, 2 finished with rejects, 1 failed.</param>
/// <param name="Table">The summary table.</param>
/// <param name="Lines">Lines below the table.</param>
public sealed record OnceSummary(int ExitCode, IRenderable? Table, IReadOnlyList<string> Lines);
