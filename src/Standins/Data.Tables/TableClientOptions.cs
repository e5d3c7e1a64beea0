using Azure.Core;
using Azure.Data.Tables.Connection;

namespace Azure.Data.Tables;

/// <summary>Options of the table clients: retries, transport, policies, diagnostics (from <see cref="ClientOptions"/>) and the service version.</summary>
public class TableClientOptions : ClientOptions
{
    /// <param name="serviceVersion">Version of the service's interface that requests ask for.</param>
    public TableClientOptions(ServiceVersion serviceVersion = ServiceVersion.V2020_12_06)
    {
        VersionHeader = serviceVersion switch
        {
            ServiceVersion.V2019_02_02 => "2019-02-02",
            ServiceVersion.V2020_12_06 => "2020-12-06",
            _ => throw new ArgumentOutOfRangeException(nameof(serviceVersion), serviceVersion, "expected a member of TableClientOptions.ServiceVersion"),
        };
        Transport = LoopbackAwareTransport.Shared;
        foreach (var header in (string[])["x-ms-request-id", "x-ms-version", "DataServiceVersion", "Preference-Applied", "Prefer"])
            Diagnostics.LoggedHeaderNames.Add(header);
        foreach (var parameter in (string[])["$top", "$select", "timeout"])
            Diagnostics.LoggedQueryParameters.Add(parameter);
    }

    /// <summary>The versions of the service's interface that can be asked for.</summary>
    public enum ServiceVersion
    {
        V2019_02_02 = 1,
        V2020_12_06 = 2,
    }

    internal string VersionHeader { get; }

    /// <summary>Where the date of a signature comes from.</summary>
    internal TimeProvider Time { get; set; } = TimeProvider.System;
}
