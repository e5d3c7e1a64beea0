using Pipeline.Issues;

namespace Pipeline.Report.Data;

/// <summary>A request for figures that cannot be met as it stands.</summary>
/// <param name="finding">Where, what was seen, what was expected, what to do.</param>
/// <param name="isMissing">True if what was asked for does not exist.</param>
public sealed class DataRefusedException(Finding finding, bool isMissing = false) : Exception(finding.ToString())
{
    /// <summary>Where, what was seen, what was expected, what to do.</summary>
    public Finding Finding => finding;

    /// <summary>True if what was asked for does not exist; false if the request is malformed.</summary>
    public bool IsMissing => isMissing;

    /// <summary>What was asked for does not exist.</summary>
    public static DataRefusedException NotFound(Finding finding) => new(finding, isMissing: true);
}
