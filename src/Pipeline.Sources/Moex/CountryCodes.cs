using System.Collections.Frozen;

namespace Pipeline.Sources.Moex;

/// <summary>Codes that people write in files: countries (ISO 3166-1 alpha-2) and currencies (ISO 4217).</summary>
internal static class CountryCodes
{
    /// <summary>
    /// In use since 2013, when the first statements about holders begin, and the special drawing right.
    /// </summary>
    private static readonly FrozenSet<string> Currencies = Set(
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
            + "CDF CHF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD "
            + "EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK "
            + "JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR "
            + "LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB "
            + "PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG "
            + "SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU "
            + "UZS VES VND VUV WST XAF XCD XDR XOF XPF YER ZAR ZMW ZWG ZWL"
    );

    /// <summary>
    /// Whether a text is a country's code. <c>NA</c> is Namibia; <c>UK</c> is no code, the United Kingdom is
    /// <c>GB</c>.
    /// </summary>
    public static bool IsCountry(string code) => Codes.Countries.IsCurrentIso2(code);

    /// <summary>
    /// Whether a text is a currency's code. The rouble is <c>RUB</c>; <c>RUR</c> was the one before 1998.
    /// </summary>
    public static bool IsCurrency(string code) => Currencies.Contains(code);

    private static FrozenSet<string> Set(string codes) => codes.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
