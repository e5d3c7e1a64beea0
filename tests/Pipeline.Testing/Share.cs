using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Pipeline.Testing;

/// <summary>
/// How much of every proof of many cases is run. The command of the proofs runs all of it, and so does <c>dotnet
/// test</c> with <c>FAULTS_LENGTH=full</c>. Without it <c>dotnet test</c> runs a tenth: the first, or that of
/// <c>FAULTS_LENGTH</c> = 1 to 10. Each case is in exactly one of the ten, so that together they are the full length.
/// </summary>
internal sealed class Share
{
    /// <summary>The variable of the environment.</summary>
    public const string Variable = "FAULTS_LENGTH";

    public const string Full = "full";

    public const int Parts = 10;

    private readonly int? part;

    private Share(int? part) => this.part = part;

    /// <summary>That of this process.</summary>
    public static Share Current { get; } = Parse(Environment.GetEnvironmentVariable(Variable));

    public bool IsFull => part is null;

    /// <exception cref="FormatException">The text is no length.</exception>
    public static Share Parse(string? text) =>
        text switch
        {
            null or "" => new Share(0),
            Full => new Share(null),
            _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    && number is >= 1 and <= Parts => new Share(number - 1),
            _ => throw new FormatException(
                $"{Variable}: seen \"{text}\", expected {Full}, or 1 to {Parts} for one tenth of the cases; unset "
                    + "it to run the first tenth"
            ),
        };

    /// <summary>
    /// True if a process is ended at a storage call, before it is sent or after it took effect. Each tenth has
    /// some of both.
    /// </summary>
    public bool HasCrash(string proof, int call, bool after) => Has(proof, after ? call + Parts / 2 : call);

    /// <summary>True if a case is run.</summary>
    /// <param name="proof">What is tried; proofs of few cases do not all begin with their first.</param>
    /// <param name="number">The number of the case.</param>
    public bool Has(string proof, int number) =>
        part is null || (number + (int)(XxHash32.HashToUInt32(Encoding.UTF8.GetBytes(proof)) % Parts)) % Parts == part;

    /// <summary>The numbers of the cases that are run.</summary>
    /// <param name="proof">What is tried.</param>
    /// <param name="from">The number of the first case.</param>
    /// <param name="count">How many there are in all.</param>
    public IReadOnlyList<int> Of(string proof, int from, int count) =>
        [.. Enumerable.Range(from, count).Where(number => Has(proof, number))];
}
