using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// <c>infra/budget.sh</c> keeps the date of a budget that is there, begins a new one in this month, and is no reason that
/// a deployment fails.
/// </summary>
public sealed class BudgetTests : IDisposable
{
    private const string List =
        "rest --method get --url /the-group/providers/Microsoft.Consumption/budgets?api-version=2026-06-01 "
        + "--query value[?name=='budget-tradepipe-dev'].properties.timePeriod.startDate --output tsv";
    private const string Create =
        "deployment group create --resource-group rg --name budget --parameters infra/budget/dev.bicepparam --output none";
    private readonly Script script = new();

    public void Dispose() => script.Dispose();

    [Theory]
    [InlineData("echo 2025-07-01T00:00:00Z", "2025-07-01")]
    [InlineData(":", "2026-11-01")] // there is none yet
    [InlineData("exit 1", "2026-11-01")] // budgets cannot be read: the deployment says why
    public async Task A_budget_keeps_its_date_and_a_new_one_begins_in_this_month(string listed, string from)
    {
        var (code, output, error) = await RunAsync(listed, "[ \"$BUDGET_START_DATE\" = " + from + " ]", "dev");
        Assert.Equal((0, $"budget: set for dev, from {from}\n", ""), (code, output, error));
    }

    [Fact]
    public async Task A_budget_that_is_refused_says_what_to_do()
    {
        var (code, output, error) = await RunAsync(":", "exit 1", "dev");
        Assert.Equal(
            (
                1,
                "",
                "budget: Azure did not take the budget of dev from 2026-11-01 (above); nothing else depends on it. If the "
                    + "offer of the subscription has no budgets, watch Cost analysis instead\n"
            ),
            (code, output, error)
        );
    }

    [Theory]
    [InlineData(
        "",
        "there is no infra/budget/ENVIRONMENT.bicepparam, expected the name of an environment: dev or prod"
    )]
    [InlineData("test", "there is no infra/budget/test.bicepparam, expected the name of an environment: dev or prod")]
    [InlineData("dev", "ALERT_EMAIL is not set; set it as for the deployment (infra/DEPLOY.md)")]
    public async Task What_is_lacking_is_said(string environment, string message)
    {
        var (code, output, error) = await RunAsync(":", ":", environment, mail: null);
        Assert.Equal((2, "", $"budget: {message}\n"), (code, output, error));
    }

    [Fact]
    public void A_deployment_goes_on_without_a_budget()
    {
        Assert.DoesNotContain(BicepFile.All.Where(file => file.Name != "budget.bicep"), file =>
            file.Text.Contains("Microsoft.Consumption", StringComparison.Ordinal)
        );
        Assert.Contains(
            "        run: bash infra/budget.sh ${{ inputs.environment }} || echo \"::warning::the budget is not set; "
                + "see the log of this step\"\n",
            File.ReadAllText(Path.Combine(Repository.Root, ".github", "workflows", "deploy.yml")),
            StringComparison.Ordinal
        );
    }

    private Task<(int Code, string Out, string Error)> RunAsync(
        string listed,
        string created,
        string environment,
        string? mail = "ops@example.com"
    )
    {
        script.Command("date", "[ \"$*\" = '-u +%Y-%m-01' ] && echo 2026-11-01");
        script.Command(
            "az",
            $$"""
            case "$*" in
              'group show --name rg --query id --output tsv') echo /the-group ;;
              "{{List}}") {{listed}} ;;
              "{{Create}}") {{created}} ;;
              *) echo "unexpected: $*" >&2; exit 9 ;;
            esac
            """
        );
        return script.RunAsync(
            "budget.sh",
            environment.Length == 0 ? [] : [environment],
            new Dictionary<string, string?> { ["AZURE_RESOURCE_GROUP"] = "rg", ["ALERT_EMAIL"] = mail }
        );
    }
}
