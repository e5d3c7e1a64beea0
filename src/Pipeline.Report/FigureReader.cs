using System.Globalization;
using Azure.Data.Tables;
using Microsoft.Extensions.Options;
using Pipeline.Insight;
using Pipeline.Insight.Indicators;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;
using Pipeline.Sources.Unctad.Partners;
using Pipeline.Storage;

namespace Pipeline.Report;

/// <summary>
/// Reads the series that the report draws, from indicators and facts. A figure without data is left out.
/// </summary>
public sealed class FigureReader(IOptions<CensusOptions> census, TableSet tables)
{
    private const string Russia = "4621";
    private const string RussiaAsHost = "643";
    private const int MostPartners = 15;
    private const int MostSources = 10;
    private const int MostHolders = 6;
    private const int MostPanels = 8;

    /// <summary>All figures that have data, in the order of the page.</summary>
    public async Task<IReadOnlyList<Figure>> ReadAsync(CancellationToken cancellationToken)
    {
        Figure[] all =
        [
            await TradeAsync(cancellationToken),
            await PartnersAsync(cancellationToken),
            await SourcesAsync(cancellationToken),
            await BondsAsync(cancellationToken),
            await HoldersAsync(cancellationToken),
        ];
        return
        [
            .. all.Select(figure =>
                    figure with
                    {
                        Panels = [.. figure.Panels.Where(panel => panel.Points.Count > 0).Take(MostPanels)],
                    }
                )
                .Where(figure => figure.Panels.Count > 0),
        ];
    }

    /// <summary>The partner whose trade is drawn: Russia, or the first that the settings ask for.</summary>
    private Partner Drawn =>
        CensusPartners.Of(
            census.Value.Partners is null || census.Value.Partners.Contains(Russia)
                ? Russia
                : census.Value.Partners.Order(StringComparer.Ordinal).First(),
            null
        );

    private async Task<Figure> TradeAsync(CancellationToken cancellationToken)
    {
        var partner = Drawn;
        var id = TradeTotals.Prefix + Ids.Partner(partner.Code, partner.Iso2);
        return new Figure(
            "trade",
            $"US trade in goods with {Ids.Name(partner.Name)}",
            $"Goods only, Census basis, nominal, not seasonally adjusted; imports are general imports, customs "
                + $"value.{(partner.Code == Russia ? " Some trade of 1992 is still under the USSR, so that 1992 is partial." : "")}",
            [
                await PanelAsync("12m", "Twelve months to the month", "month"),
                await PanelAsync("annual", "Calendar years", "year"),
            ]
        );

        async Task<Panel> PanelAsync(string span, string name, string label)
        {
            string[] measures = ["exports", "imports", "trade-balance"];
            var series = new List<Dictionary<string, double>>();
            foreach (var measure in measures)
            {
                series.Add(
                    (await IndicatorAsync($"{id}-{measure}-{span}", cancellationToken)).ToDictionary(
                        row => row.Period,
                        row => row.Value
                    )
                );
            }

            var periods = series.SelectMany(values => values.Keys).Distinct().Order(StringComparer.Ordinal);
            return new Panel(
                name,
                Panel.Lines,
                TradeTotals.Dollars,
                label,
                ["Exports", "Imports", "Balance"],
                [
                    .. periods.Select(period => new Point(
                        period,
                        [.. series.Select(values => values.TryGetValue(period, out var value) ? value : (double?)null)]
                    )),
                ],
                string.Join(", ", measures.Select(measure => $"{Names.Indicators} {id}-{measure}-{span}"))
            );
        }
    }

    private async Task<Figure> PartnersAsync(CancellationToken cancellationToken)
    {
        var names = CensusPartners
            .All.GroupBy(partner => Ids.Partner(partner.Code, partner.Iso2))
            .ToDictionary(group => group.Key, group => Ids.Name(group.First().Name), StringComparer.Ordinal);
        var drawn = Ids.Partner(Drawn.Code, Drawn.Iso2);
        return new Figure(
            "partners",
            "Partners of the US in goods trade",
            "Shares of the newest year that has all partners.",
            [
                await PanelAsync("trade-total", "Exports and imports"),
                await PanelAsync("exports", "Exports"),
                await PanelAsync("imports", "Imports"),
            ]
        );

        async Task<Panel> PanelAsync(string measure, string name)
        {
            var id = $"{TradeTotals.Prefix}{measure}-share-annual";
            var rows = await IndicatorAsync(id, cancellationToken);
            var year = rows.Select(row => row.Period).DefaultIfEmpty("").Max(StringComparer.Ordinal)!;
            var ranked = rows.Where(row => row.Period == year)
                .Select(row => (Id: row.RowKey.Split('|')[^1], row.Value))
                .OrderByDescending(row => row.Value)
                .ThenBy(row => row.Id, StringComparer.Ordinal)
                .ToList();
            var points = ranked
                .Select((row, at) => (row.Id, Place: at + 1, row.Value))
                .Where(row => row.Place <= MostPartners || row.Id == drawn)
                .Select(row => new Point($"{row.Place}. {names.GetValueOrDefault(row.Id, row.Id)}", [row.Value]));
            return new Panel(
                $"{name}, {year}",
                Panel.Bars,
                "percent",
                "partner",
                ["Share"],
                [.. points],
                $"{Names.Indicators} {id} {year}|*"
            );
        }
    }

    private async Task<Figure> SourcesAsync(CancellationToken cancellationToken)
    {
        var rows = new List<FdiPartner>();
        await foreach (
            var row in tables.QueryIfExistsAsync<FdiPartner>(
                FdiPartner.Table.Name,
                TableClient.CreateQueryFilter(
                    $"PartitionKey ge {"0"} and PartitionKey lt {":"} and Direction eq {"inward"}"
                ),
                cancellationToken
            )
        )
        {
            rows.Add(row);
        }

        var host = rows.Select(row => row.HostCode)
            .Distinct()
            .OrderByDescending(code => code == RussiaAsHost)
            .ThenBy(code => code, StringComparer.Ordinal)
            .FirstOrDefault()
            ?? RussiaAsHost;
        // One source alone has no place among sources: it is not drawn as a list of them.
        var panels = rows.Where(row => row.HostCode == host)
            .GroupBy(row => (row.PartitionKey, row.Basis))
            .Where(group => group.Where(row => row.Year == group.Max(other => other.Year)).Skip(1).Any())
            .OrderByDescending(group => group.First().Measure, StringComparer.Ordinal)
            .ThenBy(group => group.Key.PartitionKey, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Basis, StringComparer.Ordinal)
            .Select(group =>
            {
                var year = group.Max(row => row.Year);
                var any = group.First();
                var name =
                    $"{(any.Measure == "stock" ? "Stock at the end of" : "Flow in")} {year}, by "
                    + $"{FdiSourcesFamily.Basis(any.Basis).Replace('-', ' ')}, reported by the {any.ReportedBy}";
                return new Panel(
                    name,
                    Panel.Bars,
                    TradeTotals.Dollars,
                    "source",
                    ["Value"],
                    [
                        .. group
                            .Where(row => row.Year == year)
                            .OrderByDescending(row => row.ValueUsd)
                            .ThenBy(row => row.PartnerIso3, StringComparer.Ordinal)
                            .Take(MostSources)
                            .Select(row => new Point(row.PartnerName, [row.ValueUsd])),
                    ],
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{FdiPartner.Table.Name} {group.Key.PartitionKey} {year}|*"
                    )
                );
            });
        return new Figure(
            "investment",
            $"Sources of foreign direct investment in "
                + $"{(host == RussiaAsHost ? "Russia" : Economies.Of(host, "").Name)}",
            "The bases measure different things and must not be compared: who is the immediate owner, who is behind "
                + "it, and who reports.",
            [.. panels]
        );
    }

    private async Task<Figure> BondsAsync(CancellationToken cancellationToken)
    {
        var rows = await IndicatorAsync(OfzFamily.Id, cancellationToken);
        return new Figure(
            "bonds",
            "Share of Russian federal bonds (OFZ) held by non-residents",
            "The Bank of Russia's monthly table; other publishers' series are in the table holders and are never "
                + "mixed with it.",
            [
                new Panel(
                    "Share of the market",
                    Panel.Lines,
                    "percent",
                    "day",
                    ["Share"],
                    [.. rows.Select(row => new Point(row.Period, [row.Value]))],
                    $"{Names.Indicators} {OfzFamily.Id}"
                ),
            ]
        );
    }

    private async Task<Figure> HoldersAsync(CancellationToken cancellationToken)
    {
        var rows = new List<Holding>();
        await foreach (
            var row in tables.QueryIfExistsAsync<Holding>(
                Holding.Table.Name,
                TableClient.CreateQueryFilter(
                    $"PartitionKey ge {"a"} and PartitionKey lt {"~"} and HolderIso2 ne {""}"
                ),
                cancellationToken
            )
        )
        {
            if (!double.IsNaN(row.SharePercent))
                rows.Add(row);
        }

        var panels = rows.GroupBy(row => row.PartitionKey)
            .Where(group => group.Select(row => row.HolderIso2).Distinct().Count() > 1)
            .OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group =>
            {
                var (asset, basis) = (
                    group.First().AssetClass.Replace('_', ' '),
                    group.First().Basis.Replace('_', ' ')
                );
                var holders = group
                    .GroupBy(row => row.Holder)
                    .OrderByDescending(own => own.Max(row => row.SharePercent))
                    .ThenBy(own => own.Key, StringComparer.Ordinal)
                    .Take(MostHolders)
                    .Select(own => own.Key)
                    .ToList();
                var statements = group
                    .Where(row => holders.Contains(row.Holder))
                    .GroupBy(row => (row.AsOf, row.Citation))
                    .OrderBy(day => day.Key.AsOf)
                    .ThenBy(day => day.Key.Citation, StringComparer.Ordinal);
                return new Panel(
                    $"{asset}, share of {basis}",
                    Panel.Dots,
                    "percent",
                    "day",
                    holders,
                    [
                        .. statements.Select(day => new Point(
                            day.Key.AsOf.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                            [
                                .. holders.Select(holder =>
                                    day.FirstOrDefault(row => row.Holder == holder)?.SharePercent
                                ),
                            ],
                            $"{day.Key.Citation}{Qualified(day)}"
                        )),
                    ],
                    $"{Holding.Table.Name} {group.Key}"
                );
            });
        return new Figure(
            "holders",
            "Largest foreign holders of Russian securities",
            "As publishers stated it, statement by statement; where they contradict each other both stand. Regions "
                + "and totals have no place here.",
            [.. panels]
        );
    }

    /// <summary>Statements that are no exact figures say so.</summary>
    private static string Qualified(IEnumerable<Holding> rows) =>
        rows.Select(row => row.Qualifier)
            .Where(word => word != "exact")
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList()
            is { Count: > 0 } words
            ? $" ({string.Join(", ", words.Select(word => word.Replace('_', ' ')))})"
            : "";

    private async Task<List<IndicatorRow>> IndicatorAsync(string id, CancellationToken cancellationToken)
    {
        var rows = new List<IndicatorRow>();
        await foreach (
            var row in tables.QueryIfExistsAsync<IndicatorRow>(
                Names.Indicators,
                TableClient.CreateQueryFilter($"PartitionKey eq {id}"),
                cancellationToken
            )
        )
        {
            rows.Add(row);
        }

        return rows;
    }
}
