using System.IO.Hashing;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Pipeline.Ingestion;

/// <summary>The folder of the function app: its assemblies and its samples.</summary>
/// <param name="Path">The folder.</param>
public sealed record AppFolder(string Path);

/// <summary>
/// The build that computes indicators, claims and files: another one may compute them differently.
/// </summary>
/// <param name="Id">Made of the module version ids of the program's assemblies. Builds of the same sources with the
/// same compiler have the same one.</param>
public sealed record ProgramVersion(Guid Id)
{
    /// <summary>The build in the folder of a function app, which another program may look at.</summary>
    public static ProgramVersion Of(AppFolder folder)
    {
        var own = Path.GetFileNameWithoutExtension(typeof(ProgramVersion).Module.Name);
        var hash = new XxHash128();
        foreach (var file in Directory.GetFiles(folder.Path, $"{own}*.dll").Order(StringComparer.Ordinal))
        {
            using var module = new PEReader(File.OpenRead(file));
            var reader = module.GetMetadataReader();
            hash.Append(reader.GetGuid(reader.GetModuleDefinition().Mvid).ToByteArray());
        }

        return new ProgramVersion(new Guid(hash.GetCurrentHash()));
    }
}
