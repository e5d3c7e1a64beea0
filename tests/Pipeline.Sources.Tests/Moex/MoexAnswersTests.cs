using Pipeline.Datasets;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Moex;

public sealed class MoexAnswersTests
{
    private const string Good =
        "{'capitalization':{'columns':['CAPITALIZATION','TRADEDATE'],'data':[[1,'2017-06-23']]}}";
    private const string Blocks = "; expected a JSON object of blocks; ";
    private const string Wrong =
        Blocks + "a wrong route, a login page or a page that blocks: the body is kept; check Moex__IssUrl";
    private const string Again = "the body is kept; the next plan asks again; at most 2 retries";
    private const string Sold =
        Blocks
        + "the exchange sells these figures: they need a subscription; an empty Moex__IssUrl switches the dataset off";
    private const string NotIn =
        "; expected status 200; the exchange does not let this request in: check Moex__IssUrl; it may not serve "
        + "this network (blocked?); an empty Moex__IssUrl switches the dataset off";
    private const string NoRoute =
        "; expected status 200; the route is not known or the request not accepted: check Moex__IssUrl, and the "
        + "exchange's notices";
    private const string Patience =
        "; expected status 200; the server asks for patience; the next plan tries again; after 60 s";
    private const string Blocked =
        "; expected status 200; the service has a fault, or it does not answer this network (blocked?); the next "
        + "plan tries again";
    private const string Error =
        "; expected a block capitalization; the service refuses the request: the table keeps the old rows; check "
        + "Moex__IssUrl, and the exchange's notices";
    private const string Elsewhere =
        "; expected an answer without redirect; redirects are not followed; if the service has moved, set Moex__IssUrl";

    /// <summary>
    /// Status, content type, headers, body, and the verdict on the answer: every case of moex.md, section
    /// 1.4.
    /// </summary>
    public static TheoryData<int, string, string, string, string> Iss =>
        new()
        {
            { 200, "application/json", "", Good, "Body" },
            { 200, "", "", "\uFEFF " + Good + "\r\n", "Body" },
            { 200, "application/json", "X-MicexPassport-Marker=denied", Good, "Body" },
            { 304, "", "", "", "NotModified" },
            { 200, "application/json", "", Good.Replace("[1,'2017-06-23']", ""), "Empty" },
            {
                200,
                "application/json",
                "",
                Good.Replace("capitalization", "CAPITALIZATION").Replace("[1,'2017-06-23']", ""),
                "Empty"
            },
            { 200, "application/json", "", "{'other':{'columns':['A'],'data':[]}}", "Body" },
            {
                200,
                "application/json",
                "",
                "{'capitalization':{'columns':['ERROR_MESSAGE'],'data':[['No such report']]}}",
                "Permanent: the error \"No such report\"" + Error
            },
            {
                200,
                "application/json",
                "",
                "{'x':{'columns':['error_message'],'data':[]}}",
                "Permanent: the error \"no text\"" + Error
            },
            {
                200,
                "application/json",
                "X-MicexPassport-Marker=denied",
                "",
                "Permanent: status 200 without a body, X-MicexPassport-Marker: denied" + Sold
            },
            {
                200,
                "application/json",
                "X-MicexPassport-Marker=granted",
                "",
                "Retry: status 200 without a body" + Blocks + Again
            },
            { 200, "application/json", "", "", "Retry: status 200 without a body" + Blocks + Again },
            { 204, "", "", "", "Retry: status 204 without a body" + Blocks + Again },
            {
                200,
                "text/html",
                "",
                "<html>Log in</html>",
                "Permanent: status 200, text/html, starting \"<html>Log in</html>\"" + Wrong
            },
            { 200, "text/html", "", "{'a':1}", "Permanent: status 200, text/html, starting \"{\"a\":1}\"" + Wrong },
            {
                200,
                "application/json",
                "",
                "<!doctype html>",
                "Permanent: status 200, application/json, starting \"<!doctype html>\"" + Wrong
            },
            {
                200,
                "application/json",
                "",
                "[{'charsetinfo':{}},{}]",
                "Permanent: status 200, application/json, starting \"[{\"charsetinfo\":{}},{}]\"" + Wrong
            },
            {
                200,
                "text/csv",
                "",
                "capitalization\n\nCAPITALIZATION;TRADEDATE",
                "Permanent: status 200, text/csv, starting \"capitalization  CAPITALIZATION;TRADEDATE\"" + Wrong
            },
            {
                200,
                "application/json",
                "",
                Good[..60],
                "Retry: a JSON body of 60 bytes that does not end in }; expected a complete JSON object; " + Again
            },
            {
                302,
                "",
                "Location=https://passport.moex.com/login",
                "",
                "Permanent: status 302 to \"https://passport.moex.com/login\", another host" + Elsewhere
            },
            { 301, "", "Location=/iss/reference/", "", "Permanent: status 301 to \"/iss/reference/\"" + Elsewhere },
            { 307, "", "", "", "Permanent: status 307 to \"nowhere\"" + Elsewhere },
            { 401, "", "", "", "Permanent: status 401 without a body" + NotIn },
            { 403, "", "", "", "Permanent: status 403 without a body" + NotIn },
            {
                403,
                "text/html",
                "",
                "<h1>Forbidden</h1>",
                "Permanent: status 403, text/html, starting \"<h1>Forbidden</h1>\"" + NotIn
            },
            {
                403,
                "text/html",
                "",
                "<h1>Too Many Requests</h1>",
                "Retry: status 403, text/html, starting \"<h1>Too Many Requests</h1>\"" + Patience
            },
            { 429, "", "", "", "Retry: status 429 without a body" + Patience },
            {
                404,
                "text/html",
                "",
                "<h1>404</h1>",
                "Permanent: status 404, text/html, starting \"<h1>404</h1>\"" + NoRoute
            },
            { 400, "", "", "", "Permanent: status 400 without a body" + NoRoute },
            { 500, "", "", "", "Retry: status 500 without a body" + Blocked },
            {
                502,
                "text/html",
                "",
                "<h1>Bad Gateway</h1>",
                "Retry: status 502, text/html, starting \"<h1>Bad Gateway</h1>\"" + Blocked
            },
            { 504, "", "", "", "Retry: status 504 without a body" + Blocked },
        };

    [Theory, MemberData(nameof(Iss))]
    public void Answers_of_the_exchange_mean(
        int status,
        string contentType,
        string headers,
        string body,
        string expected
    ) =>
        Assert.Equal(
            expected,
            Holders.Words("market-capitalisation/last-day", status, contentType, headers, Holders.Body(body))
        );

    [Fact]
    public void An_answer_longer_than_what_is_judged_at_once_is_left_to_the_reader() =>
        Assert.Equal(
            "Body",
            Holders.Words(
                "market-capitalisation/last-day",
                200,
                "application/json",
                "",
                Holders.Body($"{{'x':{{'columns':['ERROR_MESSAGE'],'data':[['{new string('x', Answer.EndBytes)}']]}}}}")
            )
        );

    private const string Moved =
        "; expected status 200; the table has moved before: find it on the Bank of Russia's site and update "
        + "Moex__OfzTableUrl";

    /// <summary>The same for the central bank's file: moex.md, section 2.</summary>
    public static TheoryData<int, string, string, string, string> Ofz =>
        new()
        {
            { 200, "application/octet-stream", "", "PK\u0003\u0004...PK\u0005\u0006......", "Body" },
            { 304, "", "", "", "NotModified" },
            {
                200,
                "application/octet-stream",
                "",
                "PK\u0003\u0004.........",
                "Retry: a workbook of 13 bytes without its end; expected a complete workbook; " + Again
            },
            {
                200,
                "text/html",
                "",
                "<html>Новая страница</html>",
                "Permanent: status 200, text/html, starting \"<html>Новая страница</html>\"; expected a workbook, "
                    + "starting with PK; the body is kept; check that Moex__OfzTableUrl is the address of the file "
                    + "itself"
            },
            {
                200,
                "",
                "",
                "",
                "Permanent: status 200 without a body; expected a workbook, starting with PK; the body is kept; "
                    + "check that Moex__OfzTableUrl is the address of the file itself"
            },
            { 404, "", "", "", "Permanent: status 404 without a body" + Moved },
            { 410, "", "", "", "Permanent: status 410 without a body" + Moved },
            {
                301,
                "",
                "Location=/statistics/new.xlsx",
                "",
                "Permanent: status 301 to \"/statistics/new.xlsx\"; expected an answer without redirect; redirects "
                    + "are not followed; the table has moved before: update Moex__OfzTableUrl"
            },
            {
                403,
                "",
                "",
                "",
                "Permanent: status 403 without a body; expected status 200; the request is not accepted: check "
                    + "Moex__OfzTableUrl"
            },
            { 429, "", "", "", "Retry: status 429 without a body" + Patience },
            {
                503,
                "",
                "",
                "",
                "Retry: status 503 without a body; expected status 200; the service has a fault; the next plan "
                    + "tries again"
            },
        };

    [Theory, MemberData(nameof(Ofz))]
    public void Answers_of_the_central_bank_mean(
        int status,
        string contentType,
        string headers,
        string body,
        string expected
    ) =>
        Assert.Equal(expected, Holders.Words("ofz-nonresidents/all", status, contentType, headers, Holders.Body(body)));

    /// <summary>The same for the depository: moex.md, section 3.</summary>
    public static TheoryData<int, string, string, string, string> Nsd =>
        new()
        {
            { 200, "application/json", "", "[{'date':'2026-11-20'}]", "Body" },
            { 200, "application/json", "", " [\n ] ", "Empty" },
            {
                200,
                "application/json",
                "",
                "{'error':'x'}",
                "Permanent: status 200, application/json, starting \"{\"error\":\"x\"}\"; expected a JSON array; "
                    + "the body is kept; check Moex__NsdUrl"
            },
            {
                200,
                "text/html",
                "",
                "<html>",
                "Permanent: status 200, text/html, starting \"<html>\"; expected a JSON array; the body is kept; "
                    + "check Moex__NsdUrl"
            },
            { 200, "application/json", "", "", "Retry: status 200 without a body; expected a JSON array; " + Again },
            {
                200,
                "application/json",
                "",
                "[{'date':",
                "Retry: a JSON body of 9 bytes that does not end in ]; expected a complete JSON array; " + Again
            },
            {
                302,
                "",
                $"Location=/login?apikey={Holders.Canary}",
                "",
                "Permanent: status 302 to \"/login?apikey=***\"; expected an answer without redirect; redirects are "
                    + "not followed; check Moex__NsdUrl"
            },
            {
                401,
                "text/plain",
                "",
                $"Not enough rights or invalid apikey {Holders.Canary}",
                "Permanent: status 401, text/plain, starting \"Not enough rights or invalid apikey ***\"; expected "
                    + "an accepted API key; set Moex__NsdApiKey to a key with the right to this method; without a "
                    + "key the dataset is off"
            },
            {
                404,
                "",
                "",
                "",
                "Permanent: status 404 without a body; expected status 200; the request is not accepted: check "
                    + "Moex__NsdUrl; the method's address is not documented"
            },
            {
                504,
                "text/html",
                "",
                "<html>Gateway Time-out</html>",
                "Retry: status 504, text/html, starting \"<html>Gateway Time-out</html>\"" + Blocked
            },
        };

    [Theory, MemberData(nameof(Nsd))]
    public void Answers_of_the_depository_mean(
        int status,
        string contentType,
        string headers,
        string body,
        string expected
    ) =>
        Assert.Equal(
            expected,
            Holders.Words("nsd-holders/2026-11-20", status, contentType, headers, Holders.Body(body))
        );

    /// <summary>The same for the curated container.</summary>
    public static TheoryData<int, string, string> Curated =>
        new()
        {
            { 200, "as_of", "Body" },
            { 404, "", "Empty: no file \"holders.csv\" in the container curated" },
            {
                200,
                "",
                "Permanent: an empty file; expected a header and a row for each statement; put the file into the "
                    + "container again; an empty Moex__HoldersFile switches the dataset off"
            },
        };

    [Theory, MemberData(nameof(Curated))]
    public void Answers_of_the_container_mean(int status, string body, string expected) =>
        Assert.Equal(expected, Holders.Words("holders-by-country/all", status, "", "", Holders.Body(body)));
}
