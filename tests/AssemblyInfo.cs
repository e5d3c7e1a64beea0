using Pipeline.Testing;
using Xunit;

// Tests of an assembly share one Azurite process; two cores do not gain from more threads than that.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: AssemblyFixture(typeof(Azurite))]
