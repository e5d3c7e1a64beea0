using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Formats;
using Pipeline.Sources.Moex.Capitalisation;

namespace Pipeline.Sources.Moex.Nsd;

/// <summary>
/// Reads a day of the depository's figures: for each type of asset and method of calculation what foreign nominee
/// accounts hold, alone and with the banks of foreign owners, in all and per security (moex.md, section 3; no real
/// answer is known).
/// </summary>
/// <remarks>
/// A row of the ledger is one pair of share and amount: two of an object, and two of each of its details.
/// </remarks>
internal sealed class NsdBody(DateOnly day) : HolderBody
{
    private const string Nominee = "nominee";
    private const string NomineeAndBanks = "nominee_and_banks";
    private const string Layout =
        "the answer's layout is not the documented one: the table keeps the old rows; adapt the reader, then replay";

    /// <inheritdoc/>
    public override SliceScope Scope => MoexScope.OfNsd(day);

    /// <inheritdoc/>
    protected override DateOnly FirstDay => new(2020, 3, 11);

    /// <inheritdoc/>
    public override string Wanted => $"a share or an amount of {Key}";

    /// <inheritdoc/>
    protected override async Task<HolderReading> ReadAllAsync(Stream body, CancellationToken cancellationToken)
    {
        var reading = new HolderReading();
        try
        {
            using var json = await JsonText.ParseAsync(body, cancellationToken);
            if (json.RootElement.ValueKind != JsonValueKind.Array)
            {
                reading.Refuse(
                    new Finding("body", $"a JSON {json.RootElement.ValueKind}", "a JSON array of objects", Layout)
                );
                return reading;
            }
            if (json.RootElement.GetArrayLength() >= MoexNsdDataset.Limit)
            {
                reading.Refuse(
                    new Finding(
                        "body",
                        $"{json.RootElement.GetArrayLength()} objects",
                        $"fewer than the {MoexNsdDataset.Limit} asked for: there may be more",
                        Layout
                    )
                );
            }

            var number = 0;
            foreach (var item in json.RootElement.EnumerateArray())
                Item(item, $"object {++number}", reading);
        }
        catch (JsonException e)
        {
            reading.Refuse(
                new Finding(
                    "body",
                    Finding.Quote(e.Message),
                    "a JSON array of objects",
                    "the body is kept; the table keeps the old rows; pull the slice again"
                )
            );
        }
        return reading;
    }

    private void Item(JsonElement item, string where, HolderReading reading)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            reading.Refuse(new Finding(where, Finding.Quote(item.GetRawText()), "an object", Layout));
            return;
        }
        var details = Property(item, "details") is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().ToList()
            : [];
        var pairs = 2 + 2 * details.Count;
        if (Property(item, "details") is { ValueKind: not (JsonValueKind.Array or JsonValueKind.Null) } other)
        {
            reading.Refuse(new Finding($"{where}, details", Finding.Quote(other.GetRawText()), "a list", Layout));
            return;
        }
        if (Text(item, "date") != Key)
        {
            reading.Refuse(
                new Finding(
                    $"{where}, date",
                    Quote(item, "date"),
                    $"\"{Key}\", which was asked for",
                    "the answer belongs to another request: the table keeps the old rows; pull the slice again"
                )
            );
            return;
        }
        var current = IsCurrent(Text(item, "method"));
        var asset = AssetClass(Text(item, "asset_type"));
        if (current is null)
        {
            reading.Reject(
                $"{where}, method",
                Quote(item, "method"),
                "a text that says current or initial nominal value, and not both",
                count: pairs
            );
        }
        else if (asset.Length == 0)
        {
            reading.Reject($"{where}, asset_type", Quote(item, "asset_type"), "a type of asset", count: pairs);
        }
        else
        {
            var currency = Text(item, "calculation_currency") ?? "";
            Pairs(item, "total_", where, "", currency, asset, current.Value, reading);
            for (var at = 0; at < details.Count; at++)
                Detail(details[at], $"{where}, detail {at + 1}", currency, asset, current.Value, reading);
        }
    }

    private void Detail(
        JsonElement detail,
        string where,
        string currency,
        string asset,
        bool current,
        HolderReading reading
    )
    {
        if (detail.ValueKind != JsonValueKind.Object)
        {
            reading.Reject(where, Finding.Quote(detail.GetRawText()), "an object", count: 2);
        }
        else if (Text(detail, "isin") is not { } isin || !IsIsin(isin))
        {
            reading.Reject(
                $"{where}, isin",
                Quote(detail, "isin"),
                "an ISIN: two letters, nine letters or digits, a digit",
                count: 2
            );
        }
        else if (Property(detail, "date") is { ValueKind: not JsonValueKind.Null } && Text(detail, "date") != Key)
        {
            reading.Reject($"{where}, date", Quote(detail, "date"), $"\"{Key}\" or nothing", count: 2);
        }
        else
        {
            Pairs(detail, "", where, isin, currency, asset, current, reading);
        }
    }

    /// <summary>The two pairs of a total or of a security.</summary>
    private void Pairs(
        JsonElement owner,
        string prefix,
        string where,
        string isin,
        string currency,
        string asset,
        bool current,
        HolderReading reading
    )
    {
        foreach (var name in (string[])[Nominee, NomineeAndBanks])
        {
            var at = $"{where}, {name}";
            var basis = (name == Nominee, current) switch
            {
                (true, true) => HolderBasis.NsdNomineeCurrentNominal,
                (true, false) => HolderBasis.NsdNomineeInitialNominal,
                (false, true) => HolderBasis.NsdBanksCurrentNominal,
                _ => HolderBasis.NsdBanksInitialNominal,
            };
            var holder =
                (
                    name == Nominee
                        ? "Foreign nominee accounts"
                        : "Foreign nominee accounts and banks with foreign owners"
                ) + (isin.Length > 0 ? $", {isin}" : "");
            var citation = $"NSD, GetAssetholders, {Key}{(isin.Length > 0 ? $", {isin}" : "")}";
            var pair = Property(owner, name);
            if (pair is { ValueKind: not (JsonValueKind.Object or JsonValueKind.Null) } wrong)
            {
                reading.Reject(at, Finding.Quote(wrong.GetRawText()), $"{prefix}share_pct and {prefix}share_cash");
                continue;
            }
            var (share, cash) = pair is { ValueKind: JsonValueKind.Object } figures
                ? (Property(figures, $"{prefix}share_pct"), Property(figures, $"{prefix}share_cash"))
                : (null, null);
            var isShare = TryNumber(share, out var percent) && percent is null or <= 100;
            var isAmount = TryNumber(cash, out var amount);
            if (!isShare)
                percent = null;
            var shareWords = isShare ? "" : Finding.Quote(share!.Value.GetRawText());
            var cashWords = isAmount ? "" : Finding.Quote(cash!.Value.GetRawText());
            var isForeign = amount is not null && !CountryCodes.IsCurrency(currency);
            if (!isShare && amount is null)
            {
                reading.Reject($"{at}, {prefix}share_pct", shareWords, "per cent, 0 to 100");
            }
            else if (!isAmount && percent is null)
            {
                reading.Reject($"{at}, {prefix}share_cash", cashWords, "an amount, 0 or more");
            }
            else if (percent is null && amount is null)
            {
                reading.Miss(
                    at,
                    new MissingRow(
                        HoldingRow.PartitionKey(asset, basis),
                        HoldingRow.RowKey(day, holder, citation),
                        $"the source has no {prefix}share_pct and no {prefix}share_cash for {name}"
                    )
                );
            }
            else if (isForeign && percent is null)
            {
                reading.Reject(at, Amount(amount, currency), "an ISO 4217 code in calculation_currency");
            }
            else
            {
                var inWords = isForeign ? Amount(amount, currency) : cashWords;
                if (isForeign)
                    amount = null;
                reading.Keep(
                    at,
                    HoldingRow.Of(day, asset, basis, holder, citation, percent, amount, currency),
                    (nameof(Holding.SharePercent), percent is null ? Reason($"{prefix}share_pct", shareWords) : ""),
                    (nameof(Holding.Value), amount is null ? Reason($"{prefix}share_cash", inWords) : "")
                );
            }
        }
    }

    private static string Amount(decimal? amount, string currency) =>
        $"the amount {amount?.ToString(CultureInfo.InvariantCulture)} in {Finding.Quote(currency)}";

    /// <summary>Why a figure of a pair is not there.</summary>
    private static string Reason(string name, string sent) =>
        sent.Length == 0 ? $"the source has no {name}" : $"the source sent {sent} for {name}";

    private string Key => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>True for current, false for initial nominal value; null when the text says neither, or both.</summary>
    private static bool? IsCurrent(string? method)
    {
        bool Says(params string[] words) =>
            words.Any(word => method?.Contains(word, StringComparison.OrdinalIgnoreCase) == true);
        var (current, initial) = (Says("current", "текущ", "непогашен"), Says("initial", "первоначальн", "начальн"));
        return current == initial ? null : current;
    }

    /// <summary>
    /// The names that the other datasets use where they are known, otherwise the depository's in lower case
    /// with <c>_</c> between words.
    /// </summary>
    private static string AssetClass(string? type)
    {
        if (type is null)
            return "";
        if (
            type.Contains("ofz", StringComparison.OrdinalIgnoreCase)
            || type.Contains("офз", StringComparison.OrdinalIgnoreCase)
        )
        {
            return HoldingRow.Ofz;
        }

        var snake = new StringBuilder();
        foreach (var c in type.Trim().ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c))
                snake.Append(c);
            else if (snake.Length > 0 && snake[^1] != '_')
                snake.Append('_');
        }

        return snake.Length > 100 ? "" : snake.ToString().TrimEnd('_');
    }

    private static bool IsIsin(string text) =>
        text.Length == 12
        && text[..2].All(char.IsAsciiLetterUpper)
        && text[2..11].All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c))
        && char.IsAsciiDigit(text[11]);

    private static JsonElement? Property(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement owner, string name) =>
        Property(owner, name) is { ValueKind: JsonValueKind.String } value ? IssCell.Of(value).Text : null;

    private static string Quote(JsonElement owner, string name) =>
        Property(owner, name) is { } value ? Finding.Quote(IssCell.Of(value).Text) : "nothing";

    /// <summary>A number of 0 or more, also as text; null for nothing. False for anything else.</summary>
    private static bool TryNumber(JsonElement? cell, out decimal? number)
    {
        number = null;
        if (cell is not { ValueKind: not JsonValueKind.Null } given)
            return true;
        if (
            given.ValueKind is not (JsonValueKind.Number or JsonValueKind.String)
            || !decimal.TryParse(
                IssCell.Of(given).Text,
                NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                CultureInfo.InvariantCulture,
                out var parsed
            )
        )
        {
            return false;
        }

        number = parsed;
        return true;
    }
}
