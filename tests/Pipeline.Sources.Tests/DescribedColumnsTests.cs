using System.Reflection;
using Pipeline.Datasets;
using Pipeline.Sources.Toy;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests;

/// <summary>A column that <see cref="FactRow.Describe"/> forgets is changed upstream without anyone noticing.</summary>
public sealed class DescribedColumnsTests
{
    private const string Remedy = "correct Describe of the row type";

    /// <summary>The row types of all tables, and that of the guide to a new source.</summary>
    public static TheoryData<Type> RowTypes =>
        [.. AllDatasets.Tables.Select(table => table.RowType).Append(typeof(ToyRate)).Distinct()];

    [Theory]
    [MemberData(nameof(RowTypes))]
    public void Every_own_column_is_described_with_its_own_value_and_nothing_else_is(Type rowType) =>
        Assert.Empty(Faults(rowType));

    /// <summary>What the check says of a row type that is described wrongly.</summary>
    public static TheoryData<Type, string[]> Wrong =>
        new()
        {
            { typeof(Forgotten), [$"Forgotten.Tonnes: seen no column in Describe, expected one; {Remedy}"] },
            { typeof(Unknown), [$"Unknown.Tons: seen a column in Describe, expected a property of it; {Remedy}"] },
            { typeof(Twice), [$"Twice.Ships: seen 2 columns in Describe, expected one; {Remedy}"] },
            {
                typeof(Crossed),
                [
                    $"Crossed.Ships: seen a change of Tonnes when Ships changes, expected one of Ships; {Remedy}",
                    $"Crossed.Tonnes: seen a change of Ships when Tonnes changes, expected one of Tonnes; {Remedy}",
                ]
            },
        };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_row_type_that_is_described_wrongly_is_named_with_what_to_do(Type rowType, string[] faults) =>
        Assert.Equal(faults, Faults(rowType));

    private static List<string> Faults(Type rowType)
    {
        var own = rowType
            .GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.DeclaringType != typeof(FactRow))
            .ToList();
        var described = Columns(NewRow()).Select(column => column.Key).ToList();
        List<string> faults =
        [
            .. described
                .Except(own.Select(property => property.Name))
                .Select(name =>
                    $"{rowType.Name}.{name}: seen a column in Describe, expected a property of it; {Remedy}"
                ),
        ];
        foreach (var property in own)
        {
            var count = described.Count(name => name == property.Name);
            if (count != 1)
            {
                var seen = count == 0 ? "no column" : $"{count} columns";
                faults.Add($"{rowType.Name}.{property.Name}: seen {seen} in Describe, expected one; {Remedy}");
                continue;
            }
            var row = NewRow();
            var before = Columns(row);
            property.SetValue(row, AnotherValue(property.PropertyType));
            var changed = Columns(row).Except(before).Select(column => column.Key).ToList();
            if (changed is not [var name] || name != property.Name)
            {
                faults.Add(
                    $"{rowType.Name}.{property.Name}: seen a change of {string.Join(", ", changed)} when "
                        + $"{property.Name} changes, expected one of {property.Name}; {Remedy}"
                );
            }
        }

        return faults;

        FactRow NewRow() => (FactRow)Activator.CreateInstance(rowType)!;
    }

    private static List<KeyValuePair<string, string>> Columns(FactRow row) =>
        [.. ColumnTexts.Of(row).Where(column => column.Key != nameof(FactRow.Basis))];

    /// <summary>A value that no new row has.</summary>
    private static object AnotherValue(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var known when known == typeof(string) => "another",
            var known when known == typeof(int) => 987,
            var known when known == typeof(long) => 987L,
            var known when known == typeof(double) => 98.7,
            var known when known == typeof(DateTimeOffset) => new DateTimeOffset(1987, 6, 5, 0, 0, 0, TimeSpan.Zero),
            _ => throw new NotSupportedException($"a column of {type.Name}: add a value of it here"),
        };

    private abstract class Arrivals : FactRow
    {
        public long? Ships { get; set; }

        public double Tonnes { get; set; }
    }

    private sealed class Forgotten : Arrivals
    {
        public override void Describe<TSink>(ref TSink sink) => sink.Add(nameof(Ships), Ships);
    }

    private sealed class Unknown : Arrivals
    {
        public override void Describe<TSink>(ref TSink sink)
        {
            sink.Add(nameof(Ships), Ships);
            sink.Add(nameof(Tonnes), Tonnes);
            sink.Add("Tons", 0);
        }
    }

    private sealed class Twice : Arrivals
    {
        public override void Describe<TSink>(ref TSink sink)
        {
            sink.Add(nameof(Ships), Ships);
            sink.Add(nameof(Ships), Ships);
            sink.Add(nameof(Tonnes), Tonnes);
        }
    }

    private sealed class Crossed : Arrivals
    {
        public override void Describe<TSink>(ref TSink sink)
        {
            sink.Add(nameof(Ships), Tonnes);
            sink.Add(nameof(Tonnes), Ships);
        }
    }
}
