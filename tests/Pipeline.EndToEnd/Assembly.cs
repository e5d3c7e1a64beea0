using Pipeline.Testing;
using Xunit;

// The tests share one Azurite process.
[assembly: AssemblyFixture(typeof(Azurite))]

// They wait for processes, timers and retries for half of their time, so that two cores have work for more threads.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
