using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Pipeline.Steps;

/// <summary>
/// The build of the engine that computes indicators, claims and files: another one may compute them
/// differently.
/// </summary>
/// <param name="Id">The module version id. Builds of the same sources with the same compiler have the same one.</param>
public sealed record ProgramVersion(Guid Id)
{
    /// <summary>The build in the folder of a function app, which another program looks at.</summary>
    /// <param name="folder">The folder; null for this program.</param>
    public static ProgramVersion Of(string? folder)
    {
        var own = typeof(ProgramVersion).Module;
        if (folder is null)
        {
            return new ProgramVersion(own.ModuleVersionId);
        }
        using var file = new PEReader(File.OpenRead(Path.Combine(folder, own.Name)));
        var reader = file.GetMetadataReader();
        return new ProgramVersion(reader.GetGuid(reader.GetModuleDefinition().Mvid));
    }
}
