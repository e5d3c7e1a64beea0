using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>Published files that are no part of the repository.</summary>
internal static class RealData
{
    /// <summary>A file below <c>shared/data</c> beside the repository; skips the test where there is none.</summary>
    public static byte[] Read(string name)
    {
        for (var folder = new DirectoryInfo(Repository.Root).Parent; folder is not null; folder = folder.Parent)
        {
            if (Path.Combine(folder.FullName, "shared", "data", name) is var path && File.Exists(path))
                return File.ReadAllBytes(path);
        }
        Assert.Skip($"{name} is not in ../shared/data");
        return [];
    }
}
