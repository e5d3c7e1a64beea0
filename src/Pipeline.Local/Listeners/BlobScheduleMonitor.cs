using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Microsoft.Azure.WebJobs.Extensions.Timers;

namespace Pipeline.Local.Listeners;

/// <summary>
/// Keeps when each timer ran and runs next, in the place where the Functions host keeps it. The WebJobs SDK has a
/// monitor of its own, which needs an older library of blobs.
/// </summary>
/// <param name="container">The container of the host, azure-webjobs-hosts.</param>
/// <param name="hostId">Under whose name the timers are kept.</param>
internal sealed class BlobScheduleMonitor(BlobContainerClient container, string hostId) : ScheduleMonitor
{
    /// <inheritdoc/>
    public override async Task<ScheduleStatus?> GetStatusAsync(string timerName)
    {
        try
        {
            var blob = await Blob(timerName).DownloadContentAsync();
            return JsonSerializer.Deserialize<ScheduleStatus>(blob.Value.Content);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override async Task UpdateStatusAsync(string timerName, ScheduleStatus status)
    {
        await container.CreateIfNotExistsAsync();
        await Blob(timerName).UploadAsync(BinaryData.FromObjectAsJson(status), overwrite: true);
    }

    private BlobClient Blob(string timerName) => container.GetBlobClient($"timers/{hostId}/{timerName}/status");
}
