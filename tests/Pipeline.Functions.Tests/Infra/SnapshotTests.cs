using System.Text.Json;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// The committed snapshots: what the template makes of dev, of prod and of a private network. <c>infra/check.sh</c>
/// compares them with the template; a difference is read before it is committed.
/// </summary>
public sealed class SnapshotTests
{
    public static TheoryData<string> Files => ["environments/dev", "environments/prod", "snapshots/private-network"];

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_is_of_one_resource_group_and_was_predicted_without_a_warning(string file)
    {
        var snapshot = Read(file);
        Assert.Empty(snapshot.GetProperty("diagnostics").EnumerateArray());
        var resources = snapshot.GetProperty("predictedResources").EnumerateArray().ToList();
        Assert.True(resources.Count > 60, $"{resources.Count} resources");
        // The names of private zones are known in Azure only, and so is the id that is made of them.
        const string Subscription = "00000000-0000-0000-0000-000000000002";
        var group = $"rg-tradepipe-{Path.GetFileName(file)}";
        Assert.All(resources, resource =>
            Assert.Matches(
                $@"^(?:/subscriptions/{Subscription}/resourceGroups/{group}/|\[(?:extensionR|r)esourceId\('{Subscription}', '{group}', )",
                Text(resource, "id")
            )
        );
    }

    [Fact]
    public void There_is_one_of_every_environment() =>
        Assert.Equal(
            Files.Select(file => file.Data).Order(StringComparer.Ordinal),
            Directory
                .EnumerateFiles(BicepFile.Folder, "*.bicepparam", SearchOption.AllDirectories)
                .Select(path => Path.ChangeExtension(Path.GetRelativePath(BicepFile.Folder, path), null))
                // azd's, whose values are those of the person who runs it; budgets, which are apart
                .Where(path => path != "main" && !path.StartsWith("budget/", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );

    [Fact]
    public void A_private_network_has_endpoints_and_closes_both_accounts_and_the_vault()
    {
        var closed = Read("snapshots/private-network").GetProperty("predictedResources").EnumerateArray().ToList();
        Assert.Equal(7, closed.Count(resource => Text(resource, "type") == "Microsoft.Network/privateEndpoints"));
        foreach (var type in (string[])["Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"])
        {
            Assert.All(closed.Where(resource => Text(resource, "type") == type), resource =>
                Assert.Equal("Deny", Template.At(resource, "properties/networkAcls/defaultAction"))
            );
        }

        Assert.DoesNotContain(Read("environments/prod").GetProperty("predictedResources").EnumerateArray(), resource =>
            Text(resource, "type").StartsWith("Microsoft.Network/", StringComparison.Ordinal)
        );
    }

    private static JsonElement Read(string file)
    {
        using var document = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(BicepFile.Folder, $"{file}.snapshot.json"))
        );
        return document.RootElement.Clone();
    }

    private static string Text(JsonElement resource, string property) => resource.GetProperty(property).GetString()!;
}
