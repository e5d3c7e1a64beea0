using Pipeline.Ingestion;
using Pipeline.Issues;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>What an operator's word holds for: what was shown before it, with what it was held against.</summary>
public sealed class OperatorWordTests
{
    private const string Blob = "raw body";
    private const int Id = 2;
    private static readonly Finding Figure = new("facts p k", "5000", "about 5, which the table has", "advice");

    private static OperatorWord Word(IReadOnlyList<RejectRow> accepted, params IReadOnlyList<RejectRow> own) =>
        new(Blob, accepted, new ShownFindings(own, Id));

    private static RejectRow Open(Finding finding, int? acceptId = Id) =>
        new() { Finding = finding, AcceptId = acceptId };

    private static RejectRow Accepted(Finding finding, string blob) =>
        new()
        {
            Finding = finding,
            RawBlob = blob,
            State = RejectBook.Accepted,
        };

    [Theory]
    [InlineData(Id, true)]
    [InlineData(1, true)]
    [InlineData(3, false)]
    [InlineData(null, false)]
    public void A_finding_that_the_accept_does_not_cover_is_not_accepted(int? covered, bool isAccepted)
    {
        var word = Word([], Open(Figure, covered));
        Assert.Equal(isAccepted, word.Accepts(Figure));
        Assert.Equal(isAccepted, word.AcceptsJudgement(Figure));
        Assert.Equal(isAccepted, word.AcceptsAgainstTable(Figure));
    }

    public static TheoryData<string, string, string> Others =>
        new()
        {
            { Figure.Where, Figure.Seen, "about 7, which the table has" },
            { Figure.Where, "5001", Figure.Expected },
            { "facts p l", Figure.Seen, Figure.Expected },
        };

    [Theory, MemberData(nameof(Others))]
    public void A_word_about_a_finding_is_none_about_another(string where, string seen, string expected)
    {
        var word = Word([], Open(Figure));
        var other = new Finding(where, seen, expected, Figure.Advice);
        Assert.False(word.AcceptsJudgement(other));
        Assert.False(word.AcceptsAgainstTable(other));
        Assert.False(word.AcceptsAll(other, [other]));
        Assert.Empty(word.Spoken);
        // A word about a figure is about all reasons against it.
        Assert.Equal((where, seen) == (Figure.Where, Figure.Seen), word.Accepts(other));
    }

    [Theory, MemberData(nameof(Others))]
    public void What_was_accepted_of_a_body_against_the_table_holds_for_the_same_figure_of_the_table(
        string where,
        string seen,
        string expected
    )
    {
        var word = Word([Accepted(Figure, Blob)]);
        Assert.True(word.AcceptsAgainstTable(Figure));
        Assert.False(word.AcceptsAgainstTable(new Finding(where, seen, expected, Figure.Advice)));
        // The table may have changed since another body was held against it.
        Assert.False(Word([Accepted(Figure, "other")]).AcceptsAgainstTable(Figure));
    }

    [Fact]
    public void An_accepted_figure_is_remembered_whatever_it_is_held_against()
    {
        var word = Word([Accepted(Figure, "other")]);
        Assert.True(word.Accepts(Figure with { Expected = "about 7, which the table has" }));
        Assert.False(word.Accepts(Figure with { Seen = "5001" }));
    }

    [Fact]
    public void A_sum_that_was_accepted_beside_its_total_is_remembered_in_other_bodies_until_one_of_both_changes()
    {
        var sum = new Finding("body, beside the totals, facts p k", "2 figures that add up to 9", "at most 1", "a");
        var word = Word([Accepted(sum, "other")]);
        Assert.True(word.AcceptsAgainstTable(sum));
        Assert.False(word.AcceptsAgainstTable(sum with { Seen = "3 figures that add up to 19" }));
        Assert.False(word.AcceptsAgainstTable(sum with { Expected = "at most 2" }));
    }

    [Fact]
    public void Without_a_word_only_what_was_accepted_before_holds()
    {
        var word = new OperatorWord(Blob, [Accepted(Figure, Blob)], shown: null);
        Assert.True(word.Accepts(Figure));
        Assert.False(word.Accepts(Figure with { Seen = "5001" }));
        Assert.Equal(("", 0), (word.Note, word.Spoken.Count));
    }
}
