#pragma warning disable CA1050, MA0047, MA0048 // The runtime looks for a type of this name in no namespace.

/// <summary>Keeps a .NET program that is started with <c>DOTNET_STARTUP_HOOKS</c> from ever running.</summary>
internal static class StartupHook
{
    /// <summary>Never returns.</summary>
    public static void Initialize() => new ManualResetEventSlim().Wait();
}
