using Xunit;

namespace Pipeline.Sources.Tests;

/// <summary>Tests that measure memory: what others allocate at the same time would count.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeasuredAlone
{
    public const string Name = "measured alone";
}
