using Pipeline.Sources.Census;

namespace Pipeline.Settings;

/// <summary>All settings of the pipeline, read and checked together before anything runs.</summary>
/// <param name="UseSamples">Whether sources answer from the recorded samples instead of the network.</param>
/// <param name="Census">The trade source.</param>
public sealed record PipelineSettings(bool UseSamples, CensusSettings Census);
