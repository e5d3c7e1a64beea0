using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>
/// One undisturbed <c>--once</c> on all samples, which other tests look at and compare with. Nothing writes to
/// its account afterwards.
/// </summary>
internal sealed class QuietRun
{
    private static readonly Lock Gate = new();
    private static Task<QuietRun>? run;

    private QuietRun(string connectionString, App.Ended ended, IReadOnlyList<string> outcome) =>
        (ConnectionString, Ended, Outcome) = (connectionString, ended, outcome);

    public string ConnectionString { get; }
    public App.Ended Ended { get; }

    /// <summary>See <see cref="Account.OutcomeAsync"/>.</summary>
    public IReadOnlyList<string> Outcome { get; }

    /// <summary>The run; made when a test first needs it.</summary>
    public static Task<QuietRun> GetAsync(Azurite azurite)
    {
        lock (Gate)
            return run ??= MakeAsync(azurite.NewAccount());
    }

    private static async Task<QuietRun> MakeAsync(string connectionString)
    {
        var ended = await App.RunAsync(App.Settings(connectionString), "--once");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        return new QuietRun(connectionString, ended, await new Account(connectionString).OutcomeAsync());
    }

    /// <summary>
    /// Asserts that an account holds what a quiet run leaves, no row twice, and a ledger that accounts for
    /// every row.
    /// </summary>
    public async Task AssertSameAsync(string connectionString)
    {
        var account = new Account(connectionString);
        var outcome = await account.OutcomeAsync();
        Assert.Equal(Outcome.Except(outcome), outcome.Except(Outcome));
        Assert.Equal(Outcome.Count, outcome.Count);
        Assert.Equal(await account.FactsAsync(), await account.AddedAsync());
    }
}
