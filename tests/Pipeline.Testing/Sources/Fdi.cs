using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Sources.Unctad;
using Pipeline.Sources.Unctad.FlowsStock;

namespace Pipeline.Testing;

/// <summary>The investment source as tests set it up, and vintages that are made for them.</summary>
internal static class Fdi
{
    /// <summary>Credentials that must never be seen anywhere but in a request.</summary>
    public const string Id = "canary-client-id-0123456789",
        Secret = "canary-client-secret-0123456789";

    public const string Header =
        "Year,Economy,Economy Label,Flow,Flow Label,Direction,Direction Label,US$ at current prices in millions,US$ "
        + "at current prices in millions Footnote,US$ at current prices in millions Missing value";

    /// <summary>The rows without which no body is loaded.</summary>
    public const string World =
        "1990,0000,\"World\",08,\"Flow\",1,\"Inward\",10,,\n1990,0000,\"World\",08,\"Flow\",2,\"Outward\",10,,\n"
        + "1990,0000,\"World\",09,\"Stock\",1,\"Inward\",10,,\n1990,0000,\"World\",09,\"Stock\",2,\"Outward\",10,,\n";

    public static UnctadOptions Settings(
        Uri? server = null,
        bool extract = false,
        bool catalogue = true,
        bool api = false
    ) =>
        new(
            server is null
                ? UnctadOptions.DefaultBulkUrl
                : new Uri(server, "/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock"),
            (catalogue, server) switch
            {
                (false, _) => null,
                (true, null) => UnctadOptions.DefaultCatalogueUrl,
                (true, _) => new Uri(server, "/api/datacenter/en"),
            },
            server is null ? UnctadOptions.DefaultApiUrl : new Uri(server, "/US.FdiFlowsStock/cur/Facts"),
            api ? Id : "",
            api ? Secret : "",
            UnctadOptions.DefaultPartnersFile,
            extract
        );

    public static Slice FlowsStock { get; } = new("unctad-fdi", "fdi-flows-stock", "all");
    public static Slice Partners { get; } = new("unctad-fdi", "fdi-partners", "all");

    public static IRowParser Reader(bool extract = true) => new FdiBody(extract);

    /// <summary>A small body: header, the world, and rows; single quotes stand for double ones.</summary>
    public static string Csv(string rows, string header = Header, string world = World) =>
        $"{header}\n{world}{rows.Replace('\'', '"')}\n";

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A row of a vintage.</summary>
    public sealed record Row(
        int Year,
        string Code,
        string Label,
        string Flow,
        int Direction,
        string Value,
        string Footnote = "",
        string Missing = ""
    )
    {
        public override string ToString() =>
            $"{Year},{Code},\"{Label}\",{Flow},\"{(Flow == "08" ? "Flow" : "Stock")}\",{Direction},"
            + $"\"{(Direction == 1 ? "Inward" : "Outward")}\",{Value},{Quoted(Footnote)},{Quoted(Missing)}";

        private static string Quoted(string text) => text.Length == 0 ? "" : $"\"{text}\"";
    }

    /// <summary>
    /// A vintage as large as a real one: 215 economies, 1990 to 2024, and a world that they add up to without
    /// the financial centres; so many economies can be left out for others.
    /// </summary>
    public static List<Row> Release(int economies = 215, int first = 1990, int last = 2024, int without = 0)
    {
        var codes = Codes.Take(20).Concat(Codes.Skip(20 + without).Take(economies - 20)).ToList();
        var rows = new List<Row>();
        for (var year = first; year <= last; year++)
        {
            foreach (var flow in (string[])["08", "09"])
            {
                foreach (var direction in (int[])[1, 2])
                {
                    var world = 0m;
                    for (var at = 0; at < codes.Count; at++)
                    {
                        var value = (at - 20) * (year - 1950) * 0.125m + direction * (flow == "08" ? 1 : 1000);
                        if (!Centres.Contains(codes[at]))
                            world += value;
                        rows.Add(new Row(year, codes[at], $"Economy {codes[at]}", flow, direction, Text(value)));
                    }
                    rows.Add(new Row(year, "0000", "World", flow, direction, Text(world)));
                }
            }
        }

        return rows;
    }

    public static string Text(IEnumerable<Row> rows) => $"{Header}\n{string.Join('\n', rows)}\n";

    private static string Text(decimal value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>The financial centres of the program's own list.</summary>
    public static IReadOnlyList<string> Codes17 => Centres;

    /// <summary>Labels of all economies of the program's list but states that are no more.</summary>
    public static IReadOnlyList<string> Labels { get; } =
    [.. Economies.All.Where(economy => economy.Iso3.Length > 0).Select(economy => economy.Name)];

    /// <summary>Whether a label is that of a financial centre.</summary>
    public static bool IsCentre(string label) =>
        Economies.All.First(economy => economy.Name == label) is var economy && Centres.Contains(economy.Code);

    private static readonly string[] Centres =
    [
        "660",
        "028",
        "533",
        "044",
        "052",
        "092",
        "136",
        "531",
        "212",
        "308",
        "500",
        "530",
        "659",
        "662",
        "670",
        "534",
        "796",
    ];

    /// <summary>
    /// Codes of three digits, the financial centres and the economies that tests name among them; 999 is none
    /// of the program's list.
    /// </summary>
    private static readonly string[] Codes =
    [
        .. Centres,
        "643",
        "840",
        "999",
        .. Enumerable.Range(1, 300).Select(number => $"{number:000}").Except([.. Centres, "643", "840", "999"]),
    ];

    /// <summary>
    /// An archive as the publisher makes it but for the packing: the text is stored in LZMA2 chunks as it
    /// is.
    /// </summary>
    public static byte[] Archive(
        byte[] text,
        string name = "US_FdiFlowsStock.csv",
        bool damaged = false,
        long? declared = null
    )
    {
        var packed = new MemoryStream();
        for (var at = 0; at < text.Length; at += 1 << 16)
        {
            var length = Math.Min(1 << 16, text.Length - at);
            packed.Write([at == 0 ? (byte)1 : (byte)2, (byte)((length - 1) >> 8), (byte)(length - 1)]);
            packed.Write(text, at, length);
        }
        packed.WriteByte(0);
        var crc = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(crc, Crc32.HashToUInt32(text) ^ (damaged ? 1u : 0u));
        byte[] names = [0, .. Encoding.Unicode.GetBytes(name + "\0")];
        byte[] contents =
        [
            0x01,
            0x04,
            0x06,
            0x00,
            0x01,
            0x09,
            .. Number(packed.Length),
            0x00,
            0x07,
            0x0B,
            0x01,
            0x00,
            0x01,
            0x21,
            0x21,
            0x01,
            0x18,
            0x0C,
            .. Number(declared ?? text.Length),
            0x0A,
            0x01,
            .. crc,
            0x00,
            0x00,
            0x05,
            0x01,
            0x11,
            .. Number(names.Length),
            .. names,
            0x00,
            0x00,
        ];
        var start = new byte[32];
        SevenZipWriter.Signature.CopyTo(start);
        start[7] = 4;
        BinaryPrimitives.WriteInt64LittleEndian(start.AsSpan(12), packed.Length);
        BinaryPrimitives.WriteInt64LittleEndian(start.AsSpan(20), contents.Length);
        byte[] archive = [.. start, .. packed.ToArray(), .. contents];
        SevenZipWriter.MendCrcs(archive);
        return archive;

        static byte[] Number(long number)
        {
            var bytes = new byte[9];
            bytes[0] = 0xFF;
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), number);
            return bytes;
        }
    }
}
