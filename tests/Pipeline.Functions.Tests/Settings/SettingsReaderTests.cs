using Microsoft.Extensions.Configuration;
using Pipeline.Issues;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Settings;

public sealed class SettingsReaderTests
{
    private const string Storage =
        "PipelineStorage: seen nothing, expected a storage connection string, or PipelineStorage__blobServiceUri, "
        + "PipelineStorage__queueServiceUri and PipelineStorage__tableServiceUri; for local work set "
        + "PipelineStorage=UseDevelopmentStorage=true";
    private const string NotAConnection =
        "PipelineStorage: seen a text that is no connection string, expected "
        + "DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net; for local "
        + "work set PipelineStorage=UseDevelopmentStorage=true";
    private const string Fields =
        ", expected six fields: second, minute, hour, day, month, day of the week; for example CENSUS_SCHEDULE=0 45 "
        + "13 * * *";
    private const string Key = ", expected an API key, free at https://api.census.gov/data/key_signup.html";
    private const string KeyExample = "; for example Census__ApiKey=0123456789abcdef0123456789abcdef01234567";
    private const string Api = "; for example Census__BaseUrl=https://api.census.gov/data/timeseries/intltrade";
    private const string File =
        "; for example Census__CountryFileUrl=https://www.census.gov/foreign-trade/balance/country.xlsx";
    private const string Https = ", expected an https address (http for loopback only)";
    private const string Hidden = "seen an address with user, query or fragment (not repeated here)";
    private const string Codes =
        ", expected Schedule C codes of countries (four digits, 1 to 8 first), or *; for example "
        + "Census__Partners=4621,5700";
    private const string Levels = ", expected any of total,HS2,HS4,HS6; for example Census__Levels=total,HS2";
    private const string From = ", expected a month from 1985-01 on, yyyy-MM; for example Census__From=1992-01";

    /// <summary>
    /// Settings that differ from good ones (a name alone: missing), and the lines they give; none = fine.
    /// </summary>
    public static TheoryData<string, string> Rows =>
        new()
        {
            { "", "" },
            {
                "AzureWebJobsStorage",
                "AzureWebJobsStorage: seen nothing, expected a storage account; for example "
                    + "AzureWebJobsStorage=UseDevelopmentStorage=true"
            },
            {
                "AzureWebJobsStorage= ",
                "AzureWebJobsStorage: seen \" \", expected a storage account; for example "
                    + "AzureWebJobsStorage=UseDevelopmentStorage=true"
            },
            { "AzureWebJobsStorage|AzureWebJobsStorage__accountName=a", "" },
            { "PipelineStorage", Storage },
            { "PipelineStorage=", Storage },
            { $"PipelineStorage=AccountKey={Trade.Canary}", NotAConnection },
            { $"PipelineStorage={Trade.Canary}", NotAConnection },
            {
                "PipelineStorage|PipelineStorage__blobServiceUri=https://a.blob.core.windows.net|"
                    + "PipelineStorage__queueServiceUri=https://a.queue.core.windows.net|"
                    + "PipelineStorage__tableServiceUri=https://a.table.core.windows.net|"
                    + "PipelineStorage__credential=managedidentity|"
                    + "PipelineStorage__clientId=00000000-0000-0000-0000-000000000001",
                ""
            },
            {
                "PipelineStorage|PipelineStorage__blobServiceUri=https://a.blob.core.windows.net|"
                    + "PipelineStorage__queueServiceUri=http://a.queue.core.windows.net",
                "PipelineStorage__queueServiceUri: seen \"http://a.queue.core.windows.net\", expected a plain https "
                    + "address; for example "
                    + "PipelineStorage__queueServiceUri=https://myaccount.queue.core.windows.net\n"
                    + "PipelineStorage__tableServiceUri: seen nothing, expected a plain https address; for example "
                    + "PipelineStorage__tableServiceUri=https://myaccount.table.core.windows.net"
            },
            { "CENSUS_SCHEDULE", "CENSUS_SCHEDULE: seen nothing" + Fields },
            { "CENSUS_SCHEDULE=", "CENSUS_SCHEDULE: seen \"\"" + Fields },
            { "CENSUS_SCHEDULE=15 13 * * *", "CENSUS_SCHEDULE: seen \"15 13 * * *\"" + Fields },
            { "CENSUS_SCHEDULE=0 61 13 * * *", "CENSUS_SCHEDULE: seen \"0 61 13 * * *\"" + Fields },
            { "CENSUS_SCHEDULE=daily", "CENSUS_SCHEDULE: seen \"daily\"" + Fields },
            { "Sources__Mode", "" },
            {
                "Sources__Mode=Live",
                "Sources__Mode: seen \"Live\", expected samples or live; for example Sources__Mode=live"
            },
            { "Sources__Mode=", "Sources__Mode: seen \"\", expected samples or live; for example Sources__Mode=live" },
            { "Sources__Mode=samples|Census__ApiKey", "" },
            {
                "Census__Partner=5700",
                "Census__Partner: seen a setting that nothing reads, expected one of Census__BaseUrl, Census__ApiKey, "
                    + "Census__Partners, Census__Levels, Census__From, Census__CountryFileUrl; correct its name, or "
                    + "remove it"
            },
            {
                "Census__Partners__0=5700",
                "Census__Partners__0: seen a setting that nothing reads, expected one of Census__BaseUrl, "
                    + "Census__ApiKey, Census__Partners, Census__Levels, Census__From, Census__CountryFileUrl; correct "
                    + "its name, or remove it"
            },
            {
                $"UNCTAD__Client_Secret={Trade.Canary}|Moex__=x",
                "Unctad__Client_Secret: seen a setting that nothing reads, expected one of Unctad__BulkUrl, "
                    + "Unctad__CatalogueUrl, Unctad__ApiUrl, Unctad__ClientId, Unctad__ClientSecret, "
                    + "Unctad__PartnersFile; correct its name, or remove it\nMoex__: seen a setting that nothing "
                    + "reads, "
                    + "expected one of Moex__IssUrl, Moex__OfzTableUrl, Moex__NsdUrl, Moex__NsdApiKey, "
                    + "Moex__HoldersFile; correct its name, or remove it"
            },
            {
                "Sources__Modes=live|Report__Public=true",
                "Sources__Modes: seen a setting that nothing reads, expected one of Sources__Mode; correct its "
                    + "name, or "
                    + "remove it\nReport__Public: seen a setting that nothing reads, expected no setting that begins "
                    + "with Report__; correct its name, or remove it"
            },
            {
                "Sources__Mode=samples|Census__Partners=5700",
                "Census__Partners: seen \"5700\", expected 4621 while Sources__Mode is samples, because the samples "
                    + "hold the commodities of no other partner; for other partners set Sources__Mode=live"
            },
            {
                "Sources__Mode=samples|Census__Partners=*",
                "Census__Partners: seen \"*\", expected 4621 while Sources__Mode is samples, because the samples "
                    + "hold the commodities of no other partner; for other partners set Sources__Mode=live"
            },
            { "Census__ApiKey", "Census__ApiKey: seen nothing" + Key + ", because Sources__Mode is live" + KeyExample },
            {
                "Census__ApiKey= ",
                "Census__ApiKey: seen nothing" + Key + ", because Sources__Mode is live" + KeyExample
            },
            {
                $"Census__ApiKey={Trade.Canary} ",
                "Census__ApiKey: seen a text with blanks or control characters (not repeated here)" + Key + KeyExample
            },
            {
                $"Census__ApiKey={Trade.Canary}é",
                "Census__ApiKey: seen a text with blanks or control characters (not repeated here)" + Key + KeyExample
            },
            {
                "Census__ApiKey=@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/census)",
                "Census__ApiKey: seen a Key Vault reference that was not resolved"
                    + Key
                    + "; check that the secret exists and that the app's identity may read it"
            },
            { "Census__BaseUrl=", "Census__BaseUrl: seen \"\"" + Https + Api },
            { "Census__BaseUrl=api.census.gov", "Census__BaseUrl: seen \"api.census.gov\"" + Https + Api },
            { "Census__BaseUrl=/data", "Census__BaseUrl: seen \"/data\"" + Https + Api },
            {
                "Census__BaseUrl=ftp://api.census.gov/",
                "Census__BaseUrl: seen \"ftp://api.census.gov/\"" + Https + Api
            },
            {
                "Census__BaseUrl=http://api.census.gov/data",
                "Census__BaseUrl: seen \"http://api.census.gov/data\"" + Https + Api
            },
            { "Census__BaseUrl=http://127.0.0.1:8080/data", "" },
            { "Census__BaseUrl=http://localhost/data", "" },
            { "Census__BaseUrl=http://[::1]/data", "" },
            {
                $"Census__BaseUrl=https://api.census.gov/data?key={Trade.Canary}",
                "Census__BaseUrl: " + Hidden + ", expected a plain address" + Api
            },
            {
                $"Census__BaseUrl=https://user:{Trade.Canary}@api.census.gov/data",
                "Census__BaseUrl: " + Hidden + ", expected a plain address" + Api
            },
            {
                $"Census__BaseUrl=http://user:{Trade.Canary}@api.census.gov/data",
                "Census__BaseUrl: " + Hidden + Https + Api
            },
            {
                $"Census__BaseUrl=http://api.census.gov/data?key={Trade.Canary}",
                "Census__BaseUrl: " + Hidden + Https + Api
            },
            { $"Census__BaseUrl=api.census.gov/data?key={Trade.Canary}", "Census__BaseUrl: " + Hidden + Https + Api },
            { "Census__CountryFileUrl=", "" },
            { "Census__CountryFileUrl= ", "Census__CountryFileUrl: seen \" \"" + Https + File },
            { "Census__CountryFileUrl=country.xlsx", "Census__CountryFileUrl: seen \"country.xlsx\"" + Https + File },
            {
                $"Census__CountryFileUrl=https://www.census.gov/country.xlsx#{Trade.Canary}",
                "Census__CountryFileUrl: " + Hidden + ", expected a plain address" + File
            },
            {
                "UNCTAD_SCHEDULE",
                "UNCTAD_SCHEDULE: seen nothing, expected six fields: second, minute, hour, day, month, day of the "
                    + "week; for example UNCTAD_SCHEDULE=0 30 7 * * 1"
            },
            {
                "MOEX_SCHEDULE=18:00",
                "MOEX_SCHEDULE: seen \"18:00\", expected six fields: second, minute, hour, day, month, day of the "
                    + "week; for example MOEX_SCHEDULE=0 0 18 * * *"
            },
            {
                "MONITOR_SCHEDULE",
                "MONITOR_SCHEDULE: seen nothing, expected six fields: second, minute, hour, day, month, day of the "
                    + "week; for example MONITOR_SCHEDULE=0 */15 * * * *"
            },
            {
                "Unctad__BulkUrl=|Unctad__CatalogueUrl=|Unctad__ApiUrl=|Unctad__PartnersFile=|Moex__IssUrl=|"
                    + "Moex__OfzTableUrl=|Moex__NsdUrl=|Moex__HoldersFile=",
                ""
            },
            {
                "Unctad__BulkUrl=http://example.org/bulk",
                "Unctad__BulkUrl: seen \"http://example.org/bulk\""
                    + Https
                    + "; for example "
                    + "Unctad__BulkUrl=https://unctadstat-api.unctad.org/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock"
            },
            {
                "Unctad__CatalogueUrl=x",
                "Unctad__CatalogueUrl: seen \"x\""
                    + Https
                    + "; for example Unctad__CatalogueUrl=https://unctadstat-api.unctad.org/api/datacenter/en"
            },
            {
                "Unctad__ApiUrl=x",
                "Unctad__ApiUrl: seen \"x\""
                    + Https
                    + "; for example Unctad__ApiUrl=https://unctadstat-user-api.unctad.org/US.FdiFlowsStock/cur/Facts"
            },
            { $"Unctad__ClientId={Trade.Canary}|Unctad__ClientSecret={Trade.Canary}", "" },
            {
                $"Unctad__ClientId={Trade.Canary}",
                "Unctad__ClientSecret: seen nothing, expected both Unctad__ClientId and Unctad__ClientSecret, or "
                    + "neither; an account of UNCTAD's data centre gives both, free"
            },
            {
                $"Unctad__ClientSecret={Trade.Canary}",
                "Unctad__ClientId: seen nothing, expected both Unctad__ClientId and Unctad__ClientSecret, or "
                    + "neither; an account of UNCTAD's data centre gives both, free"
            },
            {
                $"Unctad__ClientId=me|Unctad__ClientSecret={Trade.Canary}\u00e9",
                "Unctad__ClientSecret: seen a text with blanks or control characters (not repeated here), expected "
                    + "a client secret; for example Unctad__ClientSecret=0123456789abcdef0123456789abcdef01234567"
            },
            {
                "Unctad__PartnersFile=/x.csv",
                "Unctad__PartnersFile: seen \"/x.csv\", expected the name of a blob in the container curated; for "
                    + "example Unctad__PartnersFile=fdi-partners.csv"
            },
            {
                "Moex__IssUrl=x",
                "Moex__IssUrl: seen \"x\"" + Https + "; for example Moex__IssUrl=https://iss.moex.com/iss"
            },
            { "Moex__OfzTableUrl=https://www.cbr.ru/table_ofz.xlsx", "" },
            {
                "Moex__OfzTableUrl=table_ofz.xlsx",
                "Moex__OfzTableUrl: seen \"table_ofz.xlsx\""
                    + Https
                    + "; for example Moex__OfzTableUrl=https://www.cbr.ru/path/table_ofz.xlsx"
            },
            {
                $"Moex__NsdUrl=https://nsddata.ru/api/get/assetholders?apikey={Trade.Canary}",
                "Moex__NsdUrl: "
                    + Hidden
                    + ", expected a plain address; for example Moex__NsdUrl=https://nsddata.ru/api/get/assetholders"
            },
            { $"Moex__NsdApiKey={Trade.Canary}", "" },
            {
                "Moex__NsdApiKey=@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/nsd)",
                "Moex__NsdApiKey: seen a Key Vault reference that was not resolved, expected an API key; check that "
                    + "the secret exists and that the app's identity may read it"
            },
            {
                "Moex__HoldersFile=a#b",
                "Moex__HoldersFile: seen \"a#b\", expected the name of a blob in the container curated; for example "
                    + "Moex__HoldersFile=holders.csv"
            },
            {
                "Moex__HoldersFile= holders.csv",
                "Moex__HoldersFile: seen \" holders.csv\", expected the name of a blob in the container curated; "
                    + "for example Moex__HoldersFile=holders.csv"
            },
            { "Census__Partners=*", "" },
            { "Census__Partners=4621, 5700,4621", "" },
            { "Census__Partners=", "Census__Partners: seen \"\"" + Codes },
            { "Census__Partners=,", "Census__Partners: seen \",\"" + Codes },
            { "Census__Partners=RU", "Census__Partners: seen \"RU\"" + Codes },
            { "Census__Partners=4621,*", "Census__Partners: seen \"4621,*\"" + Codes },
            { "Census__Partners=0003", "Census__Partners: seen \"0003\"" + Codes },
            { "Census__Partners=4XXX", "Census__Partners: seen \"4XXX\"" + Codes },
            { "Census__Partners=-", "Census__Partners: seen \"-\"" + Codes },
            { "Census__Partners=9030", "Census__Partners: seen \"9030\"" + Codes },
            { "Census__Levels=HS10", "Census__Levels: seen \"HS10\"" + Levels },
            { "Census__Levels=", "Census__Levels: seen \"\"" + Levels },
            { "Census__Levels=total;HS2", "Census__Levels: seen \"total;HS2\"" + Levels },
            { "Census__From=", "Census__From: seen \"\"" + From },
            { "Census__From=1992", "Census__From: seen \"1992\"" + From },
            { "Census__From=1992-13", "Census__From: seen \"1992-13\"" + From },
            { "Census__From=1992-1", "Census__From: seen \"1992-1\"" + From },
            { "Census__From=1984-12", "Census__From: seen \"1984-12\"" + From },
            { "Census__From=2100-01", "Census__From: seen \"2100-01\"" + From },
            { "Census__From=92-01\u0007" + "\n", "Census__From: seen \"92-01  \"" + From },
            {
                "AzureWebJobsStorage|PipelineStorage|CENSUS_SCHEDULE=x|Sources__Mode=x|Census__BaseUrl=x|"
                    + "Census__ApiKey|Census__Partners=x|Census__Levels=x|Census__From=x|Census__CountryFileUrl=x",
                "AzureWebJobsStorage: seen nothing, expected a storage account; for example "
                    + "AzureWebJobsStorage=UseDevelopmentStorage=true\n"
                    + Storage
                    + "\nCENSUS_SCHEDULE: seen \"x\""
                    + Fields
                    + "\nSources__Mode: seen \"x\", expected samples or live; for example "
                    + "Sources__Mode=live\nCensus__BaseUrl: seen \"x\""
                    + Https
                    + Api
                    + "\nCensus__Partners: seen \"x\""
                    + Codes
                    + "\nCensus__Levels: seen \"x\""
                    + Levels
                    + "\nCensus__From: seen \"x\""
                    + From
                    + "\nCensus__CountryFileUrl: seen \"x\""
                    + Https
                    + File
            },
        };

    [Theory, MemberData(nameof(Rows))]
    public void Settings_that_are_wrong_are_told_all_at_once(string changes, string expected)
    {
        var settings = Read(changes, out var findings);
        Assert.Equal(expected, string.Join('\n', findings));
        Assert.Equal(expected.Length == 0, settings is not null);
        Assert.DoesNotContain(findings, finding => finding.ToString().Contains(Trade.Canary, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_set_has_the_default_that_the_list_of_settings_names()
    {
        var settings = Read("", out _)!;
        Assert.False(settings.UseSamples);
        Assert.Equal(
            "https://api.census.gov/data/timeseries/intltrade, partners 4621, levels total,HS2, from 1992-01",
            settings.Census.ToString()
        );
        Assert.Equal(
            "https://www.census.gov/foreign-trade/balance/country.xlsx",
            settings.Census.CountryFileUrl?.AbsoluteUri
        );
        Assert.Equal(Trade.Canary, settings.Census.ApiKey);
        foreach (
            var (name, value) in (IEnumerable<(string, string)>)
                [
                    ("Census__Partners", "4621"),
                    ("Census__Levels", "total,HS2"),
                    ("Census__From", "1992-01"),
                    ("Census__BaseUrl", settings.Census.BaseUrl.AbsoluteUri),
                ]
        )
        {
            Assert.Contains(AllSettings.List, setting =>
                setting.Name == name && setting.Default.Contains($"`{value}`", StringComparison.Ordinal)
            );
        }
    }

    [Fact]
    public void Lists_are_read_without_blanks_and_repetitions_and_levels_in_their_order()
    {
        var census = Read(
            "Census__Partners= 5700 , 4621,5700|Census__Levels=hs6, TOTAL|Census__From=2015-06|Census__CountryFileUrl=",
            out _
        )!.Census;
        Assert.Equal(["5700", "4621"], census.Partners!);
        Assert.Equal(["total", "HS6"], census.Levels);
        Assert.Equal(new DateOnly(2015, 6, 1), census.From);
        Assert.Null(census.CountryFileUrl);
        Assert.Null(Read("Census__Partners=*", out _)!.Census.Partners);
    }

    [Fact]
    public void The_other_sources_have_the_defaults_that_the_list_of_settings_names()
    {
        var settings = Read("", out _)!;
        Assert.Equal(
            (null, null, ""),
            (
                settings.Moex.OfzTableUrl,
                settings.Unctad.ClientId is { Length: > 0 } id ? id : null,
                settings.Moex.NsdApiKey
            )
        );
        Assert.False(settings.Unctad.Extract);
        foreach (
            var (name, value) in (IEnumerable<(string, string)>)
                [
                    ("Unctad__BulkUrl", $"{settings.Unctad.BulkUrl}"),
                    ("Unctad__CatalogueUrl", $"{settings.Unctad.CatalogueUrl}"),
                    ("Unctad__ApiUrl", $"{settings.Unctad.ApiUrl}"),
                    ("Unctad__PartnersFile", settings.Unctad.PartnersFile),
                    ("Moex__IssUrl", $"{settings.Moex.IssUrl}"),
                    ("Moex__NsdUrl", $"{settings.Moex.NsdUrl}"),
                    ("Moex__HoldersFile", settings.Moex.HoldersFile),
                ]
        )
        {
            Assert.Contains(AllSettings.List, setting => setting.Name == name && setting.Default == $"`{value}`");
        }

        Assert.Equal(
            "bulk , catalogue , API , partners ",
            Read("Unctad__BulkUrl=|Unctad__CatalogueUrl=|Unctad__ApiUrl=|Unctad__PartnersFile=", out _)!
                .Unctad.ToString()
        );
        Assert.Equal(
            "ISS , OFZ table , NSD , holders ",
            Read("Moex__IssUrl=|Moex__OfzTableUrl=|Moex__NsdUrl=|Moex__HoldersFile=", out _)!.Moex.ToString()
        );
    }

    [Fact]
    public void Samples_are_an_extract_and_stand_in_for_the_table_whose_address_nobody_knows()
    {
        var settings = Read("Sources__Mode=samples", out _)!;
        Assert.True(settings.Unctad.Extract);
        Assert.Equal("https://samples.invalid/table_ofz.xlsx", settings.Moex.OfzTableUrl?.AbsoluteUri);
        Assert.Null(Read("Sources__Mode=samples|Moex__OfzTableUrl=", out _)!.Moex.OfzTableUrl);
    }

    [Theory]
    [InlineData(119, 119, "")]
    [InlineData(120, 120, "")]
    [InlineData(121, 120, "…")]
    public void Outside_text_is_quoted_up_to_its_limit(int length, int kept, string end) =>
        Assert.Equal($"\"{new string('x', kept)}{end}\"", Finding.Quote(new string('x', length)));

    [Fact]
    public void A_quote_never_ends_in_half_a_character() =>
        Assert.Equal($"\"{new string('x', 119)}…\"", Finding.Quote(new string('x', 119) + "😀😀"));

    private static AllSettings? Read(string changes, out IReadOnlyList<Finding> findings)
    {
        var values = new Dictionary<string, string?>(AllSettings.Schedules!)
        {
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["PipelineStorage"] = "UseDevelopmentStorage=true",
            ["Sources:Mode"] = "live",
            ["Census:ApiKey"] = Trade.Canary,
        };
        foreach (var change in changes.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            var cut = change.IndexOf('=', StringComparison.Ordinal);
            var name = (cut < 0 ? change : change[..cut]).Replace("__", ":", StringComparison.Ordinal);
            if (cut < 0)
                values.Remove(name);
            else
                values[name] = change[(cut + 1)..];
        }
        return AllSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build(), out findings);
    }
}
