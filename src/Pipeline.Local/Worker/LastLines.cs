using System.Diagnostics;

namespace Pipeline.Local.Worker;

/// <summary>The last lines that a process has written, for the message about its end.</summary>
internal sealed class LastLines
{
    private const int Kept = 12;

    private readonly Queue<string> lines = new();

    /// <summary>The lines, oldest first.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (lines)
            {
                return [.. lines];
            }
        }
    }

    /// <summary>The last three lines as the end of a sentence; empty if there are none.</summary>
    public string Quoted => All is { Count: > 0 } all ? $", its last lines: {string.Join(" / ", all.TakeLast(3))}" : "";

    /// <summary>Reads both outputs of a process that redirects them.</summary>
    public void Read(Process process)
    {
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    private void Add(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }
        lock (lines)
        {
            lines.Enqueue(line);
            if (lines.Count > Kept)
            {
                lines.Dequeue();
            }
        }
    }
}
