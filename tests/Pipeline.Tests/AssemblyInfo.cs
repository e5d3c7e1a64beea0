using Xunit;

// Tests share one Azurite process; two cores do not gain from more threads than that.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
