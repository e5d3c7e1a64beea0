// The client from npm, with transactions of 100 by so many at a time: what a user of it would write.
// Arguments: connection string, table, rows, parallelism, insert | replace | merge, rows to warm up with, and how many of all are sent.
import { TableClient } from "@azure/data-tables";

const [connection, table, rowsText, parallelismText, mode, warmText, sampleText] = process.argv.slice(2);
const [rows, parallelism, warm, sample] = [rowsText, parallelismText, warmText, sampleText].map(Number);
const vintage = new Date("2026-01-01T00:00:00Z");

// The rows of TradeShape but for their values, which are of the same length.
function* batches(count, year) {
  const partners = Math.min(200, Math.max(1, Math.floor(count / 1000)));
  const commodities = Math.floor(count / partners);
  for (let partner = 0; partner < partners; partner++)
    for (let first = 0; first < commodities; first += 100)
      yield { partner, first, last: Math.min(first + 100, commodities), year };
}

function entity(partner, commodity, year) {
  const value = BigInt(1 + ((partner * 1000003 + commodity * 4099) % 50000000));
  const code = String(100000 + commodity);
  return {
    partitionKey: `${8300 + partner}|imports|HS6`, rowKey: `${year}-01|${code}`,
    Source: "census-trade", Dataset: "imports-hs6", Vintage: vintage, FirstSeen: vintage, LastChanged: vintage, Revision: 0,
    Basis: "goods, Census basis, general imports, customs value, nominal, not seasonally adjusted",
    RawBlob: "census-trade/imports-hs6/all-2023-01/20260101T000000Z-0123456789ab.json", RunId: "20260101T000000Z-0123456789abcdef",
    RowHash: "0123456789abcdef0123456789abcdef", SchemaVersion: 1, Period: `${year}-01`, PeriodStart: new Date(Date.UTC(year, 0, 1)), Year: year, Month: 1, Reporter: "US",
    PartnerCode: String(8300 + partner), PartnerIso2: "", PartnerName: `PARTNER NO. ${partner}`, Flow: "imports", Level: "HS6",
    Commodity: code, CommodityName: `ARTICLES OF GROUP ${code}, NESOI, OTHER THAN TOYS`,
    ValueUsd: { type: "Int64", value: String(value) }, YearToDateUsd: { type: "Int64", value: String(value) },
  };
}

async function write(name, count, year, sample = count) {
  const client = TableClient.fromConnectionString(connection, name, { allowInsecureConnection: true });
  const waiting = batches(count, year);
  let sent = 0;
  await Promise.all(Array.from({ length: parallelism }, async () => {
    for (let next = waiting.next(); !next.done && sent < sample; next = waiting.next()) {
      const { partner, first, last } = next.value;
      sent += last - first;
      const actions = [];
      for (let commodity = first; commodity < last; commodity++)
        actions.push(mode === "insert" ? ["create", entity(partner, commodity, year)] : ["upsert", entity(partner, commodity, year), mode === "replace" ? "Replace" : "Merge"]);
      const answer = await client.submitTransaction(actions);
      if (answer.subResponses.length !== actions.length) throw new Error(`seen ${answer.subResponses.length} answers, expected ${actions.length}`);
    }
  }));
}

if (warm > 0) await write("warm", warm, 2011);
const [started, cpu] = [process.hrtime.bigint(), process.cpuUsage()];
await write(table, rows, 2023, sample);
const used = process.cpuUsage(cpu);
// Node.js does not count what it allocates.
console.log("MEASURED " + JSON.stringify({ seconds: Number(process.hrtime.bigint() - started) / 1e9, cpu: (used.user + used.system) / 1e6, allocated: 0, peak: process.resourceUsage().maxRSS * 1024, rows: sample }));
process.exit(0);
