using Pipeline.Datasets;
using Pipeline.Issues;
using Xunit;

namespace Pipeline.Tests.Datasets;

public sealed class CheckFindingsTests
{
    private static Finding At(int number, string seen = "1") => new($"row {number}", seen, "2", "look at it");

    [Fact]
    public void Findings_keep_their_order_and_the_same_one_counts_once()
    {
        var findings = new CheckFindings();
        findings.AddRange([At(2), At(1), At(2), At(2, "3")]);
        Assert.Equal([At(2), At(1), At(2, "3")], findings.ToList());
        Assert.Equal(
            "row 2: seen 1, expected 2; look at it; and 2 more at row 1; row 2 (seen 3)",
            CheckFindings.InWords(findings.ToList())
        );
        Assert.Equal(
            "row 2: seen 1, expected 2; look at it; and 2 more at row 1; …",
            CheckFindings.InWords(findings.ToList(), named: 1)
        );
        Assert.Equal("row 2: seen 1, expected 2; look at it", CheckFindings.InWords([At(2)]));
    }

    [Fact]
    public void Findings_that_differ_by_what_was_expected_are_two()
    {
        var findings = new CheckFindings();
        findings.AddRange([At(1), At(1) with { Expected = "3" }, At(1)]);
        Assert.Equal(["2", "3"], findings.ToList().Select(finding => finding.Expected));
    }

    /// <summary>A word about the rest of one body must not hold for the rest of another.</summary>
    [Fact]
    public void Findings_beyond_the_limit_are_one_that_tells_others_apart()
    {
        var one = Rest(CheckFindings.Most + 3, "1");
        var other = Rest(CheckFindings.Most + 3, "9");
        Assert.Equal(one, Rest(CheckFindings.Most + 3, "1"));
        Assert.NotEqual(one.Seen, other.Seen);
        Assert.NotEqual(one.Seen, Rest(CheckFindings.Most + 3, "1", "9").Seen);
        Assert.Equal(("body, further findings", "none; there: 2", "look at it"), (one.Where, one.Expected, one.Advice));
        Assert.Matches("^3 more findings [(][0-9a-f]{12}[)], the first at row 1000: 1$", one.Seen);
        Assert.Matches(
            "^1 more finding [(][0-9a-f]{12}[)], the first at row 1000: 1$",
            Rest(CheckFindings.Most + 1, "1").Seen
        );

        static Finding Rest(int count, string last, string expected = "2")
        {
            var findings = new CheckFindings();
            findings.AddRange(Enumerable.Range(0, count - 1).Select(number => At(number)));
            findings.Add(At(count - 1, last) with { Expected = expected });
            Assert.Equal(CheckFindings.Most + 1, findings.ToList().Count);
            return findings.ToList()[^1];
        }
    }

    [Fact]
    public void A_finding_that_is_kept_does_not_count_among_the_rest()
    {
        var findings = new CheckFindings();
        findings.AddRange(Enumerable.Range(0, CheckFindings.Most).Select(number => At(number)));
        findings.Add(At(0));
        Assert.Equal(CheckFindings.Most, findings.ToList().Count);
    }

    [Fact]
    public void Places_that_are_all_named_have_no_ellipsis() =>
        Assert.Equal(
            "row 1: seen 1, expected 2; look at it; and 1 more at row 2",
            CheckFindings.InWords([At(1), At(2)], named: 1)
        );

    [Fact]
    public void A_hash_of_findings_tells_others_apart()
    {
        Assert.Equal(CheckFindings.HashOf([At(1)]), CheckFindings.HashOf([At(1)]));
        Assert.NotEqual(CheckFindings.HashOf([At(1)]), CheckFindings.HashOf([At(2)]));
    }
}
