using System.IO.Hashing;
using System.Reflection;
using System.Text;
using Pipeline.Issues;

namespace Pipeline.Insight.Claims;

/// <summary>
/// The reviewed claims: JSON files that are part of the program, one for each set of articles. To add a claim, add it
/// to a file of <c>Insight/claims</c>, or a file; what is wrong with it stops the app at its start with a message.
/// </summary>
public sealed class ClaimBook
{
    private const string Folder = "claims/";

    private ClaimBook(IReadOnlyList<Claim> claims, IReadOnlyDictionary<string, Article> articles, string fingerprint) =>
        (Claims, Articles, Fingerprint) = (claims, articles, fingerprint);

    internal IReadOnlyList<Claim> Claims { get; }

    /// <summary>The articles by their ids.</summary>
    public IReadOnlyDictionary<string, Article> Articles { get; }

    /// <summary>
    /// Stands for names and texts of the files, 32 hexadecimal digits: what was checked by another one is to
    /// be checked again.
    /// </summary>
    internal string Fingerprint { get; }

    /// <summary>The indicators that some claims look at.</summary>
    internal static IReadOnlyList<string> IndicatorsOf(IEnumerable<Claim> claims) =>
        [
            .. claims
                .SelectMany(claim => claim.Bases)
                .SelectMany(basis => basis.Checks)
                .SelectMany(check => check.Expression.References)
                .Select(reference => reference.Id)
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Reads the claims of the program.</summary>
    /// <param name="findings">What is wrong, with file, claim and position; empty when nothing is.</param>
    /// <returns>The claims, or null when anything is wrong.</returns>
    public static ClaimBook? Load(out IReadOnlyList<Finding> findings)
    {
        var assembly = Assembly.GetExecutingAssembly();
        return Parse(
            assembly
                .GetManifestResourceNames()
                .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(name =>
                {
                    using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                    return (name, reader.ReadToEnd());
                }),
            out findings
        );
    }

    /// <summary>Reads claims from files.</summary>
    internal static ClaimBook? Parse(IEnumerable<(string Name, string Json)> files, out IReadOnlyList<Finding> findings)
    {
        var wrong = new List<Finding>();
        var claims = new List<Claim>();
        var articles = new Dictionary<string, Article>(StringComparer.Ordinal);
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        var hash = new XxHash128();
        foreach (var (name, json) in files)
        {
            hash.Append(Encoding.UTF8.GetBytes($"{name}\0{json}\0"));
            var reader = new ClaimReader(name, wrong);
            var read = reader.Read(json);
            foreach (var (article, about) in reader.Articles)
            {
                if (articles.TryAdd(article, about))
                {
                    owners.Add(article, name);
                }
                else
                {
                    wrong.Add(
                        new Finding(
                            $"{name}, article {article}",
                            $"an article that {owners[article]} has too",
                            "one file for all claims of an article",
                            "correct the file of claims"
                        )
                    );
                }
            }

            claims.AddRange(read);
        }
        findings = wrong;
        return wrong.Count == 0
            ? new ClaimBook(claims, articles, Convert.ToHexStringLower(hash.GetCurrentHash()))
            : null;
    }
}
