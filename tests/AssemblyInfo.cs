using Xunit;

// Two cores do not gain from more threads than that.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
