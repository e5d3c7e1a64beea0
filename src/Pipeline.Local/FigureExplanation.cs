using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Issues;
using Pipeline.Report.Data;

namespace Pipeline.Local;

/// <summary>All that is known of one figure, for <c>--explain</c>.</summary>
internal static class FigureExplanation
{
    /// <summary>Checks the key of a figure, before anything is started.</summary>
    /// <exception cref="StartException">It has another form.</exception>
    public static void Check(string figure) => Split(figure);

    /// <summary>Writes the figure.</summary>
    /// <returns>The exit code: 1 if there is no such figure.</returns>
    public static async Task<int> WriteAsync(
        IServiceProvider services,
        string figure,
        ConsoleLog log,
        CancellationToken cancellationToken
    )
    {
        var (table, partition, row) = Split(figure);
        try
        {
            var document = await services
                .GetRequiredService<FigureLookup>()
                .FindAsync(table, partition, row, cancellationToken);
            log.Table(FigureText.Write(document), [JsonNode.Parse(document.ToJson())!.AsObject()]);
            return 0;
        }
        catch (DataRefusedException e)
        {
            log.Complain(e.Message);
            return 1;
        }
    }

    /// <summary>Keys hold no slash.</summary>
    private static (string Table, string Partition, string Row) Split(string figure) =>
        figure.Split('/') is [{ Length: > 0 } table, { Length: > 0 } partition, { Length: > 0 } row]
            ? (table, partition, row)
            : throw new StartException(
                new Finding(
                    "--explain",
                    Finding.Quote(figure),
                    "table/partition/row, such as \"trademonthly/4621|imports|total/2019-07|TOTAL\"",
                    "correct the key, and quote it because of its bars"
                ).ToString()
            );
}
