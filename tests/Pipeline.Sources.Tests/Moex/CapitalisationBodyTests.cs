using System.Text;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Moex;

public sealed class CapitalisationBodyTests
{
    private const string Slice = "market-capitalisation/last-day";
    private const string Changed =
        "; the answer's layout has changed: the table keeps the old rows; adapt the reader, then replay";
    private const string Kept = "; kept in rejects, fix the reader or replay";

    private static string Block(string columns, string data, string name = "capitalization", string more = "") =>
        $"{{'{name}':{{{more}'columns':[{columns}],'data':[{data}]}}}}";

    private static string Rows(string data) => Block("'CAPITALIZATION','TRADEDATE'", data);

    /// <summary>A body, and all that comes of it.</summary>
    public static TheoryData<string, string> Bodies =>
        new()
        {
            { Rows("[32370425050077.613,'2017-06-23']"), "1 of 1 kept, 0 excluded" },
            { Rows(""), "0 of 0 kept, 0 excluded" },
            { Block("'tradedate','capitalization'", "['2017-06-23',1]"), "1 of 1 kept, 0 excluded" },
            {
                Block("'TRADEDATE','NEW','CAPITALIZATION'", "['2017-06-23',null,1]", "Capitalization"),
                "1 of 1 kept, 0 excluded"
            },
            {
                Block(
                    "'CAPITALIZATION','TRADEDATE'",
                    "[1,'2017-06-23']",
                    more: "'metadata':{'CAPITALIZATION':{'type':'double'},'TRADEDATE':{'type':'date','bytes':10,"
                        + "'max_size':0}},"
                ),
                "1 of 1 kept, 0 excluded"
            },
            {
                Rows("[1,'2017-06-23']")[..^1]
                    + ",'dataversion':{'columns':['data_version','seqnum'],'data':[[8029,20240216170355]]},"
                    + "'trades':{'columns':[],'data':[]}}",
                "1 of 1 kept, 0 excluded"
            },
            {
                Rows("[null,'2017-06-23']"),
                "0 of 1 kept, 0 excluded\nmissing: equity|market_capitalisation 2017-06-23|All holders|d5ac2c74: "
                    + "the source sent null for CAPITALIZATION"
            },
            {
                Rows("[1,null]"),
                "0 of 1 kept, 0 excluded\nrejected: row 1, column TRADEDATE: seen null, expected a day, yyyy-MM-dd"
                    + Kept
            },
            {
                Rows("[1,'23.06.2017']"),
                "0 of 1 kept, 0 excluded\nrejected: row 1, column TRADEDATE: seen \"23.06.2017\", expected a day, "
                    + "yyyy-MM-dd"
                    + Kept
            },
            {
                Rows("[1,20170623]"),
                "0 of 1 kept, 0 excluded\nrejected: row 1, column TRADEDATE: seen \"20170623\", expected a day, "
                    + "yyyy-MM-dd"
                    + Kept
            },
            {
                Rows("[1,'0001-01-01']"),
                "0 of 1 kept, 0 excluded\nrejected: row 1, column TRADEDATE: seen \"0001-01-01\", expected a day, "
                    + "yyyy-MM-dd"
                    + Kept
            },
            {
                Rows("['1','2017-06-23']"),
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CAPITALIZATION: seen \"1\", expected a number of "
                    + "roubles above 0"
                    + Kept
            },
            {
                Rows("[0,'2017-06-23']"),
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CAPITALIZATION: seen \"0\", expected a number of "
                    + "roubles above 0"
                    + Kept
            },
            {
                Rows("[-1.5e3,'2017-06-23']"),
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CAPITALIZATION: seen \"-1.5e3\", expected a "
                    + "number of roubles above 0"
                    + Kept
            },
            {
                Rows("[1e99,'2017-06-23']"),
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CAPITALIZATION: seen \"1e99\", expected a number "
                    + "of roubles above 0"
                    + Kept
            },
            {
                Rows("[{},'2017-06-23']"),
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CAPITALIZATION: seen \"{}\", expected a number of "
                    + "roubles above 0"
                    + Kept
            },
            { Rows("[1]"), "0 of 1 kept, 0 excluded\nrejected: row 1: seen 1 cells, expected 2 cells" + Kept },
            { Rows("[1,'2017-06-23'],[1,'2017-06-23']"), "1 of 2 kept, 1 excluded" },
            { Rows("[1,'2017-06-23'],[null,'2017-06-23']"), "1 of 2 kept, 1 excluded" },
            {
                Rows("[1,'2017-06-23'],[2,'2017-06-23']"),
                "0 of 2 kept, 0 excluded"
                    + "\nrejected: row 1: seen value 1 RUB, exact, expected one figure of \"All holders\" on "
                    + "2017-06-23, but row 2 has value 2 RUB, exact; both are kept in rejects; remove the wrong "
                    + "one, or cite them apart"
                    + "\nrejected: row 2: seen value 2 RUB, exact, expected one figure of \"All holders\" on "
                    + "2017-06-23, but row 1 has value 1 RUB, exact; both are kept in rejects; remove the wrong "
                    + "one, or cite them apart"
            },
            {
                Block("'CAPITALIZATION','TRADEDATE'", "[1,'2017-06-23']", "capitalisation"),
                "0 of 0 kept, 0 excluded\nrefused: body: seen no block capitalization, expected one" + Changed
            },
            {
                Block("'VALUE','TRADEDATE'", "[1,'2017-06-23']"),
                "0 of 0 kept, 0 excluded\nrefused: block capitalization: seen \"VALUE,TRADEDATE\", expected the "
                    + "column CAPITALIZATION too"
                    + Changed
            },
            {
                Block("'CAPITALIZATION','DATE'", "[1,'2017-06-23']"),
                "0 of 0 kept, 0 excluded\nrefused: block capitalization: seen \"CAPITALIZATION,DATE\", expected the "
                    + "column TRADEDATE too"
                    + Changed
            },
            {
                Block("'CAPITALIZATION','Capitalization','TRADEDATE'", ""),
                "0 of 0 kept, 0 excluded\nrefused: block capitalization: seen "
                    + "\"CAPITALIZATION,Capitalization,TRADEDATE\", expected one column CAPITALIZATION"
                    + Changed
            },
            {
                "{'capitalization':{'data':[]}}",
                "0 of 0 kept, 0 excluded\nrefused: block capitalization: seen \"{\"data\":[]}\", expected an object "
                    + "with the lists columns and data"
                    + Changed
            },
            {
                "{'capitalization':[]}",
                "0 of 0 kept, 0 excluded\nrefused: block capitalization: seen \"[]\", expected an object with the "
                    + "lists columns and data"
                    + Changed
            },
            {
                Rows("{}"),
                "0 of 0 kept, 0 excluded\nrefused: block capitalization, row 1: seen \"{}\", expected a list of cells"
                    + Changed
            },
            {
                "{'a':{'columns':[],'data':[]},'A':{'columns':[],'data':[]}}",
                "0 of 0 kept, 0 excluded\nrefused: block A: seen a second block of that name, expected one" + Changed
            },
            {
                "17",
                "0 of 0 kept, 0 excluded\nrefused: body: seen a JSON Number, expected a JSON object of blocks" + Changed
            },
            {
                "{'capitalization':",
                "0 of 0 kept, 0 excluded\nrefused: body: seen \"Expected depth to be zero at the end of the JSON "
                    + "payload. There is an open JSON object or array that should be closed. L…\", expected a JSON "
                    + "object of blocks; the body is kept; the table keeps the old rows; pull the slice again"
            },
            {
                Block("'ERROR_MESSAGE'", "['No access']"),
                "0 of 0 kept, 0 excluded\nrefused: block capitalization: seen \"No access\", expected figures; the "
                    + "service refuses the request: the table keeps the old rows; check Moex__IssUrl, and the "
                    + "exchange's notices"
            },
            { $"[{Rows("[1,'2017-06-23']")},\n{Rows("[2,'2017-06-24']")}]", "2 of 2 kept, 0 excluded" },
            {
                $"[{Rows("[1,'2017-06-23']")},{Rows("['x','2017-06-24']")}]",
                "1 of 2 kept, 0 excluded\nrejected: page 2, row 1, column CAPITALIZATION: seen \"x\", expected a "
                    + "number of roubles above 0"
                    + Kept
            },
            {
                $"[{Rows("[1,'2017-06-23']")},17]",
                "0 of 0 kept, 0 excluded\nrefused: page 2: seen a JSON Number, expected a JSON object of blocks"
                    + Changed
            },
        };

    [Theory, MemberData(nameof(Bodies))]
    public async Task Answers_are_told_what_is_wrong_with_them(string body, string expected) =>
        Assert.Equal(expected, await Holders.OutcomeAsync(Slice, Holders.Body(body)));

    [Fact]
    public async Task A_number_of_17_digits_is_read_from_its_digits_and_a_mark_before_the_text_is_no_part_of_it() =>
        Assert.Equal(
            [
                "equity|market_capitalisation 2017-06-23 All holders  NaN 32370425050077.6 RUB exact [Moscow "
                    + "Exchange ISS, capitalization, 2017-06-23]",
            ],
            await Holders.RowsAsync(
                Slice,
                [.. Encoding.UTF8.Preamble, .. Holders.Body(Rows("[32370425050077.613,'2017-06-23']"))]
            )
        );
}
