using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Benchmarks.Data;

/// <summary>
/// An answer of the trade API with the rows of a shape, twelve cells each, and what the API sends beside them: the
/// world row of every commodity and month, and rows of groups. It is written as a stream, whatever its length.
/// </summary>
public static class TradePayload
{
    /// <summary>Rows of the world and of groups for each commodity and month.</summary>
    public const int NotCounted = 4;

    private const string Header =
        """[["I_COMMODITY","I_COMMODITY_SDESC","CTY_CODE","CTY_NAME","GEN_VAL_MO","GEN_VAL_YR","COMM_LVL","CTY_CODE","time","SUMMARY_LVL","YEAR","MONTH"]""";

    /// <summary>All rows of the answer, the header aside.</summary>
    public static long RowsRead(TradeShape shape) =>
        (long)shape.Commodities * shape.Months * (shape.Partners + NotCounted);

    /// <summary>Writes the answer.</summary>
    /// <param name="shape">What it holds.</param>
    /// <param name="stream">Where to.</param>
    /// <param name="trailer">Blanks after the end: another body with the same rows.</param>
    /// <returns>Its SHA-256, 64 hexadecimal digits, and its length.</returns>
    public static (string Sha256, long Bytes) Write(TradeShape shape, Stream stream, int trailer = 0)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var lines = new Lines(stream, hash);
        lines.Add(Encoding.ASCII.GetBytes(Header));
        var partners = Enumerable
            .Range(0, shape.Partners)
            .Select(partner =>
                Encoding.ASCII.GetBytes(
                    $"\"{TradeShape.PartnerCode(partner)}\",\"{TradeShape.PartnerName(partner)}\",\""
                )
            )
            .ToArray();
        var codes = Enumerable
            .Range(0, shape.Partners)
            .Select(partner => Encoding.ASCII.GetBytes(TradeShape.PartnerCode(partner)))
            .ToArray();
        byte[][] groups =
        [
            "\"0003\",\"EUROPEAN UNION\",\""u8.ToArray(),
            "\"0014\",\"PACIFIC RIM COUNTRIES\",\""u8.ToArray(),
            "\"4XXX\",\"EUROPE\",\""u8.ToArray(),
        ];
        byte[][] groupCodes = ["0003"u8.ToArray(), "0014"u8.ToArray(), "4XXX"u8.ToArray()];
        var sums = new long[shape.Partners];
        for (var commodity = 0; commodity < shape.Commodities; commodity++)
        {
            Array.Clear(sums);
            var start = Encoding.ASCII.GetBytes(
                $",\n[\"{TradeShape.CommodityCode(commodity)}\",\"{TradeShape.CommodityName(commodity)}\","
            );
            for (var month = 1; month <= shape.Months; month++)
            {
                var (world, worldToDate) = (0L, 0L);
                var end = Encoding.ASCII.GetBytes(
                    $"\",\"{shape.Year:0000}-{month:00}\",\"DET\",\"{shape.Year:0000}\",\"{month:00}\"]"
                );
                for (var partner = 0; partner < shape.Partners; partner++)
                {
                    var value = shape.Value(partner, commodity, month);
                    sums[partner] += value;
                    world += value;
                    worldToDate += sums[partner];
                    lines.Row(start, partners[partner], value, sums[partner], codes[partner], end);
                }
                for (var group = 0; group < groups.Length; group++)
                    lines.Row(start, groups[group], world / 2, worldToDate / 2, groupCodes[group], end);
                lines.Row(start, "\"-\",\"TOTAL FOR ALL COUNTRIES\",\""u8, world, worldToDate, "-"u8, end);
            }
        }
        lines.Add("]"u8);
        for (var blank = 0; blank < trailer; blank++)
            lines.Add(" "u8);
        lines.Flush();
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), lines.Bytes);
    }

    private sealed class Lines(Stream stream, IncrementalHash hash)
    {
        private readonly byte[] buffer = new byte[1 << 16];
        private int used;

        public long Bytes { get; private set; }

        public void Row(
            ReadOnlySpan<byte> start,
            ReadOnlySpan<byte> partner,
            long value,
            long yearToDate,
            ReadOnlySpan<byte> code,
            ReadOnlySpan<byte> end
        )
        {
            Add(start);
            Add(partner);
            Number(value);
            Add("\",\""u8);
            Number(yearToDate);
            Add("\",\"HS6\",\""u8);
            Add(code);
            Add(end);
        }

        public void Add(ReadOnlySpan<byte> bytes)
        {
            if (buffer.Length - used < bytes.Length)
                Flush();
            bytes.CopyTo(buffer.AsSpan(used));
            used += bytes.Length;
        }

        public void Flush()
        {
            hash.AppendData(buffer, 0, used);
            stream.Write(buffer, 0, used);
            Bytes += used;
            used = 0;
        }

        private void Number(long number)
        {
            if (buffer.Length - used < 20)
                Flush();
            Utf8Formatter.TryFormat(number, buffer.AsSpan(used), out var written);
            used += written;
        }
    }
}
