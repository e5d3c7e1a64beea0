using System.Globalization;
using System.Net;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Census;

public sealed class CensusAnswersTests
{
    private const string Rows = "[['CTY_CODE','time'],['4621','2019-01']]";
    private const string Key =
        "; expected an accepted API key; set Census__ApiKey to an active key, free at "
        + "https://api.census.gov/data/key_signup.html";
    private const string Service = "; expected status 200; the service has a fault; the next plan tries again";
    private const string Refused =
        "; expected status 200; the request is not accepted: check Census__BaseUrl and Census__CountryFileUrl, and "
        + "the publisher's notices";
    private const string Elsewhere =
        "; expected an answer without redirect; redirects are not followed; if the service has moved, set "
        + "Census__BaseUrl or Census__CountryFileUrl";
    private const string Maintenance =
        "Sorry, the system is currently undergoing maintenance or is busy. Please try again later.";
    private const string Later =
        "; expected a JSON array of arrays; the service is under maintenance; the next plan tries again";
    private const string NoArray = "; expected a JSON array of arrays; the body is kept; the next plan asks again";
    private const string CutOff =
        "; expected a complete JSON array of arrays; the body is kept; the next plan asks again; at most 2 retries";

    /// <summary>
    /// Status, content type, headers, body, and the verdict on the answer: every case of census.md, section
    /// 3.
    /// </summary>
    public static TheoryData<int, string, string, string, string> Api =>
        new()
        {
            { 200, "application/json", "", Rows, "Body" },
            { 200, "", "", Rows, "Body" },
            { 200, "application/json;charset=utf-8", "", " \r\n" + Rows + "\r\n ", "Body" },
            { 200, "application/json", "", "\u00ef\u00bb\u00bf" + Rows, "Body" },
            { 200, "application/json", "", "[['A'], ['B'] \n]", "Body" },
            { 204, "", "", "", "Empty" },
            { 200, "application/json", "", "[['CTY_CODE','time']]", "Empty" },
            { 200, "application/json", "", "\u00ef\u00bb\u00bf[['CTY_CODE','time']]\n", "Empty" },
            { 304, "", "", "", "NotModified" },
            {
                302,
                "text/html",
                "X-DataWebAPI-KeyError=1|Location=/data/missing_key.html",
                "",
                "Permanent: status 302 to \"/data/missing_key.html\"" + Key
            },
            { 302, "", "X-DataWebAPI-KeyError=1", "", "Permanent: status 302 to \"the key page\"" + Key },
            {
                302,
                "",
                "Location=https://api.census.gov/data/missing_key.html",
                "",
                "Permanent: status 302 to \"https://api.census.gov/data/missing_key.html\"" + Key
            },
            {
                302,
                "",
                "Location=/data/invalid_key.html",
                "",
                "Permanent: status 302 to \"/data/invalid_key.html\"" + Key
            },
            {
                200,
                "application/json",
                "X-DataWebAPI-KeyError=1",
                Rows,
                "Permanent: status 200 to \"the key page\"" + Key
            },
            {
                301,
                "",
                "Location=https://data.census.gov/",
                "",
                "Permanent: status 301 to \"https://data.census.gov/\"" + Elsewhere
            },
            {
                302,
                "",
                $"Location=https://data.census.gov/?a=1&key={Trade.Canary}",
                "",
                "Permanent: status 302 to \"https://data.census.gov/?a=1&key=***\"" + Elsewhere
            },
            { 307, "", "", "", "Permanent: status 307 to \"nowhere\"" + Elsewhere },
            {
                400,
                "text/plain",
                "",
                "error: unknown variable 'XYZ'",
                "Permanent: status 400, text/plain, starting \"error: unknown variable \"XYZ\"\"" + Refused
            },
            {
                400,
                "text/plain",
                "",
                $"error: bad request ?get=X&key={Trade.Canary.ToUpperInvariant()}",
                "Permanent: status 400, text/plain, starting \"error: bad request ?get=X&key=***\"" + Refused
            },
            {
                400,
                "text/plain",
                "",
                new string('x', 100) + Trade.Canary,
                "Permanent: status 400, text/plain, starting \"" + new string('x', 100) + "***\"" + Refused
            },
            { 403, "", "", "", "Permanent: status 403 without a body" + Refused },
            {
                404,
                "text/html",
                "",
                "<html>\n<title>404</title>",
                "Permanent: status 404, text/html, starting \"<html> <title>404</title>\"" + Refused
            },
            {
                408,
                "",
                "",
                "",
                "Retry: status 408 without a body; expected status 200; the server asks for patience; the next plan "
                    + "tries again"
            },
            {
                429,
                "text/plain",
                "Retry-After=5",
                "slow down",
                "Retry: status 429, text/plain, starting \"slow down\"; expected status 200; the server asks for "
                    + "patience; the next plan tries again"
            },
            {
                500,
                "text/plain",
                "",
                "There was an error while running your query.  We've logged the error and we'll correct it ASAP.",
                "Retry: status 500, text/plain, starting \"There was an error while running your query.  We\"ve "
                    + "logged the error and we\"ll correct it ASAP.\""
                    + Service
            },
            { 502, "", "", "", "Retry: status 502 without a body" + Service },
            {
                503,
                "text/plain",
                "",
                Maintenance,
                "Retry: status 503, text/plain, starting \"" + Maintenance + "\"" + Service
            },
            {
                503,
                "text/html",
                "",
                "<h1>Service Unavailable</h1>",
                "Retry: status 503, text/html, starting \"<h1>Service Unavailable</h1>\"" + Service
            },
            {
                504,
                "text/html",
                "",
                "<h1>Gateway Time-out</h1>",
                "Retry: status 504, text/html, starting \"<h1>Gateway Time-out</h1>\"" + Service
            },
            { 520, "", "", "", "Retry: status 520 without a body" + Service },
            {
                200,
                "text/plain",
                "",
                Maintenance,
                "Retry: status 200, text/plain, starting \"" + Maintenance + "\"" + Later
            },
            {
                200,
                "text/html",
                "",
                $"<p>{Maintenance}</p>",
                "Retry: status 200, text/html, starting \"<p>" + Maintenance + "</p>\"" + Later
            },
            {
                200,
                "text/html",
                "",
                "<html><title>Missing Key</title>",
                "Permanent: status 200, text/html, starting \"<html><title>Missing Key</title>\"" + Key
            },
            {
                200,
                "text/html",
                "",
                "<html><title>Invalid Key</title>",
                "Permanent: status 200, text/html, starting \"<html><title>Invalid Key</title>\"" + Key
            },
            {
                200,
                "",
                "",
                "<p>A valid API key must be included with each data API request.",
                "Permanent: status 200, no content type, starting \"<p>A valid API key must be included with each "
                    + "data API request.\""
                    + Key
            },
            {
                200,
                "text/html",
                "",
                "<html>Hello</html>",
                "Permanent: status 200, text/html, starting \"<html>Hello</html>\"" + NoArray
            },
            {
                200,
                "text/html",
                "",
                Rows,
                "Permanent: status 200, text/html, starting \"[[\"CTY_CODE\",\"time\"],[\"4621\",\"2019-01\"]]\""
                    + NoArray
            },
            {
                200,
                "application/json",
                "",
                "{'error':'x'}",
                "Permanent: status 200, application/json, starting \"{\"error\":\"x\"}\"" + NoArray
            },
            {
                200,
                "application/json",
                "",
                "null",
                "Permanent: status 200, application/json, starting \"null\"" + NoArray
            },
            {
                200,
                "application/json",
                "",
                "",
                "Retry: status 200 without a body; expected a JSON array of arrays; the next plan tries again; at "
                    + "most 2 retries"
            },
            {
                200,
                "application/json",
                "",
                "[['CTY_CODE','time'],['4621','20",
                "Retry: a JSON body of 32 bytes that does not end in ]]" + CutOff
            },
            {
                200,
                "application/json",
                "",
                "[['CTY_CODE','time'],['4621','2019-01']",
                "Retry: a JSON body of 39 bytes that does not end in ]]" + CutOff
            },
            { 200, "application/json", "", "[]", "Retry: a JSON body of 2 bytes that does not end in ]]" + CutOff },
            {
                200,
                "application/json",
                "",
                "['a','b']",
                "Retry: a JSON body of 9 bytes that does not end in ]]" + CutOff
            },
        };

    [Theory, MemberData(nameof(Api))]
    public void Answers_of_the_api_mean(int status, string contentType, string headers, string body, string expected) =>
        Assert.Equal(expected, Words("exports-total/2019", status, contentType, headers, body));

    private const string TestWorkbook =
        "; expected a workbook, starting with PK; the body is kept; the next plan asks again";

    /// <summary>Status, content type, headers, body, and the verdict on the answer: census.md, section 5.</summary>
    public static TheoryData<int, string, string, string, string> File =>
        new()
        {
            {
                200,
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "",
                "PK\u0003\u0004...PK\u0005\u0006......",
                "Body"
            },
            { 304, "", "", "", "NotModified" },
            {
                200,
                "application/octet-stream",
                "",
                "PK\u0003\u0004.........",
                "Retry: a workbook of 13 bytes without its end; expected a complete workbook; the body is kept; the "
                    + "next plan asks again; at most 2 retries"
            },
            { 200, "text/html", "", "<html>", "Permanent: status 200, text/html, starting \"<html>\"" + TestWorkbook },
            {
                200,
                "text/csv",
                "",
                "year,CTY_CODE",
                "Permanent: status 200, text/csv, starting \"year,CTY_CODE\"" + TestWorkbook
            },
            { 200, "", "", "", "Permanent: status 200 without a body" + TestWorkbook },
            { 301, "", "Location=/new/country.xlsx", "", "Permanent: status 301 to \"/new/country.xlsx\"" + Elsewhere },
            { 403, "text/html", "", "<html>", "Permanent: status 403, text/html, starting \"<html>\"" + Refused },
            { 404, "", "", "", "Permanent: status 404 without a body" + Refused },
            { 503, "", "", "", "Retry: status 503 without a body" + Service },
            { 204, "", "", "", "Retry: status 204 without a body" + Service },
        };

    [Theory, MemberData(nameof(File))]
    public void Answers_of_the_file_server_mean(
        int status,
        string contentType,
        string headers,
        string body,
        string expected
    ) => Assert.Equal(expected, Words("country-balance/1992-01", status, contentType, headers, body));

    [Fact]
    public void A_header_alone_of_more_than_two_kilobytes_is_left_to_the_reader() =>
        Assert.Equal(
            "Body",
            Words("exports-total/2019", 200, "application/json", "", $"[['{new string('x', Answer.EndBytes)}']]")
        );

    private static string Words(string slice, int status, string contentType, string headers, string body)
    {
        var bytes = Trade.Body(body);
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        foreach (var header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            var cut = header.IndexOf('=', StringComparison.Ordinal);
            response.Headers.TryAddWithoutValidation(header[..cut], header[(cut + 1)..]);
        }
        var answer = new Answer(
            status,
            response.Headers,
            contentType.Split(';')[0],
            bytes.AsMemory(0, Math.Min(bytes.Length, Answer.EndBytes)),
            bytes.AsMemory(Math.Max(0, bytes.Length - Answer.EndBytes)),
            bytes.Length
        )
        {
            Request = RealSources.Of(Trade.Settings()).GetRequest(Trade.Slice(slice)),
        };
        var verdict = Trade.Judge(Trade.Slice(slice), answer);
        var words = new StringBuilder(verdict.Meaning.ToString());
        if (verdict.Seen.Length > 0)
        {
            words.Append(
                CultureInfo.InvariantCulture,
                $": {verdict.Seen}; expected {verdict.Expected}; {verdict.Advice}"
            );
        }

        if (verdict.MaxRetries < int.MaxValue)
            words.Append(CultureInfo.InvariantCulture, $"; at most {verdict.MaxRetries} retries");
        return words.ToString();
    }
}
