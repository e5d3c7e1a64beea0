namespace Pipeline.Faults.Sources;

/// <summary>
/// What the message about a fault must hold where the requests differ in it; null where the right rows are
/// loaded all the same.
/// </summary>
internal static class FaultWords
{
    /// <summary>What the message says of a body without its end.</summary>
    private static string CutOff(SourceCase at) =>
        (at.Slice.Dataset, at.Part) switch
        {
            (_, SourceCase.Catalogue) => "\" in the catalogue, expected a JSON document of at most 32 levels; ",
            ("country-balance" or "ofz-nonresidents", _) => " bytes without its end, expected a complete workbook; ",
            ("fdi-flows-stock", _) => " bytes, expected 3011 bytes, as its first 32 declare; ",
            ("market-capitalisation", _) => " bytes that does not end in }, expected a complete JSON object; ",
            ("nsd-holders", _) => " bytes that does not end in ], expected a complete JSON array; ",
            _ => " bytes that does not end in ]], expected a complete JSON array of arrays; ",
        };

    public static string? Truncated(SourceCase at) => CutOff(at);

    public static string? CutGzip(SourceCase at) => CutOff(at);

    /// <summary>
    /// Binary bodies are no longer what they were in their first bytes, texts of two-byte characters in their
    /// last.
    /// </summary>
    public static string? Charset(SourceCase at) =>
        (at.Slice.Dataset, at.Part) switch
        {
            (_, SourceCase.Catalogue) => "seen \"'0x00' is an invalid start of a property name.",
            ("country-balance" or "ofz-nonresidents", _) => "starting \"P K ",
            ("fdi-flows-stock", _) => "starting \"7 z ",
            _ => CutOff(at),
        };

    /// <summary>
    /// An empty answer where the table has rows; the trade API's years are then asked for in parts
    /// (<see cref="IsNarrowed"/>).
    /// </summary>
    public static string? NoContent(SourceCase at) =>
        (at.Slice.Dataset, at.Part) switch
        {
            ("market-capitalisation", _) => "seen status 204 without a body, expected a JSON object of blocks; ",
            ("nsd-holders", _) => "seen status 204 without a body, expected a JSON array; ",
            _ when IsNarrowed(at) =>
                "seen status 204 without a body, expected rows, because the table has some of this slice; "
                    + "the table keeps what it has; ",
            _ => "seen status 204 without a body, expected status 200; ",
        };

    /// <summary>Whether an empty answer makes it ask for the parts of a slice, which then say what was seen.</summary>
    public static bool IsNarrowed(SourceCase at) =>
        at.Slice.Source == "census-trade" && at.Slice.Dataset != "country-balance";

    public static string? ColumnLess(SourceCase at) =>
        (at.Slice.Dataset, at.Part) switch
        {
            (_, SourceCase.Catalogue) =>
                "seen no such report in the catalogue, expected a report named US.FdiFlowsStock; ",
            ("country-balance", _) => "expected the columns IJAN too; ",
            ("fdi-flows-stock", _) => "expected a column of US$ at current prices in millions too",
            (_, SourceCase.SecondPage) =>
                "page 2, block capitalization: seen \"TRADEDATE\", expected the column CAPITALIZATION too; ",
            ("market-capitalisation", _) =>
                "block capitalization: seen \"TRADEDATE\", expected the column CAPITALIZATION too; ",
            ("nsd-holders", _) => "seen 0 rows, expected at least 3, 95 % of the 3 rows of the body before; ",
            ("ofz-nonresidents", _) => "expected a column with нерезидент and дол (the share held); ",
            var (dataset, _) => $"expected the columns {(dataset[0] == 'e' ? "ALL" : "GEN")}_VAL_MO too; ",
        };

    /// <summary>The deadline that comes first: the attempt's after the last of them, or the whole request's.</summary>
    public static string? Hung(SourceCase at) =>
        $"seen no complete answer within "
        + $"{at.Slice.Source switch { "census-trade" => 120, "unctad-fdi" => 480, _ => 720 }} s, expected an answer; ";

    /// <summary>Which of the deadlines ends it depends on when the server notices that the client waits no
    /// more.</summary>
    public static string? TooSlow(SourceCase at) => "seen no complete answer within ";

    public static string? TooLong(SourceCase at)
    {
        var limit =
            at switch
            {
                { Part: SourceCase.Catalogue } => 8,
                _ => at.Slice.Dataset switch
                {
                    "country-balance" => 32,
                    "nsd-holders" => 32,
                    "market-capitalisation" or "ofz-nonresidents" or "fdi-flows-stock" => 16,
                    _ => 256,
                },
            } << 20;
        return $"seen a body of more than {limit} bytes, expected at most {limit} bytes; ";
    }

    /// <summary>A connection that is closed in peace before the answer's end.</summary>
    public static string? ClosedEarly(SourceCase at) =>
        "seen \"The response ended prematurely. (ResponseEnded)\", expected an answer; ";

    /// <summary>The same in the middle of a body.</summary>
    public static string? ClosedHalfway(SourceCase at) =>
        " additional bytes expected. (ResponseEnded)\", expected an answer; ";

    /// <summary>A connection that is reset.</summary>
    public static string? Reset(SourceCase at) => "reset by peer\", expected an answer; ";
}
