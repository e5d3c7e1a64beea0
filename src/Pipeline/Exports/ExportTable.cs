namespace Pipeline.Exports;

/// <summary>A table that is exported.</summary>
/// <param name="Name">The table's name.</param>
/// <param name="Columns">The columns of its files, in their order; keys first.</param>
public sealed record ExportTable(string Name, IReadOnlyList<string> Columns);
