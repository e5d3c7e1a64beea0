using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Datasets;
using Pipeline.Exports.Formats;
using Pipeline.Report.News;
using Column = Pipeline.Datasets.ColumnMeanings.Column;

namespace Pipeline.Report.Data;

/// <summary>
/// Describes the addresses of figures as OpenAPI 3.0, the version that most tools read: a path for each table, with its
/// columns as parameters, because their types differ.
/// </summary>
public sealed class OpenApiDocument(DataTables tables)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The description as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(Build(), Options);

    private JsonObject Build()
    {
        var paths = new JsonObject();
        foreach (var table in tables.All)
        {
            var (id, summary) = ($"read_{table.Name}", SummaryOf(table));
            paths.Add($"/data/{table.Name}", Get(id, summary, ParametersOf(table), Rows(table)));
        }
        paths.Add("/figure/{table}/{partition}/{row}", Figure());
        paths.Add("/check", Check());
        paths.Add($"/{AtomFeed.Name}", Feed());
        var schemas = new JsonObject { ["Problem"] = Problem() };
        foreach (var table in tables.All)
            schemas.Add(table.Name, RowOf(table));
        return new JsonObject
        {
            ["openapi"] = "3.0.3",
            ["info"] = new JsonObject
            {
                ["title"] = "Figures of the pipeline",
                ["version"] = $"{FactRow.CurrentSchema}",
                ["description"] =
                    "Rows of tables by filter, single figures with their history and the body that they came from, and "
                    + "news of figures.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/api" }),
            ["security"] = new JsonArray(
                new JsonObject { ["key"] = new JsonArray() },
                new JsonObject { ["code"] = new JsonArray() }
            ),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = schemas,
                ["securitySchemes"] = new JsonObject
                {
                    ["key"] = Key("header", "x-functions-key"),
                    ["code"] = Key("query", "code"),
                },
            },
        };
    }

    private static JsonObject Key(string place, string name) =>
        new()
        {
            ["type"] = "apiKey",
            ["in"] = place,
            ["name"] = name,
            ["description"] = "The key of the function app.",
        };

    private static string SummaryOf(DataTable table) =>
        table.Facts is { } facts ? facts.About.Replace("\\|", "|", StringComparison.Ordinal) : $"Rows of {table.Name}";

    private static JsonArray ParametersOf(DataTable table)
    {
        var parameters = new JsonArray();
        foreach (var column in table.Columns)
        {
            var schema = new JsonObject { ["type"] = "array", ["items"] = TypeOf(column) };
            parameters.Add(Parameter(column.Name, $"{column.Meaning}. Repeat it for one of several values.", schema));
        }
        if (table.Period is { } period)
        {
            foreach (var name in (string[])[DataQueryReader.From, DataQueryReader.To])
            {
                var end = name == DataQueryReader.From ? "first" : "last";
                parameters.Add(Parameter(name, $"The {end} {period.Name}, which counts too.", Text()));
            }
        }
        if (table.Facts is not null)
        {
            parameters.Add(
                Parameter(
                    DataQueryReader.AsOf,
                    "The rows as they were known at the end of this day, UTC. It needs filters that name partitions.",
                    Text("date")
                )
            );
        }
        parameters.Add(
            Parameter(
                DataQueryReader.Format,
                "The form of the rows.",
                new JsonObject
                {
                    ["type"] = "string",
                    ["enum"] = new JsonArray("json", "csv", "parquet"),
                    ["default"] = "json",
                }
            )
        );
        parameters.Add(
            Parameter(
                DataQueryReader.Limit,
                $"The most rows of the response; with json at most {DataQuery.MostRows(DataFormat.Json)}.",
                new JsonObject
                {
                    ["type"] = "integer",
                    ["minimum"] = 1,
                    ["maximum"] = DataQuery.MostRows(DataFormat.Csv),
                    ["default"] = DataQuery.DefaultLimit,
                }
            )
        );
        parameters.Add(Parameter(DataQueryReader.Continuation, "Taken from next of the response before.", Text()));
        return parameters;
    }

    private static JsonObject Parameter(string name, string description, JsonObject schema) =>
        new()
        {
            ["name"] = name,
            ["in"] = "query",
            ["description"] = description,
            ["schema"] = schema,
        };

    private static JsonObject Rows(DataTable table) =>
        new()
        {
            ["description"] = "The rows, by key. The header Link has the address of the next response.",
            ["headers"] = new JsonObject
            {
                ["ETag"] = new JsonObject { ["schema"] = Text() },
                ["Link"] = new JsonObject { ["schema"] = Text() },
            },
            ["content"] = new JsonObject
            {
                ["application/json"] = new JsonObject
                {
                    ["schema"] = Object(
                        ("table", Text()),
                        (
                            "columns",
                            List(Object(("name", Text()), ("type", Text()), ("unit", Text()), ("meaning", Text())))
                        ),
                        ("rows", List(new JsonObject { ["$ref"] = $"#/components/schemas/{table.Name}" })),
                        ("next", Nullable(Text()))
                    ),
                },
                [RowFormat.Csv.MediaType] = new JsonObject { ["schema"] = Text() },
                [RowFormat.Parquet.MediaType] = new JsonObject { ["schema"] = Text("binary") },
            },
        };

    private JsonObject Figure()
    {
        var parameters = new JsonArray();
        foreach (
            var (name, description, schema) in (IEnumerable<(string, string, JsonObject)>)
                [
                    ("table", "A table of figures.", FactTables()),
                    ("partition", "The partition key.", Text()),
                    ("row", "The row key.", Text()),
                ]
        )
        {
            var parameter = Parameter(name, description, schema);
            parameter["in"] = "path";
            parameter["required"] = true;
            parameters.Add(parameter);
        }
        var change = Object(("column", Text()), ("old", Text()), ("new", Text()));
        var version = Object(
            ("validFrom", Text("date-time")),
            ("validTo", Text("date-time")),
            ("changes", List(change)),
            ("inPolicy", new JsonObject { ["type"] = "boolean" }),
            ("runId", Text())
        );
        var value = Object(
            ("column", Text()),
            ("value", Nullable(new JsonObject { ["type"] = "number" })),
            ("unit", Text()),
            ("meaning", Text())
        );
        string[] dataset = ["source", "name", "title", "publisher", "url", "terms", "revisionPolicy"];
        var schemaOfFigure = Object(
            ("table", Text()),
            ("partition", Text()),
            ("row", Text()),
            ("values", List(value)),
            ("about", new JsonObject { ["type"] = "object", ["additionalProperties"] = new JsonObject() }),
            ("basis", Text()),
            ("vintage", Text("date-time")),
            ("firstSeen", Text("date-time")),
            ("lastChanged", Text("date-time")),
            ("revision", new JsonObject { ["type"] = "integer" }),
            ("history", List(version)),
            ("dataset", Object([.. dataset.Select(name => (name, Text()))])),
            (
                "raw",
                Object(
                    ("blob", Text()),
                    ("sha256", Text()),
                    ("fetchedAt", Nullable(Text("date-time"))),
                    ("from", Text()),
                    ("place", Text()),
                    ("note", Text())
                )
            ),
            ("citation", Text())
        );
        return Get(
            "read_figure",
            "One figure: value, unit, basis, vintage, history, and its place in the stored body",
            parameters,
            new JsonObject
            {
                ["description"] = "The figure.",
                ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = schemaOfFigure } },
            }
        );
    }

    private static JsonObject Check()
    {
        var parameters = new JsonArray();
        foreach (
            var (name, description, isRequired) in (IEnumerable<(string, string, bool)>)
                [
                    ("indicator", "The id of an indicator, with - before it for its negative.", true),
                    ("period", "yyyy, yyyy-MM or yyyy-MM-dd as the indicator has them, or latest.", true),
                    ("stated", "The figure in words, for example 13.2 million dollars.", true),
                    ("member", "Whom the figure is about, for indicators of several.", false),
                ]
        )
        {
            var parameter = Parameter(name, description, Text());
            parameter["required"] = isRequired;
            parameters.Add(parameter);
        }
        var comparison = Text();
        comparison["enum"] = new JsonArray("equals", "above", "below");
        comparison["default"] = "equals";
        parameters.Add(Parameter("comparison", "equals: a correct rounding of the figure on file.", comparison));
        var figure = Object(("value", new JsonObject { ["type"] = "number" }), ("unit", Text()));
        var verdict = Text();
        verdict["enum"] = new JsonArray("confirmed", "unit-error", "refuted", "not-checkable");
        var answer = Object(
            ("verdict", verdict),
            ("explanation", Text()),
            ("stated", figure),
            ("computed", Nullable(figure.DeepClone().AsObject())),
            ("indicator", Text()),
            ("period", Text()),
            ("onFile", Nullable(Object(("first", Text()), ("last", Text())))),
            ("evidence", List(Text())),
            ("inputs", List(Text())),
            ("vintage", Nullable(Text("date-time")))
        );
        return Get(
            "check_figure",
            "Whether a stated figure is a correct rounding of the figure on file",
            parameters,
            new JsonObject
            {
                ["description"] = "The verdict, why, and the figures behind it.",
                ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = answer } },
            }
        );
    }

    private JsonObject Feed() =>
        Get(
            "read_news",
            "News as a feed, Atom 1.0: an entry for each table and run that added, revised or removed figures",
            [Parameter(NewsFeed.Table, "A table of figures; all of them when it is left out.", FactTables())],
            new JsonObject
            {
                ["description"] =
                    $"The newest {NewsReader.MostItems} of the last {RevisionReader.Window.TotalDays} days.",
                ["headers"] = new JsonObject { ["ETag"] = new JsonObject { ["schema"] = Text() } },
                ["content"] = new JsonObject { [AtomFeed.MediaType] = new JsonObject { ["schema"] = Text() } },
            }
        );

    private JsonObject FactTables()
    {
        var names = new JsonArray();
        foreach (var table in tables.All.Where(table => table.Facts is not null))
            names.Add(table.Name);
        return new JsonObject { ["type"] = "string", ["enum"] = names };
    }

    private static JsonObject Get(string id, string summary, JsonArray parameters, JsonObject good) =>
        new()
        {
            ["get"] = new JsonObject
            {
                ["operationId"] = id,
                ["summary"] = summary,
                ["parameters"] = parameters,
                ["responses"] = new JsonObject
                {
                    ["200"] = good,
                    ["304"] = new JsonObject { ["description"] = "The same as the caller has, by its ETag." },
                    ["400"] = Refusal("The request is malformed; it names the columns that there are."),
                    ["404"] = Refusal("There is no such table or figure; it names what is near."),
                    ["503"] = new JsonObject { ["description"] = "The data account does not answer." },
                },
            },
        };

    private static JsonObject Refusal(string description) =>
        new()
        {
            ["description"] = description,
            ["content"] = new JsonObject
            {
                ["application/problem+json"] = new JsonObject
                {
                    ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Problem" },
                },
            },
        };

    private static JsonObject Problem() =>
        Object(
            ("type", Text()),
            ("title", Text()),
            ("status", new JsonObject { ["type"] = "integer" }),
            ("detail", Text()),
            ("where", Text()),
            ("seen", Text()),
            ("expected", Text()),
            ("advice", Text())
        );

    private static JsonObject RowOf(DataTable table) =>
        Object([
            .. table.Columns.Select(column =>
            {
                var type = Nullable(TypeOf(column));
                type["description"] = column.Meaning;
                return (column.Name, type);
            }),
        ]);

    private static JsonObject TypeOf(Column column) =>
        column.Type switch
        {
            "Edm.Int32" => new JsonObject { ["type"] = "integer", ["format"] = "int32" },
            "Edm.Int64" => new JsonObject { ["type"] = "integer", ["format"] = "int64" },
            "Edm.Double" => new JsonObject { ["type"] = "number", ["format"] = "double" },
            "Edm.Boolean" => new JsonObject { ["type"] = "boolean" },
            "Edm.DateTime" => Text(column.LogicalType == LogicalType.Date ? "date" : "date-time"),
            _ => Text(),
        };

    private static JsonObject Text(string? format = null)
    {
        var text = new JsonObject { ["type"] = "string" };
        if (format is not null)
            text["format"] = format;
        return text;
    }

    private static JsonObject Nullable(JsonObject schema)
    {
        schema["nullable"] = true;
        return schema;
    }

    private static JsonObject List(JsonObject items) => new() { ["type"] = "array", ["items"] = items };

    private static JsonObject Object(params ReadOnlySpan<(string Name, JsonObject Schema)> properties)
    {
        var all = new JsonObject();
        foreach (var (name, schema) in properties)
            all.Add(name, schema);
        return new JsonObject { ["type"] = "object", ["properties"] = all };
    }
}
