// What a reader of the tables relies on, checked with the npm client that such readers use, not with the code that wrote them.
// CONTRACT_CONNECTION: connection string of the data account. CONTRACT_TABLES: tables that must have rows. CONTRACT_FIGURES=1: the published figures too.
import { createHash } from 'node:crypto';
import { TableClient } from '@azure/data-tables';

const connection = process.env.CONTRACT_CONNECTION;
const [string, int32, int64, date, bool, double] = ['String', 'Int32', 'Int64', 'DateTime', 'Boolean', 'Double'];
const facts = { Source: string, Dataset: string, Vintage: date, FirstSeen: date, LastChanged: date, Revision: int32, Basis: string, RawBlob: string, RunId: string, RowHash: string, SchemaVersion: int32 };
const schema = {
  trademonthly: {
    Period: string, PeriodStart: date, Year: int32, Month: int32, Reporter: string, PartnerCode: string, PartnerIso2: string, PartnerName: string, Flow: string, Level: string,
    Commodity: string, CommodityName: string, ValueUsd: int64, YearToDateUsd: int64, ...facts,
  },
  fdiannual: { Year: int32, EconomyCode: string, EconomyIso3: string, EconomyName: string, Direction: string, Measure: string, ValueUsd: int64, Footnote: string, ...facts },
  fdipartners: {
    Year: int32, HostCode: string, HostIso3: string, PartnerIso3: string, PartnerName: string, Direction: string, Measure: string, ReportedBy: string, ValueUsd: int64, Rank: int32, ...facts,
  },
  holders: { AsOf: date, AssetClass: string, Holder: string, HolderIso2: string, SharePercent: double, Value: double, Currency: string, Qualifier: string, Citation: string, ...facts },
  indicators: { Title: string, Period: string, Value: double, Unit: string, Inputs: string, Vintage: date },
  claims: {
    Statement: string, StatedValue: double, StatedUnit: string, ComputedValue: double, ComputedUnit: string, Verdict: string, Explanation: string, Evidence: string, Vintage: date,
  },
  partners: {
    Kind: string, ScheduleC: string, Iso2: string, Iso3: string, M49: string, Name: string, Region: string, SubRegion: string, ValidFrom: int32, ValidTo: int32,
  },
  commodities: { Level: string, Parent: string, Name: string },
  periods: { Kind: string, Year: int32, Quarter: int32, Month: int32, FirstDay: date, LastDay: date },
  history: { OldValue: string, NewValue: string, Column: string, ValidFrom: date, ValidTo: date, RunId: string, InPolicy: bool },
  runs: {
    Source: string, Slice: string, Step: string, State: string, StartedAt: date, EndedAt: date, LoadedAt: date, LoadingSince: date, Read: int64, Added: int64, Changed: int64, Unchanged: int64, Excluded: int64, Missing: int64,
    Rejected: int64, Bytes: int64, Error: string, Notes: string, Differences: string,
  },
  slices: {
    State: string, PlannedAt: date, LastPulled: date, NextDue: date, LoadedBlob: string, Vintage: date, Sha256: string, Rows: int64, InTable: int64, Newest: string, LastChanged: date,
    LoadedError: string, LoadedJudgedBy: string, Restoring: string, LoadingBlob: string, LoadingJudgedBy: string, PendingBlob: string, HttpETag: string, LastModified: string, Attempts: int32, LastError: string, QuarantinedBlob: string, JudgedBy: string, RecordedOn: date,
  },
  gaps: { Reason: string, RunId: string },
  rejects: {
    Kind: string, Slice: string, RawBlob: string, Position: string, Seen: string, Expected: string, Advice: string, State: string, AcceptId: int32, Step: string, Message: string, KeptAt: date,
  },
  datasets: { Title: string, Publisher: string, Table: string, Unit: string, Url: string, Terms: string, RevisionPolicy: string, Columns: string, LastVintage: date },
};
// A number that is missing has no property. Of figures it is a row in gaps; a rank is computed, and one among fewer than two is none.
// So has what a slice, a run or a claim does not know yet.
const optional = {
  trademonthly: ['YearToDateUsd'], fdipartners: ['Rank'], claims: ['Vintage'], partners: ['ValidFrom', 'ValidTo'], periods: ['Quarter', 'Month'], runs: ['StartedAt', 'EndedAt', 'LoadedAt', 'LoadingSince'],
  rejects: ['AcceptId'],
  slices: ['PlannedAt', 'LastPulled', 'RecordedOn', 'NextDue', 'Vintage', 'Rows', 'InTable', 'LastChanged'],
};
const complaints = [];
const check = (good, words) => { if (!good && complaints.length < 40) complaints.push(words); };

// Without automatic conversion every value that is not plain JSON comes with its Edm type.
const typeOf = value => value === null || value === undefined ? 'nothing' : typeof value === 'string' ? string : typeof value === 'boolean' ? bool
  : typeof value === 'bigint' ? int64 : typeof value === 'number' ? (Number.isInteger(value) ? int32 : 'Double') : value.type;

async function rows(table, options) {
  const all = [];
  try {
    for await (const row of TableClient.fromConnectionString(connection, table, { allowInsecureConnection: true }).listEntities(options)) all.push(row);
  } catch (error) {
    if (error.statusCode !== 404) throw error;
  }
  return all;
}

// Tables of figures that the contract does not fix are described by their row in datasets; a number may be missing there.
const described = {};
for (const dataset of await rows('datasets', {})) {
  if (dataset.Table in schema) continue;
  const columns = JSON.parse(dataset.Columns).filter(column => !['PartitionKey', 'RowKey'].includes(column.name));
  described[dataset.Table] = Object.fromEntries(columns.map(column => [column.name, column.type.replace('Edm.', '')]));
  optional[dataset.Table] = columns.filter(column => !(column.name in facts) && ['Edm.Int32', 'Edm.Int64'].includes(column.type)).map(column => column.name);
  for (const [name, type] of Object.entries(facts)) check(described[dataset.Table][name] === type, `datasets ${dataset.rowKey}: Columns says ${described[dataset.Table][name]} of ${name}, expected ${type}`);
  console.log(`${dataset.Table}: checked against its row in datasets, not against the contract`);
}

for (const [table, columns] of Object.entries({ ...schema, ...described })) {
  const typed = await rows(table, { disableTypeConversion: true });
  if (process.env.CONTRACT_TABLES.split(',').includes(table)) check(typed.length > 0, `${table}: no rows`);
  console.log(`${table}: ${typed.length} rows`);
  const system = ['etag', 'partitionKey', 'rowKey', 'timestamp'];
  for (const row of typed) {
    const where = `${table} ${row.partitionKey?.value ?? row.partitionKey} ${row.rowKey?.value ?? row.rowKey}`;
    const names = Object.keys(row).filter(name => !system.includes(name) && !name.includes('odata'));
    for (const name of names) check(name in columns, `${where}: column ${name} is not in the contract`);
    for (const [name, type] of Object.entries(columns)) if (row[name] !== undefined || !optional[table]?.includes(name)) check(typeOf(row[name]) === type || (type === double && typeOf(row[name]) === int32), `${where}, column ${name}: seen ${typeOf(row[name])}, expected ${type}`);
    const key = `${row.partitionKey?.value ?? row.partitionKey}${row.rowKey?.value ?? row.rowKey}`;
    check(!/[\/\\#?\u0000-\u001f\u007f-\u009f]/.test(key), `${where}: a character that keys must not have`);
  }
}

const plain = await rows('trademonthly', {});
for (const row of plain) {
  check(typeof row.ValueUsd === 'bigint' && ['bigint', 'undefined'].includes(typeof row.YearToDateUsd), `trademonthly ${row.partitionKey} ${row.rowKey}: ValueUsd is no bigint`);
  check(row.partitionKey === `${row.PartnerCode}|${row.Flow}|${row.Level}` && row.rowKey === `${row.Period}|${row.Commodity}`, `trademonthly ${row.partitionKey} ${row.rowKey}: keys and columns differ`);
  check(row.Period === `${row.Year}-${String(row.Month).padStart(2, '0')}` && row.PeriodStart.toISOString() === `${row.Period}-01T00:00:00.000Z`, `trademonthly ${row.partitionKey} ${row.rowKey}: the period's columns differ`);
}
const agree = (table, row, key) => check(`${row.partitionKey} ${row.rowKey}` === key, `${table} ${row.partitionKey} ${row.rowKey}: keys and columns differ`);
for (const row of await rows('fdiannual', {})) agree('fdiannual', row, `${row.EconomyCode}|${row.Direction}|${row.Measure} ${row.Year}`);
for (const row of await rows('fdipartners', {})) agree('fdipartners', row, `${row.HostCode}|${row.Direction}|${row.Measure}|${row.ReportedBy} ${row.Year}|${row.PartnerIso3}`);
for (const row of await rows('holders', {})) {
  const citation = createHash('sha256').update(row.Citation).digest('hex').slice(0, 8);
  agree('holders', row, `${row.AssetClass}|${row.Basis} ${row.AsOf.toISOString().slice(0, 10)}|${row.Holder}|${citation}`);
  const [share, value] = [Number(row.SharePercent), Number(row.Value)]; // This client gives NaN as a text.
  check(row.Citation && row.Basis && (Number.isNaN(share) || (share >= 0 && share <= 100)), `holders ${row.partitionKey} ${row.rowKey}: share ${row.SharePercent}`);
  check(!(Number.isNaN(share) && Number.isNaN(value)) && (row.Currency === '') === Number.isNaN(value), `holders ${row.partitionKey} ${row.rowKey}: value ${row.Value} ${row.Currency}`);
}
for (const reject of await rows('rejects', {}))
  check(['row', 'body', 'message'].includes(reject.Kind) && (reject.Kind === 'message' || reject.Message === ''), `rejects ${reject.partitionKey} ${reject.rowKey}: kind ${reject.Kind}`);
for (const run of await rows('runs', {}))
  check(run.Read === run.Added + run.Changed + run.Unchanged + run.Excluded + run.Missing + run.Rejected, `runs ${run.partitionKey} ${run.rowKey}: the ledger does not add up`);
for (const dataset of await rows('datasets', {})) {
  const columns = JSON.parse(dataset.Columns);
  const written = schema[dataset.Table] ?? described[dataset.Table];
  check(columns.every(column => column.name ?? column.Name), `datasets ${dataset.rowKey}: Columns has no names`);
  const names = columns.map(column => column.name ?? column.Name);
  for (const name of Object.keys(written)) check(names.includes(name), `datasets ${dataset.rowKey}: Columns does not describe ${name}`);
  for (const column of columns) {
    const [name, type] = [column.name ?? column.Name, column.type ?? column.Type];
    check(['PartitionKey', 'RowKey'].includes(name) || `Edm.${written[name]}` === type, `datasets ${dataset.rowKey}: Columns says ${type} of ${name}`);
    check(['name', 'type', 'meaning', 'unit', 'logicalType'].every(member => member in column), `datasets ${dataset.rowKey}: Columns of ${name} has the members ${Object.keys(column)}, expected name, type, meaning, unit, logicalType`);
  }
}

if (process.env.CONTRACT_FIGURES) {
  const sum = async (flow, from, to) => {
    let total = 0n;
    for (const row of await rows('trademonthly', { queryOptions: { filter: `PartitionKey eq '4621|${flow}|total' and RowKey ge '${from}' and RowKey lt '${to}~'` } })) total += row.ValueUsd;
    return total;
  };
  const equal = (what, seen, expected) => check(seen === expected, `${what}: seen ${seen}, expected ${expected}`);
  const millions = dollars => (dollars + 500_000n) / 1_000_000n;
  equal('exports 2018', await sum('exports', '2018-01', '2018-12'), 6_658_080_414n);
  equal('imports 2018', await sum('imports', '2018-01', '2018-12'), 20_844_962_518n);
  equal('balance January to October 2019', await sum('exports', '2019-01', '2019-10') - await sum('imports', '2019-01', '2019-10'), -13_238_154_061n);
  for (const [year, expected] of [[2015, 16_372n], [2016, 14_543n], [2004, 11_891n]]) equal(`imports ${year}, millions`, millions(await sum('imports', `${year}-01`, `${year}-12`)), expected);
}
if (process.env.CONTRACT_FIGURES) {
  const equal = (what, seen, expected) => check(`${seen}` === `${expected}`, `${what}: seen ${seen}, expected ${expected}`);
  const get = async (table, filter) => await rows(table, { queryOptions: { filter } });
  const fdi = async (partition, year) => (await get('fdiannual', `PartitionKey eq '${partition}' and RowKey eq '${year}'`))[0]?.ValueUsd;
  equal('inward stock of Russia 2021, millions', (await fdi('643|inward|stock', 2021) + 500_000n) / 1_000_000n, 497_690n);
  equal('inward flow of Russia 2022, millions', (await fdi('643|inward|flow', 2022) - 500_000n) / 1_000_000n, -15_205n);
  const verdicts = Object.fromEntries((await rows('claims', {})).map(row => [row.rowKey[0], row.Verdict]));
  for (const [claim, verdict] of Object.entries({ a: 'unit-error', b: 'unit-error', c: 'partly', d: 'partly', e: 'refuted', f: 'refuted', g: 'confirmed', h: 'refuted', i: 'confirmed', j: 'not-checkable', k: 'not-checkable' }))
    equal(`verdict of claim ${claim}`, verdicts[claim], verdict);
  const balance = (await get('indicators', "PartitionKey eq 'us-ru-trade-balance-annual' and RowKey eq '2018'"))[0];
  equal('indicator: trade balance with Russia 2018', balance?.Value, 6_658_080_414 - 20_844_962_518);
  const ranks = await get('fdipartners', "PartitionKey eq '643|inward|stock|host' and Year eq 2012");
  for (const [iso3, rank] of [['CYP', 1], ['NLD', 2], ['USA', 17]]) equal(`rank of ${iso3} in Russia's inward stock 2012`, ranks.find(row => row.PartnerIso3 === iso3)?.Rank, rank);
  const shares = await get('holders', "HolderIso2 eq 'US'");
  const share = (asset, day) => shares.filter(row => row.AssetClass === asset && row.AsOf.toISOString().startsWith(day) && row.Citation).map(row => row.SharePercent).join();
  equal('US share of foreign-held free float in 2018-07', share('equity', '2018-07'), 56);
  equal('US share of foreign-held free float in 2018-09', share('equity', '2018-09'), 55);
  equal('US share of OFZ on 2021-01-01', share('ofz', '2021-01-01'), 6.9);
}
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;
