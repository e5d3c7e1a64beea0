using System.Diagnostics;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Pipeline.Issues;
using Pipeline.Sources.Unctad.SevenZip;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Unctad;

public sealed class SevenZipTests : IDisposable
{
    private static readonly SevenZipLimits Limits = new(MaxPacked: 16 << 20, MaxUnpacked: 16 << 20, MaxHeader: 1 << 20);

    /// <summary>A small archive of the 7z program, method LZMA.</summary>
    private const string Lzma =
        "N3q8ryccAATQWdNBfQMAAAAAAAByAAAAAAAAALzZhTYALJlIJ1OCYovx1l+Gcicegbpsn/s10z2oa4xGi6n8XQIW/"
        + "YJvUi+UC99D5TlDYC6FCSXT/zmFBMd6BPOQ4+Dye/SJpC4Foeuj"
        + "geXVx664u6n2Et606yMt0lu5J98YxpMiURyB7TB0Uors8KkGXt3AkrERCJAwI7ELgjU9HicVLAfduLXSsYckajkKGLfDVq82R8a+caqKyAErmTrOS9ifgbXenQvR40X360Qg6eTeeqI8"
        + "LEvHvc1yI/4ocCiJHZ6wgXwCJqQs7QJK/k2Xs0zt0KI0DTi7M5Rr41v+W5DG6Fzwi3Tbth4BCKSRotiC/"
        + "UyKg5wqKZM1qguNtxXz9rZi5ia9Qefj4J+pNhNAcDJWzayeABOuwZCk5iEc"
        + "cPBPoqon0/ZNnn/H/b3ym7Ie3Kg9a8eo7h9huC5jHemF/"
        + "a9EPpRcx6oDAV13aIGyXAen90zhmKq7UMOsrFfqjlDP+1z12CCQzzdAlwwOUEevT9Glgp3IMQsTaKqo/ECQoi0ScD1mWobJ"
        + "92frKAXu9afRZHatlzi5X/Z6vkAMOUvfAhhnXDDUItP8I/"
        + "oPGByw0XzNbL86lXjHsYoVluwj9cPfubYdZefaWufNf1KY6eZeasV1JWPoqhxcudobYTmFOJa198J3cuwMVynB/G+FFzO9"
        + "1MRpmioHa/"
        + "yJbSYuyj3k4VoQtCMzYFhdX71nJ4EpyYgoe3o20c96ICcU+AmnoRpEWgLk5s3vfySK+8LKZRZDbbumWRa4BB0HuWrJrd3EYtMwymysEwgBZSoxfkr87nPBqsd/+mGpfTAc"
        + "k+FfmdfCW+KSv5GHM4iDwMg/lUWQIJDg9a+GOAnW1ScwFTINBF/PGj2wHcw9aFF96J/"
        + "yOP9K1z1u+mdcvtaP78VokNQqSYcPyWKO1pnzohLypuW9FvGWfJ72yM8Y/+XkoBCiE2Yvb0zo"
        + "nqK/dV1Eben/az9cqGawBboGDBMHe8xGxYK7HP5Jhb/H91N6i0uoWHvuuFJ50kZIHeigEY2bZ+6GT3rkJbQ3EYIIJ/"
        + "DZRGkqW0I4mY8ghJmIJe+Lmet08jApfRuXlPpNf/Lhsw7j3oTK"
        + "t2xO2aZy4pF1/bDGGqRvDdwnLDqczrbTTiyoEJm4Y/pHY6ZNuxWBbo5RNAm5pX1ffK+RiBnTjxVHPNiDgWWYAZum8Vi1rcJJTU/"
        + "RdwWU7B1h6cvoAAEEBgABCYN9AAcLAQABIwMBAQVd"
        + "ABgAAAyS0gAICgEOjmz+AAAFARkEAAAAABErAFUAUwBfAEYAZABpAEYAbABvAHcAcwBTAHQAbwBjAGsALgBjAHMAdgAAABkAFAoBADHHg4Atet0BFQYBACCApIEAAA==";

    /// <summary>The same with method LZMA2.</summary>
    private const string Lzma2 =
        "N3q8ryccAAQzb5pIhAMAAAAAAAByAAAAAAAAAL3LcWDgEtEDfF0ALJlIJ1OCYovx1l+Gcicegbpsn/s10z2oa4xGi6n8XQIW/"
        + "YJvUi+UC99D5TlDYC6FCSXT/zmFBMd6BPOQ4+Dye/SJ"
        + "pC4FoeujgeXVx664u6n2Et606yMt0lu5J98YxpMiURyB7TB0Uors8KkGXt3AkrERCJAwI7ELgjU9HicVLAfduLXSsYckajkKGLfDVq82R8a+caqKyAErmTrOS9ifgbXenQvR40X360Qg"
        + "6eTeeqI8LEvHvc1yI/4ocCiJHZ6wgXwCJqQs7QJK/k2Xs0zt0KI0DTi7M5Rr41v+W5DG6Fzwi3Tbth4BCKSRotiC/"
        + "UyKg5wqKZM1qguNtxXz9rZi5ia9Qefj4J+pNhNAcDJWzayeABOu"
        + "wZCk5iEccPBPoqon0/ZNnn/H/b3ym7Ie3Kg9a8eo7h9huC5jHemF/"
        + "a9EPpRcx6oDAV13aIGyXAen90zhmKq7UMOsrFfqjlDP+1z12CCQzzdAlwwOUEevT9Glgp3IMQsTaKqo/ECQoi0S"
        + "cD1mWobJ92frKAXu9afRZHatlzi5X/Z6vkAMOUvfAhhnXDDUItP8I/"
        + "oPGByw0XzNbL86lXjHsYoVluwj9cPfubYdZefaWufNf1KY6eZeasV1JWPoqhxcudobYTmFOJa198J3cuwMVynB"
        + "/G+FFzO91MRpmioHa/"
        + "yJbSYuyj3k4VoQtCMzYFhdX71nJ4EpyYgoe3o20c96ICcU+AmnoRpEWgLk5s3vfySK+8LKZRZDbbumWRa4BB0HuWrJrd3EYtMwymysEwgBZSoxfkr87nPBqsd/"
        + "+mGpfTAck+FfmdfCW+KSv5GHM4iDwMg/lUWQIJDg9a+GOAnW1ScwFTINBF/PGj2wHcw9aFF96J/"
        + "yOP9K1z1u+mdcvtaP78VokNQqSYcPyWKO1pnzohLypuW9FvGWfJ72yM8Y/+XkoBCi"
        + "E2Yvb0zonqK/dV1Eben/az9cqGawBboGDBMHe8xGxYK7HP5Jhb/H91N6i0uoWHvuuFJ50kZIHeigEY2bZ+6GT3rkJbQ3EYIIJ/"
        + "DZRGkqW0I4mY8ghJmIJe+Lmet08jApfRuXlPpNf/Lh"
        + "sw7j3oTKt2xO2aZy4pF1/bDGGqRvDdwnLDqczrbTTiyoEJm4Y/"
        + "pHY6ZNuxWBbo5RNAm5pX1ffK+RiBnTjxVHPNiDgWWYAZum8Vi1rcJJTU/RdwWU7B1h6cvoAAABBAYAAQmDhAAHCwEA"
        + "ASEhAQEMktIACAoBDo5s/"
        + "gAABQEZCgAAAAAAAAAAAAARKwBVAFMAXwBGAGQAaQBGAGwAbwB3AHMAUwB0AG8AYwBrAC4AYwBzAHYAAAAZABQKAQAxx4OALXrdARUGAQAggKSBAAA=";

    private readonly string folder = Directory.CreateTempSubdirectory("sevenzip").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    public static TheoryData<string, string> Settings =>
        new()
        {
            { "-m0=lzma2", "text" },
            { "-m0=lzma2 -mx=1", "text" },
            { "-m0=lzma2 -mx=9", "text" },
            { "-m0=lzma2:d=64k", "text" },
            { "-m0=lzma2:d=4k", "mixed" },
            { "-m0=lzma2:lc=0:lp=2:pb=1", "text" },
            { "-m0=lzma2:lc=4:lp=0:pb=4", "mixed" },
            { "-m0=lzma", "text" },
            { "-m0=lzma:d=64k:fb=273", "mixed" },
            { "-m0=lzma:lc=8:pb=0", "text" },
            { "-m0=lzma:lp=4:lc=0", "mixed" },
            { "-m0=lzma:eos", "text" },
            { "-m0=lzma2 -mhc=off", "text" },
            { "-m0=lzma2 -mhe=off", "noise" },
            { "-m0=lzma2:c=1m -mmt=2", "mixed" },
            { "-m0=lzma2 -mx=5", "zeros" },
            { "-m0=copy", "noise" },
            { "-m0=lzma2 -ms=off", "one" },
            { "-m0=lzma2:a=0", "mixed" },
            { "-m0=lzma:a=0:mf=hc4", "noise" },
        };

    [Theory]
    [MemberData(nameof(Settings))]
    public void Archives_of_the_7z_program_are_read_back_byte_for_byte(string settings, string kind)
    {
        var data = Data(kind);
        var archive = Pack(settings, [("US_FdiFlowsStock.csv", data)]);
        if (settings.Contains("copy", StringComparison.Ordinal))
        {
            Assert.Contains(
                "seen method 00, stored without packing, expected LZMA (030101) or LZMA2 (21)",
                Refused(archive),
                StringComparison.Ordinal
            );
            return;
        }
        var opened = SevenZipArchive.Open(new MemoryStream(archive), Limits, out var finding);
        Assert.True(opened is not null, finding?.ToString());
        Assert.Equal("US_FdiFlowsStock.csv", opened.Name);
        Assert.Equal(data.Length, opened.Length);
        foreach (var piece in (int[])[1 << 20, 4096, 7])
            Assert.Equal(SHA256.HashData(data), SHA256.HashData(ReadAll(opened, piece)));
    }

    [Fact]
    public void Archives_of_the_7z_program_with_more_than_one_member_or_a_filter_or_a_password_are_refused()
    {
        Assert.StartsWith(
            "7z table of contents: seen 2 members, expected one member; ",
            Refused(Pack("-m0=lzma2", [("a.csv", Data("one")), ("b.csv", Data("text"))])),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "seen 2 coders, so a filter or encryption, expected one",
            Refused(Pack("-m0=delta:1 -m1=lzma2", [("c.csv", Data("text"))])),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "seen 2 coders, so a filter or encryption, expected one",
            Refused(Pack("-m0=lzma2 -psecret", [("d.csv", Data("text"))])),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "seen method 040202, BZip2, expected LZMA (030101) or LZMA2 (21)",
            Refused(Pack("-m0=bzip2", [("e.csv", Data("text"))])),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "seen method 030401, PPMd, expected LZMA (030101) or LZMA2 (21)",
            Refused(Pack("-m0=ppmd", [("f.csv", Data("text"))])),
            StringComparison.Ordinal
        );
    }

    public static TheoryData<string, string> Refusals =>
        new()
        {
            { "", "7z byte 0: seen nothing, expected 37 7A BC AF 27 1C, the signature of a 7z archive" },
            { "html", "7z byte 0: seen 3C 21 44 4F 43 54, expected 37 7A BC AF 27 1C, the signature of a 7z archive" },
            { "zip", "7z byte 0: seen 50 4B 03 04 14 00, expected 37 7A BC AF 27 1C, the signature of a 7z archive" },
            { "signature only", "7z start header: seen 6 bytes, expected 32 bytes" },
            { "version", "7z byte 6: seen format version 1.4, expected version 0" },
            { "start header damaged", "7z start header: seen CRC-32 " },
            { "empty", "7z start header: seen an archive without a table of contents, expected one member" },
            {
                "contents too large",
                "7z start header: seen a table of contents of 1048577 bytes, expected at most 1048576"
            },
            {
                "contents outside",
                "7z start header: seen a table of contents at byte 100032 of 46 bytes, expected one inside the "
                    + "archive of "
            },
            {
                "contents far outside",
                "7z start header: seen a table of contents at byte 9223372036854775839 of 46 bytes, expected one "
                    + "inside the archive of "
            },
            { "contents damaged", "7z table of contents: seen CRC-32 " },
            { "kind", "7z table of contents, byte 1: seen 42, expected 01 (plain) or 17 (packed)" },
            { "no member", "7z table of contents: seen no member, expected one member" },
            { "nothing packed", "7z table of contents: seen a member without bytes, expected one member with bytes" },
            { "two members", "7z table of contents: seen 2 members, expected one member" },
            { "a folder", "7z table of contents: seen a folder or an empty member, expected one member with bytes" },
            { "two packed streams", "7z table of contents, byte 5: seen 2 packed streams, expected one" },
            { "two folders", "7z table of contents, byte 11: seen 2 folders, expected one" },
            {
                "data outside",
                "7z table of contents, byte 8: seen packed data at byte 132 of 21 bytes, expected data between byte "
                    + "32 and byte 53"
            },
            {
                "encrypted",
                "7z table of contents, byte 20: seen method 06F10701, AES encryption, expected LZMA (030101) or "
                    + "LZMA2 (21)"
            },
            { "window size", "7z table of contents, byte 17: seen properties 29, expected one byte from 00 to 28" },
            {
                "bomb",
                "7z table of contents, byte 24: seen 10737418240 bytes when unpacked, expected at most 16777216"
            },
            { "no CRC", "7z table of contents, byte 21: seen no CRC-32, expected a CRC-32 of the unpacked bytes" },
            { "two names", "7z table of contents, byte 40: seen \"a b\", expected one name of 1 to 260 characters" },
            { "additional streams", "7z table of contents, byte 2: seen additional streams, expected none" },
            { "cut contents", "7z table of contents, byte " },
        };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void An_archive_that_is_not_of_the_one_kind_is_refused_with_its_place(string fault, string message)
    {
        var archive = fault switch
        {
            "" => [],
            "html" => "<!DOCTYPE html>"u8.ToArray(),
            "zip" => [.. "PK\u0003\u0004\u0014\0"u8, .. new byte[40]],
            "signature only" => SevenZipWriter.Signature.ToArray(),
            _ => SevenZipWriter.Write("Year,Economy\n1990"u8.ToArray(), fault),
        };
        var refused = Refused(archive);
        Assert.StartsWith(message, refused, StringComparison.Ordinal);
        Assert.EndsWith(
            "; the body is kept; fetch the file again, or drop the unpacked CSV into the container curated",
            refused,
            StringComparison.Ordinal
        );
    }

    private const string Refuses =
        "seen data that the LZMA decoder refuses (DataErrorException), expected well-formed data; the file is damaged";

    public static TheoryData<string, string> Damages =>
        new()
        {
            { "member CRC", "7z member: seen CRC-32 " },
            {
                "declares more",
                "7z member, unpacked byte 17: seen the end of the packed data, expected 18 bytes, as declared"
            },
            {
                "declares less",
                "7z member, packed byte 19: seen 1 bytes of a chunk beyond the declared size, expected the end of "
                    + "the packed data"
            },
            {
                "no end",
                "7z member, packed byte 20: seen the end of the packed data, expected more of it; the file is damaged"
            },
            { "chunk head", $"7z member, packed byte 1: {Refuses}" },
            { "chunk without window", $"7z member, packed byte 1: {Refuses}" },
            { "chunk without model", $"7z member, packed byte 1: {Refuses}" },
            { "chunk model", "7z member, packed byte 0: seen model 61, expected one with at most 4 literal bits" },
        };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Damage_inside_the_packed_bytes_is_found_while_they_are_read(string fault, string message)
    {
        var archive = SevenZipArchive.Open(
            new MemoryStream(SevenZipWriter.Write("Year,Economy\n1990"u8.ToArray(), fault)),
            Limits,
            out var finding
        );
        Assert.True(archive is not null, finding?.ToString());
        var thrown = Assert.Throws<SevenZipException>(() => ReadAll(archive, 5));
        Assert.StartsWith(message, thrown.Message, StringComparison.Ordinal);
        Assert.Equal(thrown.Message, thrown.Finding.ToString());
    }

    [Theory]
    [InlineData("packed byte 0: seen the end of the packed data, expected more of it; the file is damaged", 0)]
    [InlineData("packed byte 4: seen the end of the packed data, expected more of it; the file is damaged", 4)]
    [InlineData("packed byte 500: seen the end of the packed data, expected more of it; the file is damaged", 500)]
    public void Packed_data_of_LZMA_that_ends_early_is_not_made_up(string message, int packed)
    {
        var packing = new SevenZipFolder(32, packed, 1 << 20, 0, Coder("030101", "5D00001800"));
        using var member = packing.Open(new MemoryStream(Convert.FromBase64String(Lzma)), "member");
        var thrown = Assert.Throws<SevenZipException>(() => member.CopyTo(Stream.Null));
        Assert.StartsWith($"7z member, {message}; ", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("030101", "5DFFFFFFFF", Lzma, 893)]
    [InlineData("030101", "5D00000080", Lzma, 893)]
    [InlineData("21", "28", Lzma2, 900)]
    [InlineData("21", "26", Lzma2, 900)]
    public void A_dictionary_of_4_GiB_takes_no_more_memory_than_what_it_unpacks(
        string method,
        string properties,
        string archive,
        int packed
    )
    {
        var bytes = Convert.FromBase64String(archive);
        var whole = SevenZipArchive.Open(new MemoryStream(bytes), Limits, out _)!;
        var packing = new SevenZipFolder(
            32,
            packed,
            whole.Length,
            Crc32.HashToUInt32(ReadAll(whole, 4096)),
            Coder(method, properties)
        );
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var member = packing.Open(new MemoryStream(bytes), "member");
        member.CopyTo(Stream.Null);
        Assert.Equal(whole.Length, member.Position);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 1 << 20);
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(OperationCanceledException))]
    [InlineData(typeof(IndexOutOfRangeException))]
    public void A_failure_of_the_stream_below_is_not_taken_for_damage(Type failure)
    {
        using var stream = new FailingStream(Convert.FromBase64String(Lzma2));
        using var member = SevenZipArchive.Open(stream, Limits, out _)!.OpenMember();
        stream.Failure = (Exception)Activator.CreateInstance(failure)!;
        Assert.Same(stream.Failure, Record.Exception(() => member.CopyTo(Stream.Null)));
    }

    [Fact]
    public async Task Reading_a_member_ends_with_its_cancellation()
    {
        using var stream = new MemoryStream(Convert.FromBase64String(Lzma2));
        await using var member = SevenZipArchive.Open(stream, Limits, out _)!.OpenMember();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            member.CopyToAsync(new MemoryStream(), 16, new CancellationToken(canceled: true))
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await member.ReadExactlyAsync(new byte[16], new CancellationToken(canceled: true))
        );
        Assert.Equal(0, member.Position);
    }

    private static SevenZipCoder Coder(string method, string properties) =>
        SevenZipCoder.Of(method, Convert.FromHexString(properties), new SevenZipBytes(new byte[1], "coder"));

    private sealed class FailingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public Exception? Failure { get; set; }

        public override int Read(Span<byte> buffer) => Failure is null ? base.Read(buffer) : throw Failure;
    }

    [Fact]
    public void An_archive_cut_off_anywhere_is_refused_or_found_damaged()
    {
        var whole = SevenZipWriter.Write("Year,Economy\n1990"u8.ToArray(), "");
        for (var length = 0; length < whole.Length; length++)
            Assert.NotNull(Outcome(whole[..length]));
        Assert.Null(Outcome(whole));
    }

    [Fact]
    public void No_mutation_of_an_archive_crashes_hangs_or_takes_memory_beyond_the_cap()
    {
        var seeds = new List<byte[]>
        {
            SevenZipWriter.Write("Year,Economy\n1990"u8.ToArray(), ""),
            Convert.FromBase64String(Lzma),
            Convert.FromBase64String(Lzma2),
        };
        Assert.All(seeds, seed => Assert.Null(Outcome(seed)));
        var random = new Random(20260901);
        var accepted = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var archive = (byte[])seeds[round % seeds.Count].Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                archive[random.Next(archive.Length)] = (byte)random.Next(256);
            if (random.Next(2) == 0)
                SevenZipWriter.MendCrcs(archive);
            var before = GC.GetAllocatedBytesForCurrentThread();
            if (Outcome(archive) is null)
                accepted++;
            // The dictionary, the longest literal table (lc 8, lp 4: 12 MiB), buffers, and the message.
            Assert.True(
                GC.GetAllocatedBytesForCurrentThread() - before < Limits.MaxUnpacked + (8 << 20),
                $"round {round}"
            );
        }
        // Flips in places that mean nothing (times, attributes) leave a good archive; most do not.
        Assert.InRange(accepted, 1, 10_000);
    }

    /// <summary>
    /// Why an archive cannot be read; null when it can. Anything but a finding is a failure of the test.
    /// </summary>
    private static Finding? Outcome(byte[] bytes)
    {
        var archive = SevenZipArchive.Open(new MemoryStream(bytes), Limits, out var finding);
        if (archive is null)
            return finding!;
        try
        {
            using var member = archive.OpenMember();
            member.CopyTo(Stream.Null);
            return null;
        }
        catch (SevenZipException e)
        {
            return e.Finding;
        }
    }

    private byte[] Pack(string settings, (string Name, byte[] Data)[] members)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/7z"), "no /usr/bin/7z: install Debian's p7zip-full");
        foreach (var (name, data) in members)
            File.WriteAllBytes(Path.Combine(folder, name), data);
        var archive = Path.Combine(folder, $"{Guid.NewGuid():N}.7z");
        using var process = Process.Start(
            new ProcessStartInfo(
                "/usr/bin/7z",
                $"a -t7z {settings} {archive} {string.Join(' ', members.Select(member => member.Name))}"
            )
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
            }
        )!;
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(5)) && process.ExitCode == 0, output);
        return File.ReadAllBytes(archive);
    }

    private static byte[] Data(string kind)
    {
        var random = new Random(7);
        switch (kind)
        {
            case "one":
                return [65];
            case "zeros":
                return new byte[3_000_000];
            case "noise":
                var noise = new byte[300_000];
                random.NextBytes(noise);
                return noise;
            case "mixed":
                var mixed = new byte[2_500_000];
                for (var at = 0; at < mixed.Length; at += 50_000)
                {
                    if (random.Next(2) == 0)
                        random.NextBytes(mixed.AsSpan(at, 50_000));
                    else
                        Encoding.ASCII.GetBytes(Rows(random, 60_000)).AsSpan(0, 50_000).CopyTo(mixed.AsSpan(at));
                }

                return mixed;
            default:
                return Encoding.UTF8.GetBytes(Rows(random, 2_000_000));
        }
    }

    private static string Rows(Random random, int length)
    {
        var text = new StringBuilder(length + 100);
        while (text.Length < length)
        {
            text.Append(random.Next(1990, 2025))
                .Append(",\"Economy ")
                .Append(random.Next(200))
                .Append("\",08,\"Flow\",1,\"Inward\",")
                .Append(random.NextDouble() * 1000)
                .Append(",,\n");
        }

        return text.ToString();
    }

    private static string Refused(byte[] archive)
    {
        Assert.Null(SevenZipArchive.Open(new MemoryStream(archive), Limits, out var finding));
        return finding!.ToString();
    }

    private static byte[] ReadAll(SevenZipArchive archive, int piece)
    {
        using var member = archive.OpenMember();
        var all = new MemoryStream();
        var buffer = new byte[piece];
        for (int count; (count = member.Read(buffer)) > 0; )
            all.Write(buffer, 0, count);
        return all.ToArray();
    }
}
