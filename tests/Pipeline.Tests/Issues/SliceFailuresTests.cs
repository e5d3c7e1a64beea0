using Pipeline.Issues;
using Pipeline.Slices;
using Xunit;

namespace Pipeline.Tests.Issues;

/// <summary>Failed slices as the lines that an operator reads.</summary>
public sealed class SliceFailuresTests
{
    private static SliceRow Failed(string key, string error, string dataset = "facts") =>
        new(new Slice("fake", dataset, key)) { State = SliceState.PullFailed, LastError = error };

    private static SliceRow Request(string key, string rest, string host = "a.example") =>
        Failed(key, $"fake/facts/{key}: request https://{host}/data/{key}: {rest}");

    private static SliceRow Missing(string key, string error, string dataset = "facts") =>
        Failed(key, error, dataset) with
        {
            State = SliceState.Missing,
        };

    private static void Check(string lines, params SliceRow[] failed) =>
        Assert.Equal(lines, string.Join('\n', SliceFailures.Lines(failed)));

    [Fact]
    public void A_failure_of_one_slice_is_its_error() =>
        Check("words of one\nwords of one", Failed("1", "words of one"), Failed("2", "words of one"));

    [Fact]
    public void One_request_that_failed_is_its_error() =>
        Check(
            "fake/facts/1: request https://a.example/data/1: seen 500, expected 200",
            Request("1", "seen 500, expected 200")
        );

    [Fact]
    public void Slices_that_a_host_fails_for_are_one_line_whatever_the_numbers() =>
        Check(
            "fake: https://a.example fails for 2 slices, for example fake/facts/1: request https://a.example/data/1: "
                + "seen 500 after 3 s, expected 200\n"
                + "fake/facts/3: request https://b.example/data/3: seen 500 after 3 s, expected 200\n"
                + "fake/facts/4: request https://a.example/data/4: seen text, expected JSON",
            Request("1", "seen 500 after 3 s, expected 200"),
            Request("3", "seen 500 after 3 s, expected 200", "b.example"),
            Request("2", "seen 500 after 14 s, expected 200"),
            Request("4", "seen text, expected JSON")
        );

    [Fact]
    public void Slices_of_a_host_that_gives_no_response_are_one_line_whatever_the_network_says() =>
        Check(
            "fake: https://a.example does not answer, for 2 slices, for example fake/facts/1: "
                + "request https://a.example/data/1: seen a timeout, expected an answer",
            Request("1", "seen a timeout, expected an answer"),
            Request("2", "seen a closed connection, expected an answer")
        );

    [Fact]
    public void Two_hosts_that_give_no_response_are_two_lines() =>
        Check(
            "fake/facts/1: request https://a.example/data/1: seen a timeout, expected an answer\n"
                + "fake/facts/2: request https://b.example/data/2: seen a timeout, expected an answer",
            Request("1", "seen a timeout, expected an answer"),
            Request("2", "seen a timeout, expected an answer", "b.example")
        );

    [Fact]
    public void A_count_of_slices_has_its_thousands_apart() =>
        Check(
            "fake: https://a.example fails for 1,500 slices, for example fake/facts/1: request "
                + "https://a.example/data/1: seen 500, expected 200",
            [.. Enumerable.Range(1, 1500).Select(key => Request($"{key}", "seen 500, expected 200"))]
        );

    [Fact]
    public void Slices_of_a_dataset_that_brought_no_rows_are_one_line_with_their_keys() =>
        Check(
            "fake/facts: 1, 2 brought no rows: none of 2024\nfake/other: 3 brought no rows: none",
            Missing("2", "fake/facts/2: none of 2024"),
            Missing("1", "words"),
            Missing("3", "none", "other")
        );

    [Theory]
    [InlineData(12, "10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21")]
    [InlineData(13, "10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 and 1 more")]
    public void At_most_12_keys_are_named(int count, string keys) =>
        Check(
            $"fake/facts: {keys} brought no rows: none",
            [.. Enumerable.Range(10, count).Select(key => Missing($"{key}", "none"))]
        );

    [Theory]
    [InlineData(2, "a b")]
    [InlineData(3, "a b|… and 1 more line like this; see there")]
    [InlineData(1502, "a b|… and 1,500 more lines like these; see there")]
    public void A_long_list_says_how_many_lines_are_not_shown(int count, string lines)
    {
        var shown = ShortList.Of([.. (string[])["a", "b"], .. Enumerable.Repeat("c", count - 2)], 2, "there");
        Assert.Equal(lines.Replace("a b", "a|b", StringComparison.Ordinal), string.Join('|', shown));
    }
}
