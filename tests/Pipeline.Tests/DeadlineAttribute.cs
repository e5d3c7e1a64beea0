using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using Xunit.v3;

namespace Pipeline.Tests;

/// <summary>
/// No test waits for ever: one that runs for ten minutes ends the whole run, which then names it. The slowest test takes a
/// minute on two busy cores.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class DeadlineAttribute : BeforeAfterTestAttribute
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly ConcurrentDictionary<IXunitTest, long> Running = new();
    private static readonly Timer Watch = new(_ => Check(), null, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));

    /// <inheritdoc/>
    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => Running[test] = Stopwatch.GetTimestamp();

    /// <inheritdoc/>
    public override void After(MethodInfo methodUnderTest, IXunitTest test) => Running.TryRemove(test, out _);

    private static void Check()
    {
        GC.KeepAlive(Watch);
        var late = Running.Where(test => Stopwatch.GetElapsedTime(test.Value) > Limit).Select(test => test.Key.TestDisplayName).ToList();
        if (late.Count > 0) Environment.FailFast($"not ended after {Limit.TotalMinutes:0} minutes: {string.Join(", ", late)}");
    }
}
