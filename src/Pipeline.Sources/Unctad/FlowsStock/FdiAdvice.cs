namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>What an operator can do about a vintage that is not loaded.</summary>
internal static class FdiAdvice
{
    /// <summary>The body cannot be loaded at all.</summary>
    public const string Correct =
        "the table keeps the old vintage; if people have edited the file, take the publisher's; if the publisher's is "
        + "like that, wait for the next release";

    /// <summary>The body may be incomplete, or right.</summary>
    public const string PullOrAccept =
        "the table keeps the old vintage; pull the slice again; if it stays so ask the publisher, and replay it "
        + "with accept if the figures are right";

    /// <summary>A figure may be wrong, or right.</summary>
    public const string CompareOrAccept =
        "the table keeps the old vintage; compare with the publisher's page, then replay the slice with accept if "
        + "the figures are right";
}
