using System.Security.Cryptography;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Http;

/// <summary>Bodies on their way into storage, of servers that repeat the secrets they were asked with.</summary>
public sealed class BodyFileTests
{
    private static readonly SourceRequest Asked = new(new Uri("https://example.org/"), "json", 1 << 20)
    {
        Secrets =
        [
            new SourceSecret("key", "canary012345"),
            new SourceSecret("sign", "a+b/c=d-e_fg"),
            new SourceSecret("id", "Total"),
        ],
    };

    [Theory]
    [InlineData("", "")]
    [InlineData("nothing to hide, cana", "nothing to hide, cana")]
    [InlineData("canary012345", "************")]
    [InlineData("ccanary012345canary012345canary01234", "c************************canary01234")]
    [InlineData("<a href=?key=canary012345>CANARY012345</a>", "<a href=?key=************>************</a>")]
    [InlineData(
        "a+b/c=d-e_fg or a%2Bb%2Fc%3Dd-e_fg or A%2bB%2fC%3dD-E_FG",
        "************ or ****************** or ******************"
    )]
    [InlineData("Total of all", "Total of all")] // Too short to be told from the data.
    public async Task A_secret_in_a_body_is_stored_as_asterisks_however_the_body_comes_in(string sent, string stored)
    {
        for (var piece = 1; piece <= sent.Length + 1; piece++)
        {
            await using var file = new BodyFile();
            await file.CopyFromAsync(
                new Pieces(Encoding.UTF8.GetBytes(sent), piece),
                1 << 20,
                Asked.Hidden,
                CancellationToken.None
            );
            Assert.Equal((stored, stored.Length), (Encoding.UTF8.GetString(file.Head.Span), file.Length));
            var (body, sha256) = file.Complete();
            body.Position = 0;
            Assert.Equal(stored, await new StreamReader(body).ReadToEndAsync());
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stored))), sha256);
        }
    }

    /// <summary>Gives at most so many bytes at a time, as a network does.</summary>
    private sealed class Pieces(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }
}
