using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Report.Page;
using Pipeline.Runs;
using Xunit;

namespace Pipeline.Report.Tests;

/// <summary>The page, whatever the report holds.</summary>
public sealed class PageTests
{
    private const string Hostile = "</td><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>";
    private static readonly DateTimeOffset Day = new(2026, 3, 1, 12, 5, 59, TimeSpan.Zero);

    [Fact]
    public async Task A_text_from_outside_is_text_wherever_it_stands()
    {
        var page = await RenderAsync(Report(Hostile));
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        // Once for each text of the report; none is lost. In an attribute and in an element the same words stand for
        // it.
        var times = Regex.Count(page, Regex.Escape("&lt;script&gt;alert(1)&lt;/script&gt;"));
        Assert.True(times >= 30, $"{times} times");
        Assert.Equal(Regex.Count(page, "<[a-z]"), Regex.Count(await RenderAsync(Report("plain")), "<[a-z]"));
    }

    [Fact]
    public async Task There_is_no_inline_script_style_or_handler()
    {
        var page = await RenderAsync(Report("plain"));
        Assert.Equal(
            [$"<script src=\"{ReportAsset.Script.Address}\" defer>"],
            Regex.Matches(page, "<script[^>]*>").Select(match => match.Value)
        );
        Assert.DoesNotMatch("<style|\\sstyle=|\\son[a-z]+=|javascript:", page);
    }

    [Fact]
    public async Task Equal_reports_make_equal_pages_and_another_report_another_page()
    {
        Assert.Equal(await RenderAsync(Report("plain")), await RenderAsync(Report("plain")));
        Assert.NotEqual(await RenderAsync(Report("plain")), await RenderAsync(Report("other")));
    }

    [Fact]
    public async Task A_pipeline_without_data_has_a_page_that_says_so()
    {
        var page = await RenderAsync(
            new StatusReport(
                StatusReport.NeedsAttention,
                ["x has never been run"],
                [new("x", [], null, [], [])],
                [],
                new(0, [], 0, []),
                new(Day, 0, false, 0, 0, []),
                [],
                []
            )
        );
        foreach (
            var words in (string[])
                [
                    "Needs attention",
                    "<li>x has never been run</li>",
                    "Switched off by the settings.",
                    "Nothing is loaded yet.",
                    "No claim has been checked yet.",
                    "No figure was changed since 2026-03-01.",
                    "There is no open reject.",
                ]
        )
        {
            Assert.Contains(words, page, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(20_844_962_518d, "20,844,962,518")]
    [InlineData(-14_186_882_104d, "-14,186,882,104")]
    [InlineData(55.5, "55.5")]
    [InlineData(0.00004, "0")]
    [InlineData(0d, "0")]
    [InlineData(null, "–")]
    public void Figures_are_written_exactly_and_the_same_for_everybody(double? value, string text) =>
        Assert.Equal(text, Format.Figure(value));

    [Fact]
    public void Moments_are_UTC()
    {
        var moment = new DateTimeOffset(2026, 3, 1, 1, 30, 9, TimeSpan.FromHours(3));
        Assert.Equal(
            ("2026-02-28 22:30 UTC", "2026-02-28T22:30:09Z", "2026-02-28"),
            (Format.Minute(moment), Format.Iso(moment), Format.Day(moment))
        );
    }

    [Fact]
    public void The_assets_are_named_after_their_content_and_carry_the_license_of_what_is_in_them()
    {
        Assert.Equal(["report.css", "report.js"], ReportAsset.All.Select(asset => asset.Name));
        foreach (var asset in ReportAsset.All)
        {
            Assert.Equal($"report/{asset.Name}?v={asset.Version}", asset.Address);
            var text = System.Text.Encoding.UTF8.GetString(asset.Bytes);
            Assert.Contains("MIT License", text[..200], StringComparison.Ordinal);
            Assert.DoesNotContain(
                "http://",
                text.Replace("http://www.w3.org", "", StringComparison.Ordinal),
                StringComparison.Ordinal
            );
        }
        Assert.Contains(
            "uPlot=function",
            System.Text.Encoding.UTF8.GetString(ReportAsset.Script.Bytes),
            StringComparison.Ordinal
        );
    }

    /// <summary>A report that has everything a report can have, with a text in every place.</summary>
    private static StatusReport Report(string text) =>
        new(
            StatusReport.NeedsAttention,
            [text],
            [
                new(
                    text,
                    [
                        new(text, text, text, text, text, text, 1, 2, 1, Day, Day, Day, 3),
                        new("late", "", "", "", "", "", 1, 2, 0, null, null, null, 99),
                        new("new", "", "", "", "", "", 0, 0, 0, null, null, null, 0),
                    ],
                    new(
                        Day,
                        Day.AddSeconds(2),
                        1,
                        new Dictionary<string, int> { [text] = 1 },
                        5,
                        new RowCounts(2, 1, 0, 0, 0, 0, 0),
                        false,
                        [text]
                    ),
                    [text],
                    [text]
                ),
            ],
            [new(text, 1, 1)],
            new(31, [new(text, 30, new(text, text, text, text), Day)], 1, [new(text, text, text, text)]),
            new(
                Day,
                30,
                true,
                1,
                1,
                [new(text, text, text, text, text, text, Day, false), new("t", "p", "r", "c", "o", "n", Day, true)]
            ),
            [
                new(text, text, new DateOnly(2019, 12, 31), text, text, 1, text, 2, text, text, text, [text]),
                new("a", "", null, "b", "", null, "", null, "", "", "", []),
            ],
            [
                new(
                    "figure",
                    text,
                    text,
                    [
                        new(text, Panel.Lines, text, text, [text], [new(text, [1], text), new(text, [null])], text),
                        new(text, Panel.Bars, text, text, [text, text], [new(text, [1, 2])], text),
                    ]
                ),
            ]
        );

    private static async Task<string> RenderAsync(StatusReport report)
    {
        // With the checks that are on in Development: a scoped service from the root provider is refused.
        await using var services = new ServiceCollection()
            .AddLogging()
            .BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true });
        return await new PageRenderer(
            services.GetRequiredService<IServiceScopeFactory>(),
            NullLoggerFactory.Instance
        ).RenderAsync(report);
    }
}
