using System.Globalization;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Sources.Census;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Census;

public sealed class CensusBodyTests
{
    private const string Header = "['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','time']";
    private const string Russia = "['4621','RUSSIA','5','5','2019-01']";
    private const string World = "['-','TOTAL FOR ALL COUNTRIES','5','5','2019-01']";

    /// <summary>
    /// Body of exports-total/2019 (<c>H</c>, <c>R</c> and <c>W</c> in braces stand for header, Russia and
    /// world), and all that comes of it.
    /// </summary>
    public static TheoryData<string, string> Totals =>
        new()
        {
            // What is fine.
            { "[{H},{R},{W}]", "1 of 2 kept, 1 excluded" },
            { "[{H},{W},{R}]", "1 of 2 kept, 1 excluded" },
            {
                "[['time','x','ALL_VAL_YR','CTY_NAME','ALL_VAL_MO','CTY_CODE'],['2019-01',null,'5','RUSSIA','5',"
                    + "'4621']]",
                "1 of 1 kept, 0 excluded"
            },
            {
                "[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','YEAR','MONTH'],['4621','RUSSIA','5','5','2019',"
                    + "'01']]",
                "1 of 1 kept, 0 excluded"
            },
            {
                "[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','CTY_CODE','time'],['4621','RUSSIA','5','5',"
                    + "'4621','2019-01']]",
                "1 of 1 kept, 0 excluded"
            },
            { "[{H},['4621',null,'5','5','2019-01']]", "1 of 1 kept, 0 excluded" },
            { "[{H},['4621','RUSSIA',5,5,'2019-01']]", "1 of 1 kept, 0 excluded" },
            { "[{H},['4621','RUSSIA','0','0','2019-01'],['-','ALL','0','0','2019-01']]", "1 of 2 kept, 1 excluded" },
            { "[{H},{R},['','','5','5','2019-01']]", "1 of 2 kept, 1 excluded" },
            { "[{H},{R},['-','ALL',null,null,'2019-01']]", "1 of 2 kept, 1 excluded" },
            {
                "[{H},{R},['0003','EUROPEAN UNION','12,5',null,'2019-01'],['4XXX','EUROPE','x','x','2019-01'],{W}]",
                "1 of 4 kept, 3 excluded"
            },
            { "[{H},{R},{R},{W},{W}]", "1 of 4 kept, 3 excluded" },
            { "[{H},{R},['4621','RUSSIA','2','7','2019-03']]", "2 of 2 kept, 0 excluded" },
            { "\u00ef\u00bb\u00bf[{H},{R},{W}]", "1 of 2 kept, 1 excluded" },
            { " [\r\n{H},\r\n{R} ,\r\n{W}\r\n]\r\n\t ", "1 of 2 kept, 1 excluded" },
            { "[{H},['462\\u0031','R\\u0055SSIA\\n','\\u0035','5','2019\\u002d01']]", "1 of 1 kept, 0 excluded" },
            { "[{H}]", "0 of 0 kept, 0 excluded" },
            // Cells.
            {
                "[{H},['4621','RUSSIA',null,'5','2019-01']]",
                "0 of 1 kept, 0 excluded\nmissing: 4621|exports|total 2019-01|TOTAL: the source sent null for "
                    + "ALL_VAL_MO"
            },
            {
                "[{H},['4621','RUSSIA','5',null,'2019-01']]",
                "1 of 1 kept, 0 excluded\ngap: 4621|exports|total 2019-01|TOTAL|YearToDateUsd: the source sent null "
                    + "for ALL_VAL_YR"
            },
            {
                "[{H},['4621','RUSSIA','12,5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \"12,5\", expected a whole "
                    + "number of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','5','12.5','2019-01']]",
                "1 of 1 kept, 0 excluded\ngap: 4621|exports|total 2019-01|TOTAL|YearToDateUsd: the source sent "
                    + "\"12.5\" for ALL_VAL_YR"
            },
            {
                "[{H},['4621','RUSSIA','','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \"\", expected a whole number of "
                    + "US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA',' 1','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \" 1\", expected a whole number "
                    + "of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','1 ','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \"1 \", expected a whole number "
                    + "of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','-5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \"-5\", expected a whole number "
                    + "of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','+5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \"+5\", expected a whole number "
                    + "of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','1e3','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \"1e3\", expected a whole number "
                    + "of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA',5.0,'5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \"5.0\", expected a whole number "
                    + "of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','1234567890123456789','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \"1234567890123456789\", "
                    + "expected a whole number of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','N/A\\u0007\\u000a','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column ALL_VAL_MO: seen \"N/A  \", expected a whole "
                    + "number of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA',['5'],'5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1: seen a list or an object in a cell, expected 5 cells of "
                    + "text; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA',{'a':[5]},'5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1: seen a list or an object in a cell, expected 5 cells of "
                    + "text; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA',true,'5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1: seen true or false in a cell, expected 5 cells of text; "
                    + "kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','5','5']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1: seen 4 cells, expected 5 cells of text; kept in rejects, "
                    + "fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','5','5','2019-01','']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1: seen 6 cells, expected 5 cells of text; kept in rejects, "
                    + "fix the reader or replay"
            },
            {
                "[{H},[]]",
                "0 of 1 kept, 0 excluded\nrejected: row 1: seen 0 cells, expected 5 cells of text; kept in rejects, "
                    + "fix the reader or replay"
            },
            {
                "[{H},['4621','RU\u00ff','5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1: seen bytes that are not UTF-8, expected 5 cells of text; "
                    + "kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RU\\ud800','5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1: seen an escape that stands for no character, expected 5 "
                    + "cells of text; kept in rejects, fix the reader or replay"
            },
            // Months.
            {
                "[{H},['4621','RUSSIA','5','5','2019-13']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column time: seen \"2019-13\", expected a month, "
                    + "yyyy-MM; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','5','5','2019-1']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column time: seen \"2019-1\", expected a month, yyyy-MM; "
                    + "kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','5','5','201901']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column time: seen \"201901\", expected a month, yyyy-MM; "
                    + "kept in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','5','5',null]]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column time: seen null, expected a month, yyyy-MM; kept "
                    + "in rejects, fix the reader or replay"
            },
            {
                "[{H},['4621','RUSSIA','5','5','2018-12']]",
                "0 of 1 kept, 0 excluded\nrefused: row 1, column time: seen \"2018-12\", expected a month of 2019, "
                    + "which was asked for; the answer belongs to another request: the table keeps the old rows; "
                    + "pull the slice again"
            },
            {
                "[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','YEAR','MONTH'],['4621','RUSSIA','5','5','2019',"
                    + "'1']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column MONTH: seen \"1\", expected a month, yyyy-MM; "
                    + "kept in rejects, fix the reader or replay"
            },
            {
                "[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','YEAR','MONTH'],['4621','RUSSIA','5','5','2020',"
                    + "'01']]",
                "0 of 1 kept, 0 excluded\nrefused: row 1, column MONTH: seen \"2020-01\", expected a month of 2019, "
                    + "which was asked for; the answer belongs to another request: the table keeps the old rows; "
                    + "pull the slice again"
            },
            // Codes.
            {
                "[{H},['462','RUSSIA','5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CTY_CODE: seen \"462\", expected a Schedule C "
                    + "code: four digits starting with 1 to 8, a group, or - for the total; kept in rejects, fix "
                    + "the reader or replay"
            },
            {
                "[{H},['46211','RUSSIA','5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CTY_CODE: seen \"46211\", expected a Schedule C "
                    + "code: four digits starting with 1 to 8, a group, or - for the total; kept in rejects, fix "
                    + "the reader or replay"
            },
            {
                "[{H},['4A21','RUSSIA','5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CTY_CODE: seen \"4A21\", expected a Schedule C "
                    + "code: four digits starting with 1 to 8, a group, or - for the total; kept in rejects, fix "
                    + "the reader or replay"
            },
            {
                "[{H},['4xxx','EUROPE','5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CTY_CODE: seen \"4xxx\", expected a Schedule C "
                    + "code: four digits starting with 1 to 8, a group, or - for the total; kept in rejects, fix "
                    + "the reader or replay"
            },
            {
                "[{H},['9030','PUERTO RICO','5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CTY_CODE: seen \"9030\", expected a Schedule C "
                    + "code: four digits starting with 1 to 8, a group, or - for the total; kept in rejects, fix "
                    + "the reader or replay"
            },
            {
                "[{H},[null,'RUSSIA','5','5','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CTY_CODE: seen null, expected a Schedule C code: "
                    + "four digits starting with 1 to 8, a group, or - for the total; kept in rejects, fix the "
                    + "reader or replay"
            },
            // Header.
            {
                "[['CTY_CODE','CTY_NAME','ALL_VAL_MO','time'],['4621','RUSSIA','5','2019-01']]",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"CTY_CODE,CTY_NAME,ALL_VAL_MO,time\", expected the "
                    + "columns ALL_VAL_YR too; the answer's layout has changed: the table keeps the old rows; adapt "
                    + "the reader, then replay"
            },
            {
                "[['cty_code','CTY_NAME',null,'YEAR'],['4621','RUSSIA','5','2019']]",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"cty_code,CTY_NAME,,YEAR\", expected the columns "
                    + "CTY_CODE, ALL_VAL_MO, ALL_VAL_YR, time (or YEAR and MONTH) too; the answer's layout has "
                    + "changed: the table keeps the old rows; adapt the reader, then replay"
            },
            {
                "[['CTY_CODE','CTY_NAME','GEN_VAL_MO','GEN_VAL_YR','time'],['4621','RUSSIA','5','5','2019-01']]",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"CTY_CODE,CTY_NAME,GEN_VAL_MO,GEN_VAL_YR,time\", "
                    + "expected the columns ALL_VAL_MO, ALL_VAL_YR too; the answer's layout has changed: the table "
                    + "keeps the old rows; adapt the reader, then replay"
            },
            {
                "[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','CTY_CODE','time'],['4621','RUSSIA','5','5',"
                    + "'5700','2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CTY_CODE: seen \"5700\", expected \"4621\" as in "
                    + "the first column of that name; kept in rejects, fix the reader or replay"
            },
            {
                "[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','CTY_CODE','time'],['4621','RUSSIA','5','5',null,"
                    + "'2019-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column CTY_CODE: seen null, expected \"4621\" as in the "
                    + "first column of that name; kept in rejects, fix the reader or replay"
            },
            // Sums.
            {
                "[{H},{R},['-','ALL','6','6','2019-01']]",
                "1 of 2 kept, 1 excluded\nrefused: month 2019-01: seen partners that add up to 5, expected 6, the "
                    + "world row; the table keeps the old rows; pull the slice again; if it stays so ask the "
                    + "publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['-','ALL','12,5','6','2019-01']]",
                "1 of 2 kept, 0 excluded\nrejected: row 2, column ALL_VAL_MO: seen \"12,5\", expected a whole "
                    + "number of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},{R},{W},['-','ALL','6','6','2019-01']]",
                "1 of 3 kept, 2 excluded\nrefused: month 2019-01: seen world rows of 5 and 6, expected one world "
                    + "row; the table keeps the old rows; pull the slice again; if it stays so ask the publisher, and "
                    + "replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['5700','CHINA','2','2','2019-01']]",
                "2 of 2 kept, 0 excluded\nrefused: month 2019-01: seen 2 partners without a world row, expected the "
                    + "world row, CTY_CODE -, too; the table keeps the old rows; pull the slice again; if it "
                    + "stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},['4621','RUSSIA','5','4','2019-01']]",
                "1 of 1 kept, 0 excluded\nrefused: partner 4621, 2019-01 to 2019-01: seen months that add up to 5, "
                    + "expected 4, the year to date of the last one; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['4621','RUSSIA','2','8','2019-03']]",
                "2 of 2 kept, 0 excluded\nrefused: partner 4621, 2019-01 to 2019-03: seen months that add up to 7, "
                    + "expected 8, the year to date of the last one; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['4621','RUSSIA','2','8','2019-02'],['4621','RUSSIA','2','9','2019-03']]",
                "3 of 3 kept, 0 excluded\nrefused: partner 4621, 2019-01 to 2019-02: seen months that add up to 7, "
                    + "expected 8, the year to date of the last one; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are "
                    + "right\nrefused too: partner 4621, 2019-01 to 2019-03: "
                    + "seen months that add up to 10, expected 9, the year to date of the last one; the table keeps "
                    + "the old rows; pull the slice again; if it stays so ask the publisher, and replay it with "
                    + "accept if the figures are right"
            },
            // A month after a later one: the sums are taken again, of all figures.
            {
                "[{H},['4621','RUSSIA','2','8','2019-02'],['4621','RUSSIA','5','5','2019-01']]",
                "2 of 2 kept, 0 excluded\nrefused: partner 4621, 2019-01 to 2019-02: seen months that add up to 7, "
                    + "expected 8, the year to date of the last one; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            // A row that cannot be used does not silence the check: what it says, or could say, enters the sums.
            {
                "[{H},{R},['4621','RUSSIA','x','8','2019-02'],['4621','RUSSIA','2','9','2019-03']]",
                "2 of 3 kept, 0 excluded\nrefused: partner 4621, 2019-01 to 2019-03: seen months that add up to 10, "
                    + "expected 9, the year to date of the last one; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['4621','RUSSIA','x','8','2019-02'],['4621','RUSSIA','2','10','2019-03']]",
                "2 of 3 kept, 0 excluded\nrejected: row 2, column ALL_VAL_MO: seen \"x\", expected a whole number "
                    + "of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},{R},['4621','RUSSIA','x',null,'2019-02'],['4621','RUSSIA','2','10','2019-03']]",
                "2 of 3 kept, 0 excluded\nrejected: row 2, column ALL_VAL_MO: seen \"x\", expected a whole number "
                    + "of US dollars; kept in rejects, fix the reader or replay"
            },
            {
                "[{H},{R},['4621','RUSSIA','x',null,'2019-02'],['4621','RUSSIA','2','6','2019-03']]",
                "2 of 3 kept, 0 excluded\nrefused: partner 4621, 2019-01 to 2019-03: seen months that add up to 7, "
                    + "expected 6, the year to date of the last one; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['4621','RUSSIA',null,'8','2019-02'],['4621','RUSSIA','2','9','2019-03']]",
                "2 of 3 kept, 0 excluded\nrefused: partner 4621, 2019-01 to 2019-03: seen months that add up to 10, "
                    + "expected 9, the year to date of the last one; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['4621','RUSSIA','2',null,'2019-02'],['4621','RUSSIA','2','9','2019-03']]",
                "3 of 3 kept, 0 excluded\ngap: 4621|exports|total 2019-02|TOTAL|YearToDateUsd: the source sent null "
                    + "for ALL_VAL_YR"
            },
            {
                "[{H},{R},['4621','RUSSIA','2',null,'2019-02'],['4621','RUSSIA','2','8','2019-03']]",
                "3 of 3 kept, 0 excluded\nrefused: partner 4621, 2019-01 to 2019-03: seen months that add up to 9, "
                    + "expected 8, the year to date of the last one; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['9030','PUERTO RICO','0','0','2019-01'],['-','ALL','7','7','2019-01']]",
                "1 of 3 kept, 1 excluded\nrefused: month 2019-01: seen partners that add up to 5 without 1 row that "
                    + "was not understood, expected 7, the world row; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['9030','PUERTO RICO','2','2','2019-01'],['-','ALL','7','7','2019-01']]",
                "1 of 3 kept, 1 excluded\nrejected: row 2, column CTY_CODE: seen \"9030\", expected a Schedule C "
                    + "code: four digits starting with 1 to 8, a group, or - for the total; kept in rejects, fix "
                    + "the reader or replay"
            },
            {
                "[{H},{R},['9030','PUERTO RICO','2','2','2019-01'],{W}]",
                "1 of 3 kept, 1 excluded\nrejected: row 2, column CTY_CODE: seen \"9030\", expected a Schedule C "
                    + "code: four digits starting with 1 to 8, a group, or - for the total; kept in rejects, fix "
                    + "the reader or replay"
            },
            {
                "[{H},{R},['9030','PUERTO RICO',null,'2','2019-01'],['-','ALL','7','7','2019-01']]",
                "1 of 3 kept, 1 excluded\nrejected: row 2, column CTY_CODE: seen \"9030\", expected a Schedule C "
                    + "code: four digits starting with 1 to 8, a group, or - for the total; kept in rejects, fix "
                    + "the reader or replay"
            },
            {
                "[{H},{R},['9030','PUERTO RICO',null,null,'2019-01'],['-','ALL','7','7','2019-01']]",
                "1 of 3 kept, 1 excluded\nrefused: month 2019-01: seen partners that add up to 5 without 1 row that "
                    + "was not understood, expected 7, the world row; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['4621','RUSSIA','2','7','2019-2'],['-','ALL','7','7','2019-01']]",
                "1 of 3 kept, 1 excluded\nrejected: row 2, column time: seen \"2019-2\", expected a month, yyyy-MM; "
                    + "kept in rejects, fix the reader or replay"
            },
            {
                "[{H},{R},['4621','RUSSIA','1','7','2019-2'],['-','ALL','7','7','2019-01']]",
                "1 of 3 kept, 1 excluded\nrefused: month 2019-01: seen partners that add up to 5 without 1 row that "
                    + "was not understood, expected 7, the world row; the table keeps the old rows; pull the slice "
                    + "again; if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},{R},['5700','CHINA','2','2','2019-01'],['-','ALL',null,null,'2019-01']]",
                "2 of 3 kept, 1 excluded\nrefused: month 2019-01: seen 2 partners and a world row without a figure, "
                    + "expected the world row, CTY_CODE -, too; the table keeps the old rows; pull the slice again; "
                    + "if it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "[{H},['4621','RUSSIA','5000000000001','5000000000001','2019-01'],['-','ALL','5000000000001','5',"
                    + "'2019-01']]",
                "1 of 2 kept, 1 excluded\nrefused: month 2019-01: seen 5000000000001 US dollars as the world row, "
                    + "expected 5000000000 to 5000000000000, which holds every month since 1985; the table keeps "
                    + "the old rows; compare with the publisher's page, then replay the slice with accept if the "
                    + "figures are right"
            },
            {
                "[{H},{R},['4621','RUSSIA','6','6','2019-01'],{W}]",
                "1 of 3 kept, 1 excluded\nrejected: row 2, column ALL_VAL_MO: seen \"6\", expected one value for "
                    + "4621 2019-01|TOTAL; another row of the body has a different one; kept in rejects, fix the "
                    + "reader or replay"
            },
            {
                "[{H},{R},['4621','RUSSIA','5','6','2019-01'],{W}]",
                "1 of 3 kept, 1 excluded\nrejected: row 2, column ALL_VAL_MO: seen \"5\", expected one value for "
                    + "4621 2019-01|TOTAL; another row of the body has a different one; kept in rejects, fix the "
                    + "reader or replay"
            },
            {
                "[{H},{R},['46','A','1','1','2019-01'],['47','B','1','1','2019-01'],{W}]",
                "1 of 4 kept, 1 excluded\nrefused: body: seen 2 of 4 rows that cannot be understood, expected at "
                    + "most 5 %; the layout has changed: the table keeps the old rows; adapt the reader, then replay"
            },
            // Not a JSON array of arrays.
            {
                "",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"byte 0: The input does not contain any JSON "
                    + "tokens. Expected the input to start with a valid JSON token, when isFinalBlo…\", expected a "
                    + "JSON array of arrays; the body is kept; the table keeps the old rows; pull the slice again"
            },
            {
                "  ",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"byte 2: The input does not contain any JSON "
                    + "tokens. Expected the input to start with a valid JSON token, when isFinalBlo…\", expected a "
                    + "JSON array of arrays; the body is kept; the table keeps the old rows; pull the slice again"
            },
            {
                "[]",
                "0 of 0 kept, 0 excluded\nrefused: body: seen no row, expected a header row; the body is kept; pull "
                    + "the slice again"
            },
            {
                "[[]]",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"\", expected the columns CTY_CODE, CTY_NAME, "
                    + "ALL_VAL_MO, ALL_VAL_YR, time (or YEAR and MONTH) too; the answer's layout has changed: the "
                    + "table keeps the old rows; adapt the reader, then replay"
            },
            {
                "null",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"a Null where a row, an array, should begin\", "
                    + "expected a JSON array of arrays; the body is kept; the table keeps the old rows; pull the "
                    + "slice again"
            },
            {
                "'text'",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"a String where a row, an array, should begin\", "
                    + "expected a JSON array of arrays; the body is kept; the table keeps the old rows; pull the "
                    + "slice again"
            },
            {
                "{'error':'busy'}",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"a StartObject where a row, an array, should "
                    + "begin\", expected a JSON array of arrays; the body is kept; the table keeps the old rows; "
                    + "pull the slice again"
            },
            {
                "[{'CTY_CODE':'4621'}]",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"a StartObject where a row, an array, should "
                    + "begin\", expected a JSON array of arrays; the body is kept; the table keeps the old rows; "
                    + "pull the slice again"
            },
            {
                "['CTY_CODE']",
                "0 of 0 kept, 0 excluded\nrefused: header: seen \"a String where a row, an array, should begin\", "
                    + "expected a JSON array of arrays; the body is kept; the table keeps the old rows; pull the "
                    + "slice again"
            },
            {
                "[{H},{R},'x']",
                "1 of 1 kept, 0 excluded\nrefused: row 2: seen \"a String where a row, an array, should begin\", "
                    + "expected a JSON array of arrays; the body is kept; the table keeps the old rows; pull the "
                    + "slice again"
            },
            {
                "[{H},{R}",
                "1 of 1 kept, 0 excluded\nrefused: row 2: seen \"byte 93: Expected depth to be zero at the end of "
                    + "the JSON payload. There is an open JSON object or array that should be …\", expected a JSON "
                    + "array of arrays; the body is kept; the table keeps the old rows; pull the slice again"
            },
            {
                "[{H},{R},]",
                "1 of 1 kept, 0 excluded\nrefused: row 2: seen \"byte 94: The JSON array contains a trailing comma "
                    + "at the end which is not supported in this mode. Change the reader opti…\", expected a JSON "
                    + "array of arrays; the body is kept; the table keeps the old rows; pull the slice again"
            },
            {
                "[{H} {R}]",
                "0 of 0 kept, 0 excluded\nrefused: row 1: seen \"byte 58: '[' is invalid after a value. Expected "
                    + "either ',', '}', or ']'.\", expected a JSON array of arrays; the body is kept; the table "
                    + "keeps the old rows; pull the slice again"
            },
            {
                "[{H},{R}]]",
                "1 of 1 kept, 0 excluded\nrefused: row 2: seen \"something after the end of the array\", expected a "
                    + "JSON array of arrays; the body is kept; the table keeps the old rows; pull the slice again"
            },
            {
                "[{H},{R}]\n<html>",
                "1 of 1 kept, 0 excluded\nrefused: row 2: seen \"something after the end of the array\", expected a "
                    + "JSON array of arrays; the body is kept; the table keeps the old rows; pull the slice again"
            },
            {
                "[{H},['4621','RUS\nSIA','5','5','2019-01']]",
                "0 of 0 kept, 0 excluded\nrefused: row 1: seen \"byte 70: '0x0A' is invalid within a JSON string. "
                    + "The string should be correctly escaped.\", expected a JSON array of arrays; the body is "
                    + "kept; the table keeps the old rows; pull the slice again"
            },
            {
                "[{H},['4621','RUS\\xSIA','5','5','2019-01']]",
                "0 of 0 kept, 0 excluded\nrefused: row 1: seen \"byte 71: 'x' is an invalid escapable character "
                    + "within a JSON string. The string should be correctly escaped.\", expected a JSON array of "
                    + "arrays; the body is kept; the table keeps the old rows; pull the slice again"
            },
        };

    [Theory, MemberData(nameof(Totals))]
    public async Task Bodies_of_totals_are_told_what_is_wrong_with_them(string body, string expected)
    {
        var bytes = Trade.Body(body.Replace("{H}", Header).Replace("{R}", Russia).Replace("{W}", World));
        await ExpectAsync("exports-total/2019", bytes, expected);
    }

    private const string Chapters =
        "['I_COMMODITY','I_COMMODITY_SDESC','CTY_CODE','CTY_NAME','GEN_VAL_MO','GEN_VAL_YR','COMM_LVL','CTY_CODE',"
        + "'time']";

    /// <summary>Slice, body, and all that comes of it.</summary>
    public static TheoryData<string, string, string> Commodities =>
        new()
        {
            {
                "imports-hs2/4621-2023",
                "[{H},['01','ANIMALS','4621','RUSSIA','5','5','HS2','4621','2023-01'],['27','FUELS','4621','RUSSIA',"
                    + "'7','7','HS2','4621','2023-01']]",
                "2 of 2 kept, 0 excluded"
            },
            {
                "imports-hs2/4621-2023",
                "[{H},['1','ANIMALS','4621','RUSSIA','5','5','HS2','4621','2023-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column I_COMMODITY: seen \"1\", expected a commodity "
                    + "code of 2 digits; kept in rejects, fix the reader or replay"
            },
            {
                "imports-hs2/4621-2023",
                "[{H},['0101','ANIMALS','4621','RUSSIA','5','5','HS2','4621','2023-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column I_COMMODITY: seen \"0101\", expected a commodity "
                    + "code of 2 digits; kept in rejects, fix the reader or replay"
            },
            {
                "imports-hs2/4621-2023",
                "[{H},['A1','ANIMALS','4621','RUSSIA','5','5','HS2','4621','2023-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column I_COMMODITY: seen \"A1\", expected a commodity "
                    + "code of 2 digits; kept in rejects, fix the reader or replay"
            },
            {
                "imports-hs2/4621-2023",
                "[{H},[null,null,'4621','RUSSIA','5','5','HS2','4621','2023-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column I_COMMODITY: seen null, expected a commodity code "
                    + "of 2 digits; kept in rejects, fix the reader or replay"
            },
            {
                "imports-hs2/4621-2023",
                "[{H},['01','ANIMALS','4621','RUSSIA','5','5','HS4','4621','2023-01']]",
                "0 of 1 kept, 0 excluded\nrejected: row 1, column COMM_LVL: seen \"HS4\", expected \"HS2\"; kept in "
                    + "rejects, fix the reader or replay"
            },
            {
                "imports-hs2/4621-2023",
                "[{H},['01','ANIMALS','5700','CHINA','5','5','HS2','5700','2023-01']]",
                "0 of 1 kept, 0 excluded\nrefused: row 1, column CTY_CODE: seen \"5700\", expected \"4621\", which "
                    + "was asked for; the answer belongs to another request: the table keeps the old rows; pull the "
                    + "slice again"
            },
            {
                "imports-hs2/4621-2023",
                "[{H},['01','ANIMALS','4621','RUSSIA','5','5','HS2','4621','2023-01'],['01','ANIMALS','4621',"
                    + "'RUSSIA','5','9','HS2','4621','2023-02']]",
                "2 of 2 kept, 0 excluded\nrefused: partner 4621, commodity 01, 2023-01 to 2023-02: seen months that "
                    + "add up to 10, expected 9, the year to date of the last one; the table keeps the old rows; "
                    + "pull the slice again; if it stays so ask the publisher, and replay it with accept if the "
                    + "figures are right"
            },
            {
                "imports-hs2/4621-2023-02",
                "[{H},['01','ANIMALS','4621','RUSSIA','5','9','HS2','4621','2023-02']]",
                "1 of 1 kept, 0 excluded"
            },
            {
                "imports-hs2/4621-2023-02",
                "[{H},['01','ANIMALS','4621','RUSSIA','5','9','HS2','4621','2023-03']]",
                "0 of 1 kept, 0 excluded\nrefused: row 1, column time: seen \"2023-03\", expected a month of "
                    + "4621-2023-02, which was asked for; the answer belongs to another request: the table keeps "
                    + "the old rows; pull the slice again"
            },
            {
                "imports-hs2/all-2023-02",
                "[{H},['01','A','4621','RUSSIA','5','9','HS2','4621','2023-02'],['01','A','-','ALL','6','9','HS2',"
                    + "'-','2023-02'],['27','A','-','ALL','6','9','HS2','-','2023-02']]",
                "1 of 3 kept, 2 excluded\nrefused: month 2023-02, commodity 01: seen partners that add up to 5, "
                    + "expected 6, the world row; the table keeps the old rows; pull the slice again; if it "
                    + "stays so ask the publisher, and replay it with accept if the figures are right\nrefused too: "
                    + "month 2023-02, commodity 27: seen partners that add "
                    + "up to 0, expected 6, the world row; the table keeps the old rows; pull the slice again; if "
                    + "it stays so ask the publisher, and replay it with accept if the figures are right"
            },
            {
                "imports-hs2/all-2023-02-27",
                "[{H},['27','A','4621','RUSSIA','5','9','HS2','4621','2023-02'],['27','A','-','ALL','5','9','HS2',"
                    + "'-','2023-02']]",
                "1 of 2 kept, 1 excluded"
            },
            {
                "imports-hs2/all-2023-02-27",
                "[{H},['28','A','4621','RUSSIA','5','9','HS2','4621','2023-02']]",
                "0 of 1 kept, 0 excluded\nrefused: row 1, column I_COMMODITY: seen \"28\", expected a code of "
                    + "chapter 27, which was asked for; the answer belongs to another request: the table keeps the "
                    + "old rows; pull the slice again"
            },
            {
                "imports-hs6/4621-2023",
                "[{H},['010121','HORSES','4621','RUSSIA','5','5','HS6','4621','2023-01'],['0101','HORSES','4621',"
                    + "'RUSSIA','5','5','HS4','4621','2023-01']]",
                "1 of 2 kept, 0 excluded\nrejected: row 2, column I_COMMODITY: seen \"0101\", expected a commodity "
                    + "code of 6 digits; kept in rejects, fix the reader or replay"
            },
        };

    [Theory, MemberData(nameof(Commodities))]
    public async Task Bodies_of_commodities_are_told_what_is_wrong_with_them(
        string slice,
        string body,
        string expected
    ) => await ExpectAsync(slice, Trade.Body(body.Replace("{H}", Chapters)), expected);

    /// <summary>The same outcome however the stream cuts the body.</summary>
    private static async Task ExpectAsync(string slice, byte[] bytes, string expected)
    {
        var whole = (await BodyOutcome.ReadAsync(Trade.Reader(slice), bytes)).ToString();
        Assert.Equal(expected, whole);
        foreach (var step in (int[])[1, 7])
            Assert.Equal(whole, (await BodyOutcome.ReadAsync(Trade.Reader(slice), bytes, step)).ToString());
    }

    /// <summary>A parser keeps nothing between two calls.</summary>
    [Theory]
    [InlineData("[{H},{R},['4621','RUSSIA','2','2','2019-01'],{W}]")]
    [InlineData("[{H},{R},{R},{W}")]
    [InlineData("[{H},['4621','RUSSIA','2','7','2019-03'],{R}]")]
    public async Task Each_parse_of_a_body_says_the_same(string body)
    {
        var parser = Trade.Reader("exports-total/2019");
        var bytes = Trade.Body(body.Replace("{H}", Header).Replace("{R}", Russia).Replace("{W}", World));
        var first = await SaidAsync();
        Assert.Equal(first, await SaidAsync());

        async Task<string> SaidAsync()
        {
            var (check, all) = await parser.ParseAsync(new MemoryStream(bytes));
            var rows = all.Rows.Select(row => $"{row.PartitionKey} {row.RowKey} {RowHash.Of(row)}");
            return $"{check}\n{check.Refusal}\n{string.Join('\n', [.. rows, .. all.Rejected.Select(row => $"{row}")])}";
        }
    }

    [Fact]
    public async Task A_body_cut_off_anywhere_is_refused_with_its_place()
    {
        var body = Trade.Body(
            $"\u00ef\u00bb\u00bf[{Header},\n{Russia},\n['4621','R\\u0055S\u00c3\u00a9','2','7','2019-02'],{World}]"
        );
        Assert.Null((await BodyOutcome.ReadAsync(Trade.Reader("exports-total/2019"), body)).Check.Refusal);
        for (var length = 0; length < body.Length; length++)
        {
            var refusal = (await BodyOutcome.ReadAsync(Trade.Reader("exports-total/2019"), body[..length]))
                .Check
                .Refusal;
            Assert.True(refusal is not null, $"{length} bytes are not refused");
            Assert.Matches("^(header|row [1-4])$", refusal.Where);
            Assert.Equal("a JSON array of arrays", refusal.Expected);
        }
    }

    [Fact]
    public async Task A_row_of_more_than_a_mebibyte_is_refused()
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("exports-total/2019"),
            Trade.Body($"[{Header},{Russia},['4621','{new string('x', 1 << 20)}','5','5','2019-02']]")
        );
        Assert.Equal(
            "1 of 1 kept, 0 excluded\nrefused: row 2: seen \"a row of more than 1048576 bytes\", expected a JSON "
                + "array of arrays; the body is kept; the table keeps the old rows; pull the slice again",
            outcome.ToString()
        );
    }

    [Fact]
    public async Task A_row_of_hundreds_of_kilobytes_is_read()
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("exports-total/2019"),
            Trade.Body($"[{Header},['4621','{new string('x', 900_000)}','5','5','2019-01'],{World}]"),
            30_000
        );
        Assert.Equal("1 of 2 kept, 1 excluded", outcome.ToString());
    }

    [Fact]
    public async Task A_row_of_too_many_cells_is_refused()
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("exports-total/2019"),
            Trade.Body($"[{Header},[{string.Join(',', Enumerable.Repeat("'x'", 257))}]]")
        );
        Assert.Equal(
            "row 1: seen \"a row of more than 256 cells\", expected a JSON array of arrays; the body is kept; the "
                + "table keeps the old rows; pull the slice again",
            outcome.Check.Refusal!.ToString()
        );
    }

    [Theory, InlineData("x"), InlineData("[]"), InlineData(",[]")]
    public async Task Something_far_behind_the_end_of_the_array_is_seen_too(string garbage)
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("exports-total/2019"),
            Trade.Body($"[{Header},{Russia}]{new string(' ', 3 << 20)}{garbage}")
        );
        Assert.Equal("\"something after the end of the array\"", outcome.Check.Refusal?.Seen);
    }

    [Fact]
    public async Task Blanks_of_any_length_may_follow_the_end()
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("exports-total/2019"),
            Trade.Body($"[{Header},{Russia}]{new string('\n', 3 << 20)}")
        );
        Assert.Null(outcome.Check.Refusal);
    }

    [Fact]
    public async Task Absurd_figures_do_not_overflow_the_sums()
    {
        var rows = Enumerable
            .Range(1000, 20)
            .Select(code => $"['{code}','X','999999999999999999','999999999999999999','2019-01']");
        // Added up in 64 bits, 20 times this figure is 1553255926290448364.
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("exports-total/2019"),
            Trade.Body($"[{Header},{string.Join(',', rows)},['-','ALL','155325592629044836','1','2019-01']]")
        );
        Assert.Equal("partners that add up to 19999999999999999980", outcome.Check.Refusal?.Seen);
    }

    [Fact]
    public async Task A_long_column_name_given_twice_fits_into_a_key()
    {
        var name = new string('#', 5000);
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("exports-total/2019"),
            Trade.Body($"[['{name}','{name}',{Header[1..]},['a','b',{Russia[1..]}]")
        );
        var rejected = Assert.Single(outcome.Rejected);
        Assert.Equal($"row 1, column {new string('#', 50)}…", rejected.Where);
        Assert.True(Keys.Clean(rejected.Where).Length < 400);
    }

    [Fact]
    public async Task Every_column_of_a_row_is_filled()
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("imports-hs2/4621-2023"),
            Trade.Body($"[{Chapters},['27','FUELS','4621','RUSSIA','5','5','HS2','4621','2023-01']]")
        );
        var row = Assert.IsType<TradeMonthly>(Assert.Single(outcome.Rows));
        Assert.Equal(
            ("4621|imports|HS2", "2023-01|27", "2023-01", 2023, 1),
            (row.PartitionKey, row.RowKey, row.Period, row.Year, row.Month)
        );
        Assert.Equal(
            ("US", "4621", "RU", "RUSSIA", "imports", "HS2", "27", "FUELS", 5, 5),
            (
                row.Reporter,
                row.PartnerCode,
                row.PartnerIso2,
                row.PartnerName,
                row.Flow,
                row.Level,
                row.Commodity,
                row.CommodityName,
                row.ValueUsd,
                row.YearToDateUsd ?? 0
            )
        );
        Assert.Equal(new DateTimeOffset(2023, 1, 1, 0, 0, 0, TimeSpan.Zero), row.PeriodStart);
        Assert.Equal(
            "goods, Census basis, general imports, customs value, nominal, not seasonally adjusted",
            row.Basis
        );
        Assert.Equal("2023-01", outcome.Check.Newest);
    }

    [Fact]
    public async Task A_new_partner_is_called_what_the_source_calls_it()
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("exports-total/2019"),
            Trade.Body($"[{Header},['8888','NEWLAND','5','5','2019-01'],['8889',null,'0','0','2019-01'],{World}]")
        );
        Assert.Equal(["NEWLAND", "UNKNOWN 8889"], outcome.Rows.Select(row => ((TradeMonthly)row).PartnerName));
    }

    [Fact]
    public async Task The_order_of_rows_and_columns_does_not_matter()
    {
        var rows = Enumerable
            .Range(1, 12)
            .SelectMany(month =>
                (string[])
                    [
                        $"4621|RUSSIA|{month}|{month * (month + 1) / 2}|2019-{month:00}",
                        $"5700|CHINA|2|{2 * month}|2019-{month:00}",
                        $"-|ALL|{month + 2}|0|2019-{month:00}",
                    ]
            )
            .ToArray();
        string[] names = ["CTY_CODE", "CTY_NAME", "ALL_VAL_MO", "ALL_VAL_YR", "time"];
        var random = new Random(1);
        var expected = default(string);
        for (var round = 0; round < 50; round++)
        {
            var columns = Enumerable.Range(0, 5).ToArray();
            random.Shuffle(columns);
            random.Shuffle(rows);
            var body = new StringBuilder($"[[{string.Join(',', columns.Select(column => $"'{names[column]}'"))}]");
            foreach (var row in rows)
                body.Append($",[{string.Join(',', columns.Select(column => $"'{row.Split('|')[column]}'"))}]");
            var outcome = await BodyOutcome.ReadAsync(
                Trade.Reader("exports-total/2019"),
                Trade.Body(body.Append(']').ToString()),
                random.Next(1, 200)
            );
            var seen =
                $"{outcome}"
                + $"{string.Join('\n', outcome.Rows.Select(row => $"{row.PartitionKey} {row.RowKey} {RowHash.Of(row)}").Order(StringComparer.Ordinal))}";
            Assert.Equal(expected ??= seen, seen);
            Assert.Equal(24, outcome.Rows.Count);
        }
    }

    private const string OldStays =
        "the table keeps the old rows; pull the slice again; if it stays so ask the publisher, and replay it with "
        + "accept if the figures are right";

    /// <summary>
    /// A year of all partners: China has 100 a month, Canada 50, Mexico 10. A cell is the month's value and its year to
    /// date, or null where the row is gone.
    /// </summary>
    private static Task<BodyOutcome> YearAsync(
        Func<string, int, (string? Value, string? ToDate)?> cell,
        bool hasWorld = true
    )
    {
        var text = new StringBuilder("[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','time']");
        foreach (var (code, value) in ((string, int)[])[("5700", 100), ("1220", 50), ("2010", 10), ("-", 160)])
        {
            for (var month = 1; month <= 12 && (hasWorld || code != "-"); month++)
            {
                var (own, toDate) = cell(code, month) is { } changed
                    ? (changed.Value ?? $"{value}", changed.ToDate ?? $"{value * month}")
                    : ("", "");
                if (own.Length > 0)
                {
                    text.Append(
                        CultureInfo.InvariantCulture,
                        $",['{code}','N',{Quoted(own)},{Quoted(toDate)},'2025-{month:00}']"
                    );
                }
            }
        }
        var settings = Trade.Settings(all: true, extract: false);
        return BodyOutcome.ReadAsync(
            Trade.Reader("exports-total/2025", settings),
            Trade.Body(text.Append(']').ToString())
        );

        static string Quoted(string text) => text == "null" ? text : $"'{text}'";
    }

    public static TheoryData<string, string> Undecided =>
        new()
        {
            {
                "China null in December and Canada gone",
                "month 2025-12: seen partners that add up to 10 without 1 row that was not understood, expected "
                    + "160, the "
                    + "world row"
            },
            { "China null in December", "" },
            { "China null in June, and no year to date before July", "" },
            {
                "China null in June and its years to date null",
                "month 2025-06: seen partners that add up to 60 without 1 row that was not understood, expected "
                    + "160, the "
                    + "world row"
            },
            {
                "China null in December and Canada ten times",
                "month 2025-12: seen partners that add up to 510 without 1 row that was not understood, expected "
                    + "160, the "
                    + "world row"
            },
            {
                "China negative in December and Canada five times",
                "month 2025-12: seen partners that add up to 260 without 1 row that was not understood, expected "
                    + "160, the "
                    + "world row"
            },
            {
                "no June and no years to date",
                "month 2025-06: seen no row, but rows of 2025-12, expected rows of every month up to the newest"
            },
            {
                "the configured partner alone",
                "month 2025-01: seen 1 partners without a world row, expected the world row, CTY_CODE -, too"
            },
        };

    [Theory, MemberData(nameof(Undecided))]
    public async Task A_row_without_a_figure_explains_no_more_than_its_own_month_had(string fault, string words)
    {
        var outcome = await YearAsync(
            (code, month) =>
                (fault, code, month) switch
                {
                    ("China null in December and Canada gone", "1220", 12) => null,
                    ("China null in December and Canada gone", "5700", 12) => ("null", null),
                    ("China null in December", "5700", 12) => ("null", null),
                    ("China null in June, and no year to date before July", "5700", 6) => ("null", "null"),
                    ("China null in June, and no year to date before July", "5700", < 6) => (null, "null"),
                    ("China null in June and its years to date null", "5700", 6) => ("null", "null"),
                    ("China null in June and its years to date null", "5700", _) => (null, "null"),
                    ("China null in December and Canada ten times", "5700", 12) => ("null", null),
                    ("China null in December and Canada ten times", "1220", 12) => ("500", "null"),
                    ("China negative in December and Canada five times", "5700", 12) => ("-100", null),
                    ("China negative in December and Canada five times", "1220", 12) => ("250", "null"),
                    ("no June and no years to date", _, 6) => null,
                    ("no June and no years to date", _, _) => (null, "null"),
                    ("the configured partner alone", not "5700", _) => null,
                    _ => (null, null),
                },
            hasWorld: fault != "the configured partner alone"
        );
        if (words.Length == 0)
            Assert.Null(outcome.Check.Refusal);
        else
            Assert.Equal($"{words}; {OldStays}", outcome.Check.Refusal?.ToString());
    }

    /// <summary>
    /// The commodities of all partners are all trade of a month: a slip of a unit shows without any stored total.
    /// </summary>
    [Theory]
    [InlineData("imports-hs2/all-2023-02", 1_000_000_000, 160, "")]
    [InlineData("imports-hs2/all-2023-02", 1_000_000, 160, "320000000 US dollars as the sum of all commodities")]
    [InlineData("imports-hs2/all-2023-02", 1_000_000, 100, "")]
    [InlineData(
        "imports-hs2/all-2023-02",
        1_000_000_000_000,
        160,
        "320000000000000 US dollars as the sum of all commodities"
    )]
    [InlineData("imports-hs2/all-2023-02-27", 1_000_000, 160, "")]
    [InlineData(
        "imports-hs2/all-2023-02-27",
        100_000_000_000,
        160,
        "16000000000000 US dollars as the sum of all commodities of chapter 27"
    )]
    public async Task Commodities_of_all_partners_lie_in_the_range_of_all_trade(
        string slice,
        long value,
        int partners,
        string seen
    )
    {
        var text = new System.Text.StringBuilder(
            "[['I_COMMODITY','I_COMMODITY_SDESC','CTY_CODE','CTY_NAME','GEN_VAL_MO','GEN_VAL_YR','COMM_LVL','time']"
        );
        foreach (var commodity in slice.EndsWith("-27", StringComparison.Ordinal) ? ["27"] : (string[])["01", "27"])
        {
            for (var at = 0; at < partners; at++)
                Row(commodity, $"{4000 + at}", value);
            Row(commodity, "-", value * partners);
        }
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader(slice, Trade.Settings(all: true, extract: false)),
            Trade.Body(text.Append(']').ToString())
        );
        var range = partners >= 150 && !slice.EndsWith("-27", StringComparison.Ordinal) ? "5000000000 to" : "at most";
        Assert.Equal(
            seen.Length == 0
                ? ""
                : $"month 2023-02: seen {seen}, expected {range} 5000000000000, which holds every month since 1985; "
                    + "the table keeps the old rows; compare with the publisher's page, then replay the slice with "
                    + "accept if the figures are right",
            $"{outcome.Check.Refusal}"
        );

        void Row(string commodity, string code, long figure) =>
            text.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $",['{commodity}','A','{code}','N','{figure}','{figure}','HS2','2023-02']"
            );
    }
}
