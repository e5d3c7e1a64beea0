using Microsoft.Extensions.Configuration;

namespace Pipeline.Local.Azurite;

/// <summary>
/// Every Azurite that the settings name, and the place where this host is registered beside its other users.
/// </summary>
/// <param name="mayStart">False with --no-azurite.</param>
/// <param name="cleanups">Receives what leaves and stops them.</param>
/// <param name="time">The clock of all waiting.</param>
/// <param name="say">Receives progress.</param>
internal sealed class StorageEmulators(bool mayStart, Cleanups cleanups, TimeProvider time, Action<string> say)
{
    private readonly List<HostRegistry> registries = [];

    /// <summary>Where the worker of this host is remembered.</summary>
    public HostRegistry Registry => registries[0];

    /// <summary>Ends when an Azurite does not answer any more: what happened and what to do.</summary>
    public Task<string> Ended { get; private set; } = new TaskCompletionSource<string>().Task;

    /// <summary>
    /// Registers this host, ends workers whose host is dead, and makes sure that every Azurite answers.
    /// </summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="cancellationToken">Ends the start and the watching; the cleanups end the watching, too.</param>
    /// <exception cref="StartException">An Azurite does not answer and cannot be started, or it is
    /// another's.</exception>
    public async Task StartAsync(IConfiguration configuration, CancellationToken cancellationToken)
    {
        var named = AzuriteAccount
            .Named(configuration)
            .Where(setting => setting.Account is not null)
            .DistinctBy(setting => setting.Account)
            .ToList();
        if (named.Count == 0)
        {
            await EnterAsync(Path.Combine(Checkout.Data, "hosts"), cancellationToken);
            return;
        }
        var root = Checkout.Root
            ?? throw new StartException(
                "Azurite: seen no package.json that asks for azurite in this folder or above, expected the "
                    + "checkout; run the command there"
            );
        var ends = new List<Task<string>>();
        foreach (var (_, text, account) in named)
        {
            var registry = await EnterAsync(Checkout.HostsOf(account!), cancellationToken);
            var tools = new NodeTools(root, time, say);
            var azurite = new LocalAzurite(account!, text, tools, registry, Checkout.DataOf(account!), time, say);
            cleanups.Push($"Azurite may still run on {account!.Shown}; stop it", azurite.DisposeAsync);
            await azurite.EnsureAsync(mayStart, cancellationToken);
            var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            ends.Add(azurite.WatchAsync(watching.Token));
            // Before Azurite is stopped.
            cleanups.Push($"Azurite on {account.Shown} is watched until this process has ended", () =>
                new ValueTask(watching.CancelAsync())
            );
        }
        Ended = Task.WhenAny(ends).Unwrap();
    }

    private async Task<HostRegistry> EnterAsync(string folder, CancellationToken cancellationToken)
    {
        var registry = new HostRegistry(folder);
        using (await registry.LockAsync(time, say, cancellationToken))
        {
            if (await registry.EndOrphansAsync(cancellationToken) is > 0 and var ended)
            {
                say($"worker: ended {ended} whose host had died");
            }
            registry.Enter(null);
        }
        registries.Add(registry);
        cleanups.Push($"this host stays registered in {folder} until the next local host starts", () =>
        {
            registry.Leave();
            return ValueTask.CompletedTask;
        });
        return registry;
    }
}
