namespace Pipeline.Storage;

/// <summary>Files that end with their stream.</summary>
internal static class TemporaryFile
{
    /// <summary>
    /// Opens a new file. Where the system allows it the file has no name any more, so that it does not outlive a killed
    /// process either.
    /// </summary>
    public static FileStream Open()
    {
        var path = Path.Combine(Path.GetTempPath(), $"pipeline-{Path.GetRandomFileName()}");
        var opened = new FileStream(
            path,
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Options =
                    FileOptions.Asynchronous
                    | (OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None),
                BufferSize = 64 * 1024,
            }
        );
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        return opened;
    }
}
