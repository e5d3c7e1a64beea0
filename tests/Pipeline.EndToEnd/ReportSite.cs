using System.Text.Json;
using Microsoft.Playwright;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>
/// The app staying up on the account of the quiet run, and a real browser that looks at its report. Without
/// Chromium the tests are skipped.
/// </summary>
public sealed class ReportSite(Azurite azurite) : IAsyncLifetime
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly SemaphoreSlim one = new(1);
    private App? app;
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>Where the app listens, with a slash at the end.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The account whose tables the page shows.</summary>
    internal Account Account { get; private set; } = null!;

    /// <summary>Chromium on this machine; null when there is none.</summary>
    public static string? Chromium { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .SelectMany(folder => Names, Path.Combine)
            .FirstOrDefault(File.Exists);

    public async ValueTask InitializeAsync()
    {
        var quiet = await QuietRun.GetAsync(azurite);
        Account = new Account(quiet.ConnectionString);
        (app, Address) = await ServeAsync(quiet.ConnectionString);
    }

    /// <summary>Starts the app on an account, with timers that do not fire while a test runs.</summary>
    internal static async Task<(App App, string Address)> ServeAsync(
        string account,
        params (string Name, string Value)[] more
    )
    {
        var settings = App.Settings(account);
        foreach (var timer in AllSettings.PlanSchedules)
            settings[timer] = AllSettings.NoSchedule;
        foreach (var (name, value) in more)
            settings[name] = value;
        var port = Loopback.FreePort();
        var served = App.Start(settings, "--port", $"{port}");
        await served.UntilSaysAsync("ready: ");
        return (served, $"http://localhost:{port}/");
    }

    /// <summary>Opens a page in a browser profile of its own.</summary>
    /// <param name="options">Screen, colours and so on.</param>
    /// <param name="address">The page; the report of the quiet run when null.</param>
    public async Task<Visit> OpenAsync(BrowserNewContextOptions? options = null, string? address = null)
    {
        if (Chromium is null)
            Assert.Skip($"no Chromium on the PATH ({string.Join(", ", Names)}); on Debian: apt-get install chromium");
        await one.WaitAsync();
        try
        {
            playwright ??= await Playwright.CreateAsync();
            browser ??= await playwright.Chromium.LaunchAsync(
                new BrowserTypeLaunchOptions
                {
                    ExecutablePath = Chromium,
                    Args =
                    [
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                    ],
                }
            );
        }
        finally
        {
            one.Release();
        }
        var visit = new Visit(await browser.NewContextAsync(options));
        await visit.GotoAsync(address ?? $"{Address}api/report");
        return visit;
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.CloseAsync();
        playwright?.Dispose();
        if (app is not null)
            await app.DisposeAsync();
        one.Dispose();
    }
}

/// <summary>A page in a browser, and everything the browser complained about or asked for.</summary>
public sealed class Visit(IBrowserContext context) : IAsyncDisposable
{
    public IPage Page { get; private set; } = null!;
    public List<string> Complaints { get; } = [];
    public List<string> Requests { get; } = [];

    /// <summary>A panel of a figure as the page's table has it.</summary>
    public sealed record PanelTable(string Figure, string Name, string Evidence, string[] Head, string[][] Rows);

    internal async Task GotoAsync(string address)
    {
        Page = await context.NewPageAsync();
        Page.SetDefaultTimeout(120_000);
        Page.Console += (_, message) => Complaints.Add(message.Text);
        Page.PageError += (_, error) => Complaints.Add(error);
        Page.Request += (_, request) => Requests.Add(request.Url);
        var answer = await Page.GotoAsync(address);
        Assert.Equal(200, answer!.Status);
    }

    /// <summary>All panels, whether they are shown or not.</summary>
    public async Task<PanelTable[]> PanelsAsync() =>
        JsonSerializer.Deserialize<PanelTable[]>(
            await Page.EvaluateAsync<string>(
                """
                () => JSON.stringify([...document.querySelectorAll('.panel')].map(panel => ({
                  figure: panel.closest('.figure').id, name: panel.dataset.name, evidence: panel.querySelector('.evidence code').textContent,
                  head: [...panel.querySelectorAll('details thead th')].map(cell => cell.textContent), rows: [...panel.querySelectorAll('details tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))
                })))
                """
            ),
            JsonSerializerOptions.Web
        )!;

    /// <summary>
    /// The pixels of a chart's canvas that have a colour of the style sheet: how many, and each row of them as
    /// y, first x, last x, relative to the plot area (0 to 1).
    /// </summary>
    public async Task<Ink> InkAsync(string figure, string colour) =>
        JsonSerializer.Deserialize<Ink>(
            await Page.EvaluateAsync<string>(
                """
                ([figure, name]) => {
                  const panel = [...document.querySelectorAll(`#${figure} .panel`)].find(panel => !panel.hidden);
                  const [canvas, over] = [panel.querySelector('canvas'), panel.querySelector('.u-over')];
                  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
                  const wanted = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
                  const scale = canvas.width / canvas.clientWidth;
                  const [left, top, width, height] = [over.offsetLeft, over.offsetTop, over.clientWidth, over.clientHeight].map(value => Math.round(value * scale));
                  const { data } = canvas.getContext('2d').getImageData(left, top, width, height);
                  const rows = [];
                  let count = 0;
                  for (let y = 0; y < height; y++) {
                    let [first, last] = [-1, -1];
                    for (let x = 0; x < width; x++) {
                      const at = (y * width + x) * 4;
                      if (data[at + 3] < 200 || wanted.some((part, i) => Math.abs(part - data[at + i]) > 24)) continue;
                      count++;
                      if (first < 0) first = x;
                      last = x;
                    }
                    if (first >= 0) rows.push({ y: y / height, first: first / width, last: (last + 1) / width });
                  }
                  return JSON.stringify({ count, rows });
                }
                """,
                new[] { figure, colour }
            ),
            JsonSerializerOptions.Web
        )!;

    public sealed record Ink(int Count, InkRow[] Rows);

    public sealed record InkRow(double Y, double First, double Last);

    /// <summary>What axe-core finds wrong with the page as it is: rule, impact and place.</summary>
    public async Task<string[]> AccessibilityAsync()
    {
        await Page.EvaluateAsync(
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "node_modules", "axe-core", "axe.min.js"))
        );
        return await Page.EvaluateAsync<string[]>(
            """
            async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.flatMap(rule => rule.nodes.map(node => `${rule.id} (${rule.impact}): ${node.target} ${node.failureSummary}`))
            """
        );
    }

    public async ValueTask DisposeAsync() => await context.CloseAsync();
}
