// Checks every query of the alerts, as the snapshots have them rendered, and of RUNBOOK.md with Kusto's language service:
// words, tables, columns and types. A dimension of an alert has to be a column of its result.
//   node infra/queries.cjs     prints what is wrong, a line each; exit code 1 if something is, 2 without the package
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const root = path.join(__dirname, "..");
const service = path.join(root, "node_modules", "@kusto", "language-service-next");
if (!fs.existsSync(service)) {
  console.error("queries: there is no @kusto/language-service-next in node_modules; run npm ci");
  process.exit(2);
}
// The package is made for a page: it sets names of the global object, and exports nothing.
for (const file of ["bridge.js", "Kusto.Language.Bridge.js"]) {
  vm.runInThisContext(fs.readFileSync(path.join(service, file), "utf8"), { filename: file });
}
const { KustoCode, GlobalState, Symbols } = globalThis.Kusto.Language;

// Of Azure Monitor's reference of tables, the columns that queries here name.
const schemas = {
  AppMetrics: "(TimeGenerated: datetime, Name: string, Sum: real, ItemCount: int, Properties: dynamic)",
  AppExceptions: "(TimeGenerated: datetime, OperationName: string, OuterMessage: string, ExceptionType: string)",
  AppDependencies: "(TimeGenerated: datetime, Target: string, ResultCode: string)",
  AppTraces: "(TimeGenerated: datetime, Message: string, SeverityLevel: int, OperationName: string)",
  FunctionAppLogs: "(TimeGenerated: datetime, Message: string, FunctionName: string, Level: string)",
  AzureDiagnostics: "(TimeGenerated: datetime, ResourceProvider: string, OperationName: string)",
  AzureActivity:
    "(TimeGenerated: datetime, CategoryValue: string, ResourceGroup: string, OperationNameValue: string, Properties: string)",
  Usage: "(TimeGenerated: datetime, DataType: string, Quantity: real)",
  _LogOperation: "(TimeGenerated: datetime, Category: string, Operation: string, Level: string, Detail: string)",
};
const tables = Object.entries(schemas).map(([name, columns]) => Symbols.TableSymbol.From(columns).WithName(name));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1("workspace", tables));
const items = (list) => Array.from({ length: list ? list.Count : 0 }, (_, at) => list.getItem(at));

const queries = [];
const read = (file) => fs.readFileSync(path.join(root, file), "utf8");
for (const environment of ["dev", "prod"]) {
  const snapshot = JSON.parse(read(`infra/environments/${environment}.snapshot.json`));
  for (const { type, name, properties } of snapshot.predictedResources) {
    if (type !== "Microsoft.Insights/scheduledQueryRules") continue;
    const criterion = properties.criteria.allOf[0];
    queries.push({ name, query: criterion.query, dimensions: (criterion.dimensions || []).map((one) => one.name) });
  }
}
for (const [, query] of read("infra/RUNBOOK.md").matchAll(/\* Query: `([^`]+)`/g)) {
  queries.push({ name: `RUNBOOK.md, ${query}`, query, dimensions: [] });
}
// Further queries, to try the check itself.
for (const query of process.argv.slice(2)) queries.push({ name: query, query, dimensions: [] });

const wrong = [];
for (const { name, query, dimensions } of queries) {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  wrong.push(...items(code.GetDiagnostics()).map((found) => `${name}: ${found.Message}`));
  const columns = items(code.ResultType && code.ResultType.Columns).map((column) => column.Name);
  for (const dimension of dimensions.filter((one) => !columns.includes(one))) {
    wrong.push(`${name}: the dimension ${dimension}, expected one of the columns ${columns.join(", ")}`);
  }
}
for (const line of wrong) console.log(line);
if (wrong.length === 0) console.log(`${queries.length} queries are clean`);
process.exitCode = wrong.length === 0 ? 0 : 1;
