namespace Pipeline.Faults.Storage;

internal sealed class MemoryStorageTests;
