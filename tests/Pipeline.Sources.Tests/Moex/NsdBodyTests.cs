using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Moex;

public sealed class NsdBodyTests
{
    private const string Slice = "nsd-holders/2026-11-20";
    private const string Kept = "; kept in rejects, fix the reader or replay";
    private const string Layout =
        "; the answer's layout is not the documented one: the table keeps the old rows; adapt the reader, then replay";

    /// <summary>What the object lacks.</summary>
    private const string Gap =
        "\nmissing: ofz|market_outstanding_nsd_nominee_plus_foreign_banks_current_nominal 2026-11-20|Foreign "
        + "nominee accounts and banks with foreign owners, RU000A0JXQF2|KEY: "
        + "the source has no share_pct and no share_cash for nominee_and_banks"
        + NoCash;

    private const string Nominee =
        "\ngap: ofz|market_outstanding_nsd_nominee_current_nominal 2026-11-20|Foreign nominee accounts|KEY|";

    /// <summary>The amount that the object lacks.</summary>
    private const string NoCash =
        "\ngap: ofz|market_outstanding_nsd_nominee_plus_foreign_banks_current_nominal 2026-11-20|"
        + "Foreign nominee accounts and banks with foreign owners|KEY|Value: the source has no total_share_cash";

    /// <summary>One object, as the manual describes it.</summary>
    private const string One =
        "{'date':'2026-11-20','asset_type':'OFZ','method':'By current nominal value','calculation_currency':'RUB',"
        + "'nominee':{'total_share_pct':29.62,'total_share_cash':3000000000000},"
        + "'nominee_and_banks':{'total_share_pct':'35.45','total_share_cash':null},"
        + "'details':[{'date':'2026-11-20','isin':'RU000A0JXQF2','nsd_code':'x','nominee':{'share_pct':10.5,"
        + "'share_cash':1000},'nominee_and_banks':null}]}";

    /// <summary>What is written instead of what in the object, and all that comes of it.</summary>
    public static TheoryData<string, string, string> Objects =>
        new()
        {
            { "'details':[", "'more':17,'details':[", "3 of 4 kept, 0 excluded" + Gap },
            {
                "By current nominal value",
                "по первоначальному номиналу",
                "3 of 4 kept, 0 excluded" + Gap.Replace("current", "initial")
            },
            {
                "By current nominal value",
                "average",
                "0 of 4 kept, 0 excluded\nrejected: object 1, method: seen \"average\", expected a text that says "
                    + "current or initial nominal value, and not both"
                    + Kept
            },
            {
                "By current nominal value",
                "current and initial",
                "0 of 4 kept, 0 excluded\nrejected: object 1, method: seen \"current and initial\", expected a text "
                    + "that says current or initial nominal value, and not both"
                    + Kept
            },
            {
                "'method':'By current nominal value',",
                "",
                "0 of 4 kept, 0 excluded\nrejected: object 1, method: seen nothing, expected a text that says "
                    + "current or initial nominal value, and not both"
                    + Kept
            },
            {
                "'OFZ'",
                "' - '",
                "0 of 4 kept, 0 excluded\nrejected: object 1, asset_type: seen \" - \", expected a type of asset" + Kept
            },
            {
                "'OFZ'",
                "null",
                "0 of 4 kept, 0 excluded\nrejected: object 1, asset_type: seen \"null\", expected a type of asset"
                    + Kept
            },
            {
                "29.62",
                "101",
                "3 of 4 kept, 0 excluded"
                    + AfterMissing(Nominee + "SharePercent: the source sent \"101\" for total_share_pct")
            },
            {
                "29.62",
                "'29,62'",
                "3 of 4 kept, 0 excluded"
                    + AfterMissing(Nominee + "SharePercent: the source sent \"\"29,62\"\" for total_share_pct")
            },
            {
                "3000000000000",
                "-1",
                "3 of 4 kept, 0 excluded" + AfterMissing(Nominee + "Value: the source sent \"-1\" for total_share_cash")
            },
            {
                "29.62,'total_share_cash':3000000000000",
                "101,'total_share_cash':null",
                "2 of 4 kept, 0 excluded"
                    + Gap
                    + "\nrejected: object 1, nominee, total_share_pct: seen \"101\", expected per cent, 0 to 100"
                    + Kept
            },
            {
                "29.62,'total_share_cash':3000000000000",
                "null,'total_share_cash':-1",
                "2 of 4 kept, 0 excluded"
                    + Gap
                    + "\nrejected: object 1, nominee, total_share_cash: seen \"-1\", expected an amount, 0 or more"
                    + Kept
            },
            {
                "29.62,'total_share_cash':3000000000000",
                "'x','total_share_cash':'y'",
                "2 of 4 kept, 0 excluded"
                    + Gap
                    + "\nrejected: object 1, nominee, total_share_pct: seen \"\"x\"\", expected per cent, 0 to 100"
                    + Kept
            },
            {
                "'RUB'",
                "'RUR'",
                "3 of 4 kept, 0 excluded"
                    + AfterMissing(
                        Nominee + "Value: the source sent the amount 3000000000000 in \"RUR\" for total_share_cash"
                    )
                    + Nominee.Replace("|KEY", ", RU000A0JXQF2|KEY", StringComparison.Ordinal)
                    + "Value: the source sent the amount 1000 in \"RUR\" for share_cash"
            },
            {
                "'RUB','nominee':{'total_share_pct':29.62",
                "'RUR','nominee':{'total_share_pct':null",
                "2 of 4 kept, 0 excluded"
                    + Gap
                    + Nominee.Replace("|KEY", ", RU000A0JXQF2|KEY", StringComparison.Ordinal)
                    + "Value: the source sent the amount 1000 in \"RUR\" for share_cash"
                    + "\nrejected: object 1, nominee: seen the amount 3000000000000 in \"RUR\", expected an ISO "
                    + "4217 code in calculation_currency"
                    + Kept
            },
            {
                "{'total_share_pct':29.62,'total_share_cash':3000000000000}",
                "17",
                "2 of 4 kept, 0 excluded"
                    + Gap
                    + "\nrejected: object 1, nominee: seen \"17\", expected total_share_pct and total_share_cash"
                    + Kept
            },
            {
                "RU000A0JXQF2",
                "RU000A0JXQF",
                "2 of 4 kept, 0 excluded"
                    + NoCash
                    + "\nrejected: object 1, detail 1, isin: seen \"RU000A0JXQF\", expected an ISIN: two letters, "
                    + "nine letters or digits, a digit"
                    + Kept
            },
            {
                "[{'date':'2026-11-20'",
                "[{'date':'2026-11-19'",
                "2 of 4 kept, 0 excluded"
                    + NoCash
                    + "\nrejected: object 1, detail 1, date: seen \"2026-11-19\", expected \"2026-11-20\" or nothing"
                    + Kept
            },
            {
                "'details':[",
                "'details':[17,",
                "3 of 6 kept, 0 excluded"
                    + Gap
                    + "\nrejected: object 1, detail 1: seen \"17\", expected an object"
                    + Kept
            },
            {
                "{'date':'2026-11-20','asset",
                "{'date':'2026-11-19','asset",
                "0 of 0 kept, 0 excluded\nrefused: object 1, date: seen \"2026-11-19\", expected \"2026-11-20\", "
                    + "which was asked for; the answer belongs to another request: the table keeps the old rows; "
                    + "pull the slice again"
            },
            {
                "'details':[",
                "'details':{},'d':[",
                "0 of 0 kept, 0 excluded\nrefused: object 1, details: seen \"{}\", expected a list" + Layout
            },
        };

    /// <summary>A gap of the first pair, between what is missing and the amount that the object lacks.</summary>
    private static string AfterMissing(string gap) => Gap.Replace(NoCash, gap + NoCash, StringComparison.Ordinal);

    [Theory, MemberData(nameof(Objects))]
    public async Task Objects_are_told_what_is_wrong_with_them(string what, string with, string expected)
    {
        var body = One.Replace(what, with, StringComparison.Ordinal);
        Assert.NotEqual(One, body);
        Assert.Equal(expected, await OutcomeAsync($"[{body}]"));
    }

    /// <summary>Whole bodies, and all that comes of them.</summary>
    public static TheoryData<string, string> Bodies =>
        new()
        {
            {
                "{}",
                "0 of 0 kept, 0 excluded\nrefused: body: seen a JSON Object, expected a JSON array of objects" + Layout
            },
            { "[17]", "0 of 0 kept, 0 excluded\nrefused: object 1: seen \"17\", expected an object" + Layout },
            {
                $"[{string.Join(',', Enumerable.Repeat("{'date':'2026-11-20'}", 1000))}]",
                "0 of 2000 kept, 0 excluded\nrefused: body: seen 1000 objects, expected fewer than the 1000 asked "
                    + "for: there may be more"
                    + Layout
            },
            { $"[{One},{One}]", "3 of 8 kept, 4 excluded" + Gap },
        };

    [Theory, MemberData(nameof(Bodies))]
    public async Task Bodies_are_told_what_is_wrong_with_them(string body, string expected) =>
        Assert.Equal(expected, await OutcomeAsync(body));

    /// <summary>What becomes of a body; the hash at the end of keys is left out.</summary>
    private static async Task<string> OutcomeAsync(string body) =>
        System.Text.RegularExpressions.Regex.Replace(
            await Holders.OutcomeAsync(Slice, Holders.Body(body)),
            @"\|[0-9a-f]{8}(?=[:|])",
            "|KEY"
        );

    [Fact]
    public async Task Each_method_and_group_has_a_basis_of_its_own_and_securities_are_named_in_holder_and_citation()
    {
        var initial = One.Replace("By current nominal value", "Initial nominal", StringComparison.Ordinal)
            .Replace("'OFZ'", "'Corporate  bonds (all)'", StringComparison.Ordinal);
        Assert.Equal(
            [
                "ofz|market_outstanding_nsd_nominee_current_nominal 2026-11-20 Foreign nominee accounts  29.62 "
                    + "3000000000000 RUB exact [NSD, GetAssetholders, 2026-11-20]",
                "ofz|market_outstanding_nsd_nominee_plus_foreign_banks_current_nominal 2026-11-20 Foreign nominee "
                    + "accounts and banks with foreign owners  35.45 -1  exact [NSD, GetAssetholders, 2026-11-20]",
                "ofz|market_outstanding_nsd_nominee_current_nominal 2026-11-20 Foreign nominee accounts, "
                    + "RU000A0JXQF2  10.5 1000 RUB exact [NSD, GetAssetholders, 2026-11-20, RU000A0JXQF2]",
                "corporate_bonds_all|market_outstanding_nsd_nominee_initial_nominal 2026-11-20 Foreign nominee "
                    + "accounts  29.62 3000000000000 RUB exact [NSD, GetAssetholders, 2026-11-20]",
                "corporate_bonds_all|market_outstanding_nsd_nominee_plus_foreign_banks_initial_nominal 2026-11-20 "
                    + "Foreign nominee accounts and banks with foreign owners  35.45 -1  exact [NSD, "
                    + "GetAssetholders, 2026-11-20]",
                "corporate_bonds_all|market_outstanding_nsd_nominee_initial_nominal 2026-11-20 Foreign nominee "
                    + "accounts, RU000A0JXQF2  10.5 1000 RUB exact [NSD, GetAssetholders, 2026-11-20, RU000A0JXQF2]",
            ],
            await Holders.RowsAsync(Slice, Holders.Body($"[{One},{initial}]"))
        );
    }
}
