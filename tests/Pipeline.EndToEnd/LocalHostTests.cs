using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>
/// What the local host says about things that it cannot work with, and that it leaves nothing running.
/// </summary>
public sealed class LocalHostTests(Azurite azurite)
{
    [Fact]
    public async Task A_port_in_use_is_said_in_one_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var ended = await App.RunAsync(App.Small(azurite.NewAccount()), "--port", $"{port}");
        Assert.Equal(1, ended.ExitCode);
        Assert.Matches(
            $"^--port: seen port {port} in use \\(.+\\), expected a free one; end what uses it, or name another "
                + "port\n$",
            ended.Error
        );
    }

    [Fact]
    public async Task An_Azurite_with_other_accounts_is_said_in_one_line()
    {
        var ended = await App.RunAsync(
            App.Settings(Emulator(azurite.BlobPort, azurite.QueuePort, azurite.TablePort)),
            "--once"
        );
        Assert.Equal(1, ended.ExitCode);
        Assert.Matches(
            $"^Azurite: seen status 40[0-9] from 127.0.0.1:{azurite.QueuePort} for the account of the settings, "
                + "expected an Azurite that knows it; stop that Azurite, or start it without AZURITE_ACCOUNTS\n$",
            ended.Error
        );
    }

    [Fact]
    public async Task A_server_that_is_no_Azurite_is_said_in_one_line()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        using var stop = new CancellationTokenSource();
        var closing = CloseAllAsync(other, stop.Token);
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var ended = await App.RunAsync(App.Settings(Emulator(port, port, port)), "--once");
        await stop.CancelAsync();
        await closing;
        Assert.Equal(1, ended.ExitCode);
        Assert.Equal(
            $"Azurite: seen no queue service on 127.0.0.1:{port}, expected Azurite; stop what listens there\n",
            ended.Error
        );
    }

    [Fact]
    public async Task Nothing_on_the_ports_with_no_azurite_is_said_in_one_line()
    {
        var port = Loopback.FreePort();
        var ended = await App.RunAsync(App.Settings(Emulator(port, port, port)), "--once");
        Assert.Equal(1, ended.ExitCode);
        Assert.Equal(
            $"Azurite: seen nothing on 127.0.0.1:{port}/{port}/{port} with --no-azurite, expected a running "
                + "Azurite; start it, or leave --no-azurite out\n",
            ended.Error
        );
    }

    [Theory]
    [InlineData("{", "host.json line 1: seen text that is not JSON, expected an object; correct the file")]
    [InlineData("{}", "host.json, version: seen nothing, expected the text \"2.0\"; add \"version\": \"2.0\"")]
    [InlineData("""{ "version": 2 }""", "host.json, version: seen 2, expected the text \"2.0\"; correct it")]
    [InlineData(
        """{ "version": "2.0", "extensions": { "queues": { "batchSize": "lots" } } }""",
        "host.json, extensions:queues:batchSize: seen \"lots\", expected a value of the host.json reference (The "
            + "input string 'lots' was not in a correct format); correct it"
    )]
    [InlineData(
        """{ "version": "2.0", "Version": "2.0" }""",
        "host.json: A duplicate key 'Version' was found, expected each name once, upper and lower case being the "
            + "same; correct the file"
    )]
    [InlineData(
        """{ "version": "2.0", "functionTimeout": "30" }""",
        "host.json, functionTimeout: seen \"30\", expected hh:mm:ss, at most 49 days, or -1 for no limit; correct it"
    )]
    [InlineData(
        """{ "version": "2.0", "functionTimeout": "50.00:00:00" }""",
        "host.json, functionTimeout: seen \"50.00:00:00\", expected hh:mm:ss, at most 49 days, or -1 for no limit; "
            + "correct it"
    )]
    public async Task A_bad_host_json_is_said_in_one_line(string text, string line)
    {
        var folder = Directory.CreateTempSubdirectory("host-json-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "host.json"), text);
            var ended = await App.RunAsync(App.Small(azurite.NewAccount()), "--once", "--app", folder.FullName);
            Assert.Equal((1, $"{folder.FullName}/{line}\n"), (ended.ExitCode, ended.Error));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_folder_without_an_app_is_said_in_one_line()
    {
        var folder = Directory.CreateTempSubdirectory("no-app-");
        try
        {
            var ended = await App.RunAsync(App.Small(azurite.NewAccount()), "--once", "--app", folder.FullName);
            Assert.Equal(1, ended.ExitCode);
            Assert.Matches(
                @"^.+/host\.json: cannot be read \(.+\), expected the app's host\.json; build the app again\n$",
                ended.Error
            );
            File.Copy(Path.Combine(App.Folder, "host.json"), Path.Combine(folder.FullName, "host.json"));
            ended = await App.RunAsync(App.Small(azurite.NewAccount()), "--once", "--app", folder.FullName);
            Assert.Equal(
                $"worker: seen no {folder.FullName}/Pipeline.Functions.dll, expected the built function app; run "
                    + "'dotnet build src/Pipeline.Local'\n",
                ended.Error
            );
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_worker_that_dies_at_its_start_is_said_in_one_line_with_its_last_words()
    {
        var folder = Directory.CreateTempSubdirectory("bad-app-");
        try
        {
            File.Copy(Path.Combine(App.Folder, "host.json"), Path.Combine(folder.FullName, "host.json"));
            Directory.CreateDirectory(Path.Combine(folder.FullName, "samples"));
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Pipeline.Functions.dll"), "not a program");
            var ended = await App.RunAsync(
                App.Small(azurite.NewAccount(), ("Sources__Mode", "live"), ("Census__ApiKey", new string('0', 40))),
                "--once",
                "--app",
                folder.FullName
            );
            Assert.Equal(1, ended.ExitCode);
            var line = Assert.Single(ended.ErrorLines);
            Assert.Matches(
                "^worker: ended with exit code [0-9]+ before it had listed its functions, its last lines: .+$",
                line
            );
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Without_Node_nothing_starts_and_the_line_says_what_to_install()
    {
        var ports = Enumerable.Range(0, 3).Select(_ => Loopback.FreePort()).ToArray();
        var dotnet = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Select(path => Path.Combine(path, "dotnet"))
            .First(File.Exists);
        var settings = App.Settings(Emulator(ports[0], ports[1], ports[2]));
        settings["PATH"] = Path.GetTempPath();
        await using var app = App.Command(dotnet, settings, App.Local, "--once");
        var ended = await app.EndAsync();
        Assert.Equal(
            (
                1,
                "Node.js: seen no 'node' on the PATH, expected Node.js 20 or newer with npm for Azurite; install "
                    + "it, or set AzureWebJobsStorage and PipelineStorage to a real account and use --no-azurite\n"
            ),
            (ended.ExitCode, ended.Error)
        );
    }

    [Fact]
    public async Task Azurite_is_started_used_by_a_host_of_another_checkout_and_stopped_by_the_last_one()
    {
        var ports = Enumerable.Range(0, 3).Select(_ => Loopback.FreePort()).ToArray();
        var data = Path.Combine(Repository.Root, ".azurite", ports[0].ToString(CultureInfo.InvariantCulture));
        var settings = App.Settings(Emulator(ports[0], ports[1], ports[2]));
        foreach (var timer in AllSettings.PlanSchedules)
            settings[timer] = AllSettings.NoSchedule;
        var checkout = Directory.CreateTempSubdirectory("checkout-");
        try
        {
            await File.WriteAllTextAsync(
                Path.Combine(checkout.FullName, "package.json"),
                """{ "dependencies": { "azurite": "*" } }"""
            );
            await using var first = App.Command("dotnet", settings, App.Local, "--port", $"{Loopback.FreePort()}");
            await first.UntilSaysAsync("ready: ");
            Assert.StartsWith(
                $"Azurite: started on 127.0.0.1:{string.Join('/', ports)}, data in {data}\n",
                first.Out,
                StringComparison.Ordinal
            );
            var port = Loopback.FreePort();
            await using var other = App.CommandIn(
                checkout.FullName,
                "dotnet",
                settings,
                App.Local,
                "--port",
                $"{port}"
            );
            await other.UntilSaysAsync("ready: ");
            Assert.StartsWith(
                $"Azurite: using the one on 127.0.0.1:{string.Join('/', ports)}, data in {data}\n",
                other.Out,
                StringComparison.Ordinal
            );
            await first.TerminateAsync();
            Assert.Equal(0, (await first.EndAsync()).ExitCode);
            using var http = new HttpClient();
            Assert.Matches(
                """^\{"status":"healthy","commit":"([0-9a-f]{40}|unknown)"\}$""",
                await http.GetStringAsync($"http://localhost:{port}/api/health")
            );
            await other.TerminateAsync();
            Assert.Equal(0, (await other.EndAsync()).ExitCode);
            foreach (var service in ports)
                Assert.False(await Loopback.AnswersAsync(service));
            Assert.Empty(Directory.EnumerateFiles(App.Hosts(ports), "host-*.json"));
        }
        finally
        {
            checkout.Delete(recursive: true);
            if (Directory.Exists(data))
                Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task Without_a_network_npm_fails_and_the_line_says_what_to_do()
    {
        var ports = Enumerable.Range(0, 3).Select(_ => Loopback.FreePort()).ToArray();
        var settings = App.Settings(Emulator(ports[0], ports[1], ports[2]));
        settings["npm_config_registry"] = $"http://127.0.0.1:{Loopback.FreePort()}/";
        settings["npm_config_fetch_retries"] = "0";
        var checkout = Directory.CreateTempSubdirectory("checkout-");
        settings["npm_config_cache"] = Path.Combine(checkout.FullName, "cache");
        try
        {
            foreach (var file in (string[])["package.json", "package-lock.json"])
                File.Copy(Path.Combine(Repository.Root, file), Path.Combine(checkout.FullName, file));
            await using var app = App.CommandIn(checkout.FullName, "dotnet", settings, App.Local, "--once");
            var ended = await app.EndAsync();
            Assert.Equal(1, ended.ExitCode);
            Assert.Equal(
                $"'npm ci --omit=optional' in {checkout.FullName}: seen exit code 1, expected the packages of "
                    + "package.json; connect to the network and run it by hand. Its last lines:",
                ended.ErrorLines[0]
            );
            // What npm said, and nothing of ours.
            Assert.All(ended.ErrorLines.Skip(1), line => Assert.StartsWith("  ", line, StringComparison.Ordinal));
            Assert.Empty(Directory.EnumerateFiles(App.Hosts(ports), "host-*.json"));
        }
        finally
        {
            checkout.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task An_Azurite_that_dies_ends_the_host_in_one_line_and_one_that_was_left_behind_is_used()
    {
        var ports = Enumerable.Range(0, 3).Select(_ => Loopback.FreePort()).ToArray();
        var data = Path.Combine(Repository.Root, ".azurite", ports[0].ToString(CultureInfo.InvariantCulture));
        var settings = App.Settings(Emulator(ports[0], ports[1], ports[2]));
        foreach (var timer in AllSettings.PlanSchedules)
            settings[timer] = AllSettings.NoSchedule;
        try
        {
            await using (var killed = App.Command("dotnet", settings, App.Local, "--port", $"{Loopback.FreePort()}"))
            {
                await killed.UntilSaysAsync("ready: ");
                await killed.KillAsync();
            }
            await using var app = App.Command("dotnet", settings, App.Local, "--port", $"{Loopback.FreePort()}");
            await app.UntilSaysAsync("ready: ");
            Assert.Contains(
                $"Azurite: using the one on 127.0.0.1:{string.Join('/', ports)}, data in {data}\n",
                app.Out,
                StringComparison.Ordinal
            );
            KillAzurite(ports);
            var ended = await app.EndAsync();
            Assert.Equal(1, ended.ExitCode);
            Assert.Equal(
                $"Azurite: does not answer on 127.0.0.1:{string.Join('/', ports)} any more; run the command again: "
                    + "nothing that was stored is lost, and the work goes on where it ended",
                ended.ErrorLines[^1]
            );
        }
        finally
        {
            if (Directory.Exists(data))
                Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task An_Azurite_that_dies_under_a_run_ends_it_in_one_line()
    {
        var ports = Enumerable.Range(0, 3).Select(_ => Loopback.FreePort()).ToArray();
        var data = Path.Combine(Repository.Root, ".azurite", ports[0].ToString(CultureInfo.InvariantCulture));
        try
        {
            await using var app = App.Command(
                "dotnet",
                App.Settings(Emulator(ports[0], ports[1], ports[2])),
                App.Local,
                "--once"
            );
            await app.UntilSaysAsync("PlanMoexHolders: 3 slices are due");
            KillAzurite(ports);
            var ended = await app.EndAsync();
            Assert.Equal(1, ended.ExitCode);
            Assert.StartsWith("Azurite: ended with exit code 137", ended.ErrorLines[^1], StringComparison.Ordinal);
            Assert.EndsWith(
                "; run the command again: nothing that was stored is lost, and the work goes on where it ended",
                ended.ErrorLines[^1],
                StringComparison.Ordinal
            );
        }
        finally
        {
            if (Directory.Exists(data))
                Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task The_host_s_own_storage_may_be_another_Azurite_and_both_are_started()
    {
        var ports = Enumerable.Range(0, 6).Select(_ => Loopback.FreePort()).ToArray();
        string[] data =
        [
            .. new[] { ports[0], ports[3] }.Select(port =>
                Path.Combine(Repository.Root, ".azurite", port.ToString(CultureInfo.InvariantCulture))
            ),
        ];
        var settings = App.Small(Emulator(ports[0], ports[1], ports[2]));
        settings["AzureWebJobsStorage"] = Emulator(ports[3], ports[4], ports[5]);
        try
        {
            await using var app = App.Command("dotnet", settings, App.Local, "--port", $"{Loopback.FreePort()}");
            await app.UntilSaysAsync("ready: ");
            foreach (var port in ports)
                Assert.True(await Loopback.AnswersAsync(port));
            await app.TerminateAsync();
            Assert.Equal(0, (await app.EndAsync()).ExitCode);
            foreach (var port in ports)
                Assert.False(await Loopback.AnswersAsync(port));
        }
        finally
        {
            foreach (var folder in data.Where(Directory.Exists))
                Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_doctor_names_each_check_and_what_is_wrong()
    {
        var port = Loopback.FreePort();
        await using var doctor = App.Command(
            "dotnet",
            App.Settings(Emulator(port, port, port)),
            App.Local,
            "--doctor",
            "--port",
            $"{Loopback.FreePort()}"
        );
        var good = await doctor.EndAsync();
        Assert.True(good.ExitCode == 0, good.ToString());
        foreach (
            var what in (string[])
                [
                    "Node.js: ",
                    "npm packages: ",
                    "function app: ",
                    "host.json: routes begin with api/",
                    "settings: complete, Sources__Mode is samples",
                    "PipelineStorage and AzureWebJobsStorage: Azurite is not running on "
                        + $"127.0.0.1:{port}/{port}/{port}; the next run starts it",
                ]
        )
        {
            Assert.Contains($"ok    {what}", good.Out, StringComparison.Ordinal);
        }

        var without = await App.RunAsync(
            App.Settings(Emulator(port, port, port)),
            "--doctor",
            "--port",
            $"{Loopback.FreePort()}"
        );
        Assert.Equal(1, without.ExitCode);
        Assert.Contains(
            $"wrong PipelineStorage and AzureWebJobsStorage: Azurite: seen nothing on 127.0.0.1:{port}/{port}/{port} "
                + "with --no-azurite, expected a running Azurite; start it, or leave --no-azurite out\n",
            without.Out,
            StringComparison.Ordinal
        );

        var settings = App.Settings(Emulator(azurite.BlobPort, azurite.QueuePort, azurite.TablePort));
        settings["CENSUS_SCHEDULE"] = "daily";
        settings["AzureWebJobsStorage"] = Emulator(port, azurite.QueuePort, port);
        var bad = await App.RunAsync(settings, "--doctor", "--port", $"{azurite.BlobPort}");
        Assert.Equal(1, bad.ExitCode);
        Assert.Contains(
            "\nwrong settings: CENSUS_SCHEDULE: seen \"daily\", expected six fields",
            bad.Out,
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"\nwrong port {azurite.BlobPort}: in use; end what uses it, or name another one with --port\n",
            bad.Out,
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"\nwrong PipelineStorage: seen an Azurite on 127.0.0.1:{azurite.BlobPort}/{azurite.QueuePort}/"
                + $"{azurite.TablePort} that does not know the account (",
            bad.Out,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "), expected an Azurite with this account; stop what listens there\n",
            bad.Out,
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"\nwrong AzureWebJobsStorage: seen 1 of the ports 127.0.0.1:{port}/{azurite.QueuePort}/{port} in use, "
                + "expected all of them (a running Azurite) or none; stop what uses them\n",
            bad.Out,
            StringComparison.Ordinal
        );

        var json = await App.RunAsync(settings, "--doctor", "--json", "--port", $"{azurite.BlobPort}");
        Assert.Equal(1, json.ExitCode);
        Assert.Empty(json.Error);
        foreach (var line in json.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var fields = JsonDocument.Parse(line);
            var message = fields.RootElement.GetProperty("message").GetString()!;
            Assert.Equal(
                message.StartsWith("wrong ", StringComparison.Ordinal) ? "error" : "information",
                fields.RootElement.GetProperty("level").GetString()
            );
        }
    }

    [Fact]
    public async Task Ctrl_C_stops_a_run_cleanly_and_the_next_one_goes_on()
    {
        var quiet = await QuietRun.GetToDisturbAsync(azurite);
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        await using (var app = App.Start(QuietRun.ToDisturb(connection), "--once"))
        {
            await app.UntilAsync("the first facts are written", async () =>
                (await account.RowsAsync("trademonthly", "PartitionKey eq '4621|imports|total'")).Count > 0
            );
            await app.TerminateAsync();
            var ended = await app.EndAsync();
            Assert.Equal(130, ended.ExitCode);
            Assert.Contains("\nstopping …\n", ended.Out, StringComparison.Ordinal);
            Assert.EndsWith(
                "\nstopped before everything was done; the next run goes on from here\n",
                ended.Out,
                StringComparison.Ordinal
            );
        }
        var next = await App.RunAsync(QuietRun.ToDisturb(connection), "--once");
        Assert.True(next.ExitCode == 0, next.ToString());
        await quiet.AssertSameAsync(connection);
    }

    [Fact]
    public async Task A_function_is_run_by_hand_and_an_unknown_one_is_named()
    {
        var (app, address) = await ReportSite.ServeAsync(azurite.NewAccount());
        await using var running = app;
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var home = await http.GetAsync(address);
        Assert.Equal((HttpStatusCode.Found, "/api/report"), (home.StatusCode, home.Headers.Location!.OriginalString));
        using var run = await http.PostAsync($"{address}admin/functions/PlanMoexHolders", null);
        Assert.Equal(HttpStatusCode.Accepted, run.StatusCode);
        await app.UntilSaysAsync("PlanMoexHolders: moex-holders: 3 of 3 slices are due");
        foreach (
            var (name, body, words) in (IEnumerable<(string, string, string)>)
                [
                    ("Pull", "{\"input\":5}", "seen a body of another form, expected {\"input\": \"…\"} or none"),
                    ("Pull", "input", "seen a body of another form, expected {\"input\": \"…\"} or none"),
                    ("KeepDeadPull", "", "KeepDeadPull takes whole messages, expected one in its queue; send it there"),
                    ("Health", "", "Health runs by its own address, expected one of "),
                ]
        )
        {
            using var refused = await http.PostAsync($"{address}admin/functions/{name}", new StringContent(body));
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.StartsWith(
                words,
                JsonDocument
                    .Parse(await refused.Content.ReadAsStringAsync())
                    .RootElement.GetProperty("error")
                    .GetString(),
                StringComparison.Ordinal
            );
        }
        using var unknown = await http.PostAsync($"{address}admin/functions/Plan", null);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.StartsWith(
            """{"error":"seen function \"Plan\", expected one of """,
            await unknown.Content.ReadAsStringAsync(),
            StringComparison.Ordinal
        );
        using var wrong = await http.PostAsync($"{address}api/health", null);
        Assert.Equal(HttpStatusCode.NotFound, wrong.StatusCode);
    }

    private static void KillAzurite(int[] ports)
    {
        using var entry = JsonDocument.Parse(File.ReadAllText(Path.Combine(App.Hosts(ports), "azurite.json")));
        using var process = Process.GetProcessById(
            entry.RootElement.GetProperty("Process").GetProperty("Pid").GetInt32()
        );
        process.Kill();
    }

    private static string Emulator(int blob, int queue, int table) =>
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
        + "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
        + $"BlobEndpoint=http://127.0.0.1:{blob}/devstoreaccount1;QueueEndpoint=http://127.0.0.1:{queue}/"
        + $"devstoreaccount1;TableEndpoint=http://127.0.0.1:{table}/devstoreaccount1;";

    private static async Task CloseAllAsync(TcpListener listener, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The test has ended.
        }
    }
}
