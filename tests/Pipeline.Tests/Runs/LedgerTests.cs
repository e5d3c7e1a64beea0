using System.Reflection;
using System.Runtime.Serialization;
using Azure;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Sources.Census;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Runs;

/// <summary>The tables are a contract: names, types and keys of their columns.</summary>
public sealed class LedgerTests(Azurite azurite)
{
    private static readonly DateTimeOffset Moment = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);
    private static readonly RawName Body = new(FakeSource.One, Moment, "0123456789ab", "txt");

    public static TheoryData<string, string> Contract { get; } =
        new()
        {
            {
                "runs",
                "Source:String Slice:String Step:String State:String StartedAt:DateTime EndedAt:DateTime "
                    + "LoadedAt:DateTime? LoadingSince:DateTime? Read:Int64 "
                    + "Added:Int64 Changed:Int64 Unchanged:Int64 Excluded:Int64 Missing:Int64 Rejected:Int64 "
                    + "Bytes:Int64 Error:String Notes:String Differences:String"
            },
            {
                "slices",
                "State:String Restoring:String LoadedError:String LoadedJudgedBy:String LoadingJudgedBy:String "
                    + "JudgedBy:String QuarantinedBlob:String RecordedOn:DateTime? "
                    + "PlannedAt:DateTime? LastPulled:DateTime? LastChanged:DateTime? "
                    + "NextDue:DateTime? LoadedBlob:String LoadingBlob:String PendingBlob:String Sha256:String "
                    + "HttpETag:String LastModified:String Rows:Int64? InTable:Int64? Vintage:DateTime? Newest:String "
                    + "Attempts:Int32 LastError:String"
            },
            { "gaps", "Reason:String RunId:String" },
            {
                "rejects",
                "Kind:String Slice:String RawBlob:String Position:String Seen:String Expected:String "
                    + "Advice:String State:String AcceptId:Int32? "
                    + "Step:String Message:String KeptAt:DateTime"
            },
            {
                "datasets",
                "Title:String Publisher:String Table:String Unit:String Url:String Terms:String "
                    + "RevisionPolicy:String Columns:String LastVintage:DateTime"
            },
            {
                "history",
                "OldValue:String NewValue:String Column:String ValidFrom:DateTime ValidTo:DateTime RunId:String "
                    + "InPolicy:Boolean"
            },
        };

    [Fact]
    public async Task Every_column_of_the_contract_is_on_every_row_with_its_type()
    {
        using var source = new FakeSource { Body = "a=1 b=2 c= d=?" };
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await pipeline.RunAsync();
        source.Body = "a=2 b=2 c= d=?";
        await pipeline.RunAsync();
        source.Body = "a=2 !";
        await pipeline.RunAsync();
        source.Replies["one"] = new("gone", 404);
        await pipeline.RunAsync();
        foreach (var row in Contract)
        {
            var (table, columns) = row.Data;
            var rows = await pipeline.RowsAsync(table);
            Assert.NotEmpty(rows);
            // A moment or a number that is not known has no property.
            var known = columns.Replace("?", "", StringComparison.Ordinal);
            foreach (var entity in rows)
            {
                Assert.Subset(Sorted(known).ToHashSet(), Sorted(Columns(entity)).ToHashSet());
                Assert.Superset(
                    Sorted(columns).Where(column => !column.EndsWith('?')).ToHashSet(),
                    Sorted(Columns(entity)).ToHashSet()
                );
            }
        }
        Assert.All(await pipeline.RowsAsync("runs"), row => Assert.Matches(@"^fake\|\d{4}-\d{2}$", row.PartitionKey));
        Assert.All(await pipeline.RowsAsync("runs"), row =>
            Assert.Matches(@"^\d{19}\|\d{8}T\d{6}Z-[0-9a-f]{16}$", row.RowKey)
        );
        Assert.All(await pipeline.RowsAsync("slices"), row =>
            Assert.Equal(("fake", "facts|one"), (row.PartitionKey, row.RowKey))
        );
        Assert.All(await pipeline.RowsAsync("gaps"), row =>
            Assert.Equal(("fakefacts|fake|one", "c"), (row.PartitionKey, row.RowKey))
        );
        Assert.All(await pipeline.RowsAsync("rejects"), row =>
            Assert.Matches(@"^\d{8}T\d{6}Z-[0-9a-f]{16}\|(word 4|word 3|body|answer)$", row.RowKey)
        );
        Assert.Equal(
            ["answer body", "body body", "word 4 row"],
            (await pipeline.RowsAsync("rejects")).Select(row => $"{row["Position"]} {row["Kind"]}").Distinct().Order()
        );
        Assert.All(await pipeline.RowsAsync("history"), row => Assert.Matches(@"^[ab]\|\d{19}$", row.RowKey));
        var dataset = Assert.Single(await pipeline.RowsAsync("datasets"));
        Assert.Contains(
            """{"name":"Value","type":"Edm.Int64","meaning":"The value","unit":"","logicalType":"int64"}""",
            dataset.GetString("Columns"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_columns_of_trade_rows_are_those_of_the_contract() =>
        Assert.Equal(
            Sorted(
                "PartitionKey:String RowKey:String Period:String PeriodStart:DateTime Year:Int32 Month:Int32 "
                    + "Reporter:String PartnerCode:String PartnerIso2:String PartnerName:String Flow:String "
                    + "Level:String "
                    + "Commodity:String CommodityName:String ValueUsd:Int64 YearToDateUsd:Int64 Source:String "
                    + "Dataset:String Vintage:DateTime FirstSeen:DateTime LastChanged:DateTime Revision:Int32 "
                    + "Basis:String "
                    + "RawBlob:String RunId:String RowHash:String SchemaVersion:Int32"
            ),
            Sorted(
                string.Join(
                    ' ',
                    ColumnMeanings
                        .Of(TradeMonthly.Table)
                        .Select(column => $"{column.Name}:{column.Type["Edm.".Length..]}")
                )
            )
        );

    [Fact]
    public void Every_row_type_has_a_meaning_for_every_column_and_describes_its_own_columns_once()
    {
        var types = typeof(TradeMonthly)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(FactRow)) && !type.IsAbstract)
            .ToList();
        Assert.NotEmpty(types);
        foreach (var type in types)
        {
            var own = type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly);
            var inherited = typeof(FactRow)
                .GetProperties()
                .Where(property => property.Name is not ("PartitionKey" or "RowKey" or "Timestamp" or "ETag"))
                // Where a row stands in its body is no column.
                .Where(property => !property.IsDefined(typeof(IgnoreDataMemberAttribute)));
            Assert.All(own.Concat(inherited), property =>
                Assert.False(
                    string.IsNullOrWhiteSpace(property.GetCustomAttribute<MeaningAttribute>()?.Text),
                    $"{type.Name}.{property.Name} has no [Meaning]"
                )
            );
            var described = ColumnTexts
                .Of((FactRow)Activator.CreateInstance(type)!)
                .Select(column => column.Key)
                .ToList();
            Assert.Equal(own.Select(property => property.Name).Append("Basis").Order(), described.Order());
        }
    }

    [Fact]
    public void A_row_type_without_a_meaning_is_named() =>
        Assert.Equal(
            "Wordless.Thing has no [Meaning]",
            Assert
                .Throws<InvalidOperationException>(() => ColumnMeanings.Of(new FactTable<Wordless>("wordless")))
                .Message
        );

    private sealed class Wordless : FactRow
    {
        public string Thing { get; set; } = "";

        public override void Describe<TSink>(ref TSink sink) => sink.Add(nameof(Thing), Thing);
    }

    [Fact]
    public void A_column_that_may_be_missing_is_nullable_and_its_meaning_says_when()
    {
        var types = typeof(LedgerRow).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(LedgerRow))).ToList();
        Assert.Equal(
            Contract.Select(row => row.Data.Item1).Order(),
            types.Select(type => type.GetCustomAttribute<LedgerAttribute>()?.Table).Order()
        );
        Assert.All(types, type =>
            Assert.All(ColumnMeanings.Of(type), column =>
                Assert.Equal(
                    Nullable.GetUnderlyingType(type.GetProperty(column.Name)!.PropertyType) is not null,
                    column.Meaning.Contains("; not there ", StringComparison.Ordinal)
                )
            )
        );
    }

    [Fact]
    public void The_meaning_of_a_state_names_every_state()
    {
        static string Meaning(Type type) =>
            ColumnMeanings.Of(type).Single(column => column.Name == nameof(RunEntity.State)).Meaning;
        Assert.All(Enum.GetNames<RunState>(), name => Assert.Matches($@"\b{name}\b", Meaning(typeof(RunEntity))));
        Assert.All(Enum.GetNames<SliceState>(), name => Assert.Matches($@"\b{name}\b", Meaning(typeof(SliceEntity))));
    }

    [Fact]
    public void Rows_are_equal_if_their_keys_and_columns_are()
    {
        var row = new GapRow
        {
            PartitionKey = "p",
            RowKey = "r",
            Reason = "none",
        };
        Assert.Equal(row, row with { ETag = new ETag("1"), Timestamp = Moment });
        Assert.NotEqual(row, row with { RowKey = "s" });
        Assert.NotEqual(row, row with { Reason = "other" });
    }

    [Fact]
    public void A_run_row_comes_back_as_it_was()
    {
        var run = new RunRow(Body.RunId, Body.Slice, Moment)
        {
            Step = "Normalize",
            State = RunState.Loaded,
            StartedAt = Moment,
            EndedAt = Moment.AddTicks(7),
            Bytes = 1L << 40,
            Error = "words",
            Notes = "more words",
            Counts = new RowCounts(21, 1, 2, 3, 4, 5, 6),
        };
        Assert.Equal(run, RunRow.From(run.ToEntity()));
        Assert.True(run.Counts.AddUp);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(-1, false)]
    public void The_counts_add_up_when_every_row_read_is_in_exactly_one_other_count(int more, bool addUp)
    {
        Assert.Equal(addUp, new RowCounts(21 + more, 1, 2, 3, 4, 5, 6).AddUp);
        Assert.Equal(
            new RowCounts(22, 2, 4, 6, 8, 10, 12),
            new RowCounts(20, 1, 2, 3, 4, 5, 6) + new RowCounts(2, 1, 2, 3, 4, 5, 6)
        );
    }

    [Fact]
    public void A_run_row_without_dates_has_no_column_for_them()
    {
        var entity = new RunRow(Body.RunId, Body.Slice, Moment).ToEntity();
        Assert.Equal((null, null), (entity.StartedAt, entity.EndedAt));
        Assert.Null(RunRow.From(entity).StartedAt);
    }

    [Fact]
    public void A_state_that_no_program_writes_is_said()
    {
        var entity = new RunRow(Body.RunId, Body.Slice, Moment).ToEntity() with { State = "half" };
        var error = Assert.Throws<InvalidDataException>(() => RunRow.From(entity));
        Assert.StartsWith(
            $"runs {entity.PartitionKey} {entity.RowKey}, column State: seen \"half\", expected one of Pulled, ",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_slice_row_comes_back_as_it_was()
    {
        var row = new SliceRow(FakeSource.One)
        {
            State = SliceState.Published,
            PlannedAt = Moment.AddDays(2),
            LastPulled = Moment,
            NextDue = Moment.AddDays(1),
            Loaded = new LoadedBody(Body, new string('a', 64), 5)
            {
                InTable = 6,
                Newest = "2024-05",
                LastChanged = Moment.AddDays(-1),
            },
            Loading = Body,
            Pending = Body,
            HttpETag = "\"x\"",
            LastModified = "Mon",
            Attempts = 3,
            LastError = "words",
            Quarantined = new QuarantinedBody(Body, "them"),
        };
        Assert.Equal(row, SliceRow.From(row.ToEntity()));
        Assert.Equal(new SliceRow(FakeSource.One), SliceRow.From(new SliceRow(FakeSource.One).ToEntity()));
    }

    [Fact]
    public void Texts_are_cut_at_their_limit_and_never_inside_a_character()
    {
        Assert.Equal(new string('x', 8000), CellText.Cut(new string('x', 8000)));
        Assert.Equal(new string('x', 8000) + "…", CellText.Cut(new string('x', 8001)));
        Assert.Equal(new string('x', 7999) + "…", CellText.Cut(new string('x', 7999) + "😀 and more"));
        var row = new SliceRow(FakeSource.One)
        {
            LastError = new string('x', 40_000),
            HttpETag = new string('x', 40_000),
        }.ToEntity();
        Assert.Equal((8001, ""), (row.LastError.Length, row.HttpETag));
        Assert.Equal(
            8001,
            new RunRow(Body.RunId, Body.Slice, Moment) { Error = new string('x', 40_000) }
                .ToEntity()
                .Error.Length
        );
    }

    [Fact]
    public async Task An_update_of_a_run_sees_what_another_worker_wrote()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        var book = pipeline.Get<RunBook>();
        var key = new RunRow(Body.RunId, Body.Slice, Moment);
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(_ =>
                    book.UpdateAsync(
                        key,
                        run => (run ?? key) with { Bytes = (run?.Bytes ?? 0) + 1 },
                        CancellationToken.None
                    )
                )
        );
        Assert.Equal(8, (await book.GetAsync(key, CancellationToken.None))!.Bytes);
        Assert.Null(await book.UpdateAsync(key with { RunId = "x" }, _ => null, CancellationToken.None));
    }

    [Fact]
    public async Task Events_of_a_slice_at_the_same_time_all_count()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        var book = pipeline.Get<SliceBook>();
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(_ =>
                    book.ApplyAsync(FakeSource.One, new PullFailed(Moment, null, "busy", null), CancellationToken.None)
                )
        );
        Assert.Equal(8, (await book.GetAsync(FakeSource.One, CancellationToken.None)).Attempts);
    }

    [Fact]
    public async Task A_dataset_is_written_once_and_its_vintage_never_goes_back()
    {
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        var book = pipeline.Get<DatasetBook>();
        await book.PutAsync(source.Info, Moment, CancellationToken.None);
        var first = Assert.Single(await pipeline.RowsAsync("datasets"));
        await book.PutAsync(source.Info, Moment.AddDays(-1), CancellationToken.None);
        Assert.Equal(first.ETag, Assert.Single(await pipeline.RowsAsync("datasets")).ETag);
        await Task.WhenAll(
            Enumerable
                .Range(0, 12)
                .Select(day => book.PutAsync(source.Info, Moment.AddDays(day * 7 % 12), CancellationToken.None))
        );
        Assert.Equal(
            Moment.AddDays(11),
            Assert.Single(await pipeline.RowsAsync("datasets")).GetDateTimeOffset("LastVintage")
        );
    }

    [Fact]
    public async Task Gaps_that_another_worker_has_removed_meanwhile_are_no_error()
    {
        using var source = new FakeSource();
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, source);
        var scope = new SliceScope("", ("", "~"), (_, _) => true);
        Task PutAsync(TestPipeline pipeline, params string[] keys) =>
            pipeline
                .Get<GapBook>()
                .ReplaceAsync(
                    FakeFact.Table,
                    scope,
                    [.. keys.Select(key => new MissingRow("p", key, "nothing sent"))],
                    true,
                    "run",
                    CancellationToken.None
                );
        await PutAsync(other, "a", "b", "c");
        var raced = false;
        await using var pipeline = new TestPipeline(
            account,
            source,
            new AroundPolicy(
                request => !raced && request.Uri.Path.Contains("$batch", StringComparison.Ordinal),
                async () =>
                {
                    raced = true;
                    await PutAsync(other, "b");
                }
            )
        );
        await PutAsync(pipeline, "b", "d");
        Assert.Equal(["b", "d"], (await pipeline.RowsAsync("gaps")).Select(row => row.RowKey));
    }

    [Fact]
    public async Task Rejects_are_closed_for_earlier_bodies_of_the_same_slice_only()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        var book = pipeline.Get<RejectBook>();
        var finding = new Finding("word 1", new string('s', 9000), "expected", "advice");
        var two = new Slice("fake", "facts", "two");
        foreach (
            var (slice, day) in ((Slice, int)[])
                [(FakeSource.One, 0), (FakeSource.One, 1), (FakeSource.One, 2), (two, 0)]
        )
        {
            var name = new RawName(slice, Moment.AddDays(day), "0123456789ab", "txt");
            await book.PutAsync(
                new RunRow(name.RunId, slice, name.Vintage),
                name.Blob,
                [finding, finding],
                [],
                CancellationToken.None
            );
        }
        await book.CloseAsync(
            FakeSource.One,
            Body with
            {
                Vintage = Moment.AddDays(1),
            },
            [finding],
            _ => true,
            CancellationToken.None
        );
        var rows = await pipeline.RowsAsync("rejects");
        Assert.Equal(4, rows.Count);
        Assert.Equal(
            $"{FakeSource.One} {Moment:yyyyMMdd}",
            Assert.Single(rows, row => row.GetString("State") == "replayed") is { } closed
                ? $"{closed["Slice"]} {closed.RowKey[..8]}"
                : ""
        );
        Assert.Equal(3, (await book.OpenAsync("fake", CancellationToken.None)).Count);
        Assert.Equal(8001, rows[0].GetString("Seen").Length);
    }

    private static string Columns(TableEntity entity) =>
        string.Join(
            ' ',
            entity
                .Where(column => column.Key is not ("PartitionKey" or "RowKey" or "Timestamp" or "odata.etag"))
                .Select(column =>
                    $"{column.Key}:"
                    + column.Value switch
                    {
                        string => "String",
                        int => "Int32",
                        long => "Int64",
                        bool => "Boolean",
                        double => "Double",
                        DateTimeOffset or DateTime => "DateTime",
                        _ => column.Value.GetType().Name,
                    }
                )
        );

    private static IEnumerable<string> Sorted(string columns) => columns.Split(' ').Order(StringComparer.Ordinal);
}
