using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Datasets;
using Pipeline.Slices;

namespace Pipeline.Local;

/// <summary>The slices with their states, for <c>--list</c>: what <c>--replay</c> takes.</summary>
internal static class SliceListing
{
    /// <summary>Writes a line for each slice that was ever planned.</summary>
    public static async Task WriteAsync(IServiceProvider services, ConsoleLog log, CancellationToken cancellationToken)
    {
        var slices = services.GetRequiredService<SliceBook>();
        foreach (var source in services.GetRequiredService<SourceCatalog>().All)
        {
            var rows = await slices.ListAsync(source.Name, cancellationToken);
            if (rows.Count == 0)
            {
                log.Say(
                    $"{source.Name}: no slice was pulled yet; run --once {Once.PlannedSource.FunctionOf(source.Name)}"
                );
            }
            foreach (var row in rows.OrderBy(row => row.Slice.Id, StringComparer.Ordinal))
            {
                var pulled = row.LastPulled is { } at
                    ? $"pulled {at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}Z"
                    : "not pulled yet";
                var line = string.Create(
                        CultureInfo.InvariantCulture,
                        $"{row.Slice.Id, -48} {row.State, -14} {row.Loaded?.Rows ?? 0, 9:N0} rows  {pulled}  "
                            + $"{row.LastError}"
                    )
                    .TrimEnd();
                log.Table(
                    line + Environment.NewLine,
                    [
                        new JsonObject
                        {
                            ["slice"] = row.Slice.Id,
                            ["state"] = $"{row.State}",
                            ["rows"] = row.Loaded?.Rows ?? 0,
                            ["lastPulled"] = row.LastPulled?.ToString("O", CultureInfo.InvariantCulture),
                            ["lastError"] = row.LastError,
                        },
                    ]
                );
            }
        }
    }
}
