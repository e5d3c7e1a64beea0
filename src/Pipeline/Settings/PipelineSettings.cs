using NCrontab;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;

namespace Pipeline.Settings;

/// <summary>All settings of the pipeline, read and checked together before anything runs.</summary>
/// <param name="UseSamples">Whether sources answer from the recorded samples instead of the network.</param>
/// <param name="Census">The trade source.</param>
/// <param name="Unctad">The investment source.</param>
/// <param name="Moex">The source of foreign holders.</param>
public sealed record PipelineSettings(bool UseSamples, CensusSettings Census, UnctadSettings Unctad, MoexSettings Moex)
{
    /// <summary>
    /// When each source is planned, by its name: a slice is pulled by the first plan on or after its due
    /// date.
    /// </summary>
    public IReadOnlyDictionary<string, CrontabSchedule> Schedules { get; init; } =
        new Dictionary<string, CrontabSchedule>();
}
