using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>
/// An undisturbed <c>--once</c>, which other tests look at and compare with. Nothing writes to its account
/// afterwards.
/// </summary>
internal sealed class QuietRun
{
    private static readonly Lock Gate = new();
    private static Task<QuietRun>? all;
    private static Task<QuietRun>? toDisturb;

    private QuietRun(string connectionString, App.Ended ended, IReadOnlyList<string> outcome) =>
        (ConnectionString, Ended, Outcome) = (connectionString, ended, outcome);

    public string ConnectionString { get; }
    public App.Ended Ended { get; }

    /// <summary>See <see cref="Account.OutcomeAsync"/>.</summary>
    public IReadOnlyList<string> Outcome { get; }

    /// <summary>The run on all samples; made when a test first needs it.</summary>
    public static Task<QuietRun> GetAsync(Azurite azurite)
    {
        lock (Gate)
            return all ??= MakeAsync(App.Settings(azurite.NewAccount()));
    }

    /// <summary>The run by <see cref="ToDisturb"/>.</summary>
    public static Task<QuietRun> GetToDisturbAsync(Azurite azurite)
    {
        if (Share.Current.IsFull)
            return GetAsync(azurite);
        lock (Gate)
            return toDisturb ??= MakeAsync(ToDisturb(azurite.NewAccount()));
    }

    /// <summary>
    /// Settings of the runs that tests disturb: all samples at full length of the proofs, else the trade of a few
    /// years.
    /// </summary>
    public static Dictionary<string, string> ToDisturb(string account) =>
        Share.Current.IsFull ? App.Settings(account) : App.Small(account, ("Census__From", "2021-01"));

    private static async Task<QuietRun> MakeAsync(Dictionary<string, string> settings)
    {
        var connectionString = settings["PipelineStorage"];
        var ended = await App.RunAsync(settings, "--once");
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
