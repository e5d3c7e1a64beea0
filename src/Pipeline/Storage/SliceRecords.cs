using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;

namespace Pipeline.Storage;

/// <summary>All that the storage keeps about a slice beside its facts.</summary>
/// <param name="Slices">The state of each slice.</param>
/// <param name="Runs">The runs that loaded or rejected its bodies.</param>
/// <param name="Rejects">The rows and bodies that were not loaded.</param>
/// <param name="Gaps">The rows that the publisher left without a value.</param>
/// <param name="Bodies">The bodies as the publisher sent them.</param>
public sealed record SliceRecords(SliceBook Slices, RunBook Runs, RejectBook Rejects, GapBook Gaps, RawStore Bodies);
