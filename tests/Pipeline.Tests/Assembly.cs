using Pipeline.Testing;
using Xunit;

// The tests share one Azurite process.
[assembly: AssemblyFixture(typeof(Azurite))]
