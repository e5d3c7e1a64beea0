using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;

namespace Standin.Functions.Worker.Timers;

/// <summary>Keeps the status of schedules in <c>azure-webjobs-hosts/timers/&lt;hostId&gt;/Host.Functions.&lt;Name&gt;/status</c>. Writing is best effort: a failure is logged.</summary>
internal sealed class ScheduleMonitor(BlobServiceClient blobs, string hostId, ILogger logger)
{
    private readonly BlobContainerClient container = blobs.GetBlobContainerClient(HostRules.HostContainer);

    /// <summary>The recorded status; null when the timer never started here.</summary>
    public async Task<ScheduleStatus?> ReadAsync(string function, CancellationToken cancellation)
    {
        try
        {
            var text = (await Blob(function).DownloadContentAsync(cancellation)).Value.Content;
            var status = JsonSerializer.Deserialize<ScheduleStatus>(text, Queues.QueueBody.Json);
            return status is null ? null : new ScheduleStatus { Last = Utc(status.Last), Next = Utc(status.Next), LastUpdated = Utc(status.LastUpdated) };
        }
        catch (RequestFailedException error) when (error.Status == 404)
        {
            return null;
        }
        catch (JsonException error)
        {
            logger.LogWarning(error, "the schedule status of '{Function}' cannot be read and is written anew:", function);
            return null;
        }
    }

    public async Task WriteAsync(string function, ScheduleStatus status)
    {
        var body = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(status));
        try
        {
            try
            {
                await Blob(function).UploadAsync(body, overwrite: true);
            }
            catch (RequestFailedException error) when (error.Status == 404)
            {
                await container.CreateIfNotExistsAsync();
                await Blob(function).UploadAsync(body, overwrite: true);
            }
        }
        catch (Exception error) when (error is RequestFailedException or AggregateException)
        {
            logger.LogWarning(error, "the schedule status of '{Function}' could not be written; a missed occurrence may go unnoticed:", function);
        }
    }

    private BlobClient Blob(string function) => container.GetBlobClient($"timers/{hostId}/Host.Functions.{function}/status");

    private static DateTime Utc(DateTime time) => time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : DateTime.SpecifyKind(time, DateTimeKind.Utc);
}
