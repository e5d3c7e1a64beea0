using Pipeline.Faults;
using Pipeline.Testing;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

// A process that a test started: it works on an account until it is told to end.
if (args is ["worker"])
    return await Pipeline.Faults.Processes.Worker.RunAsync(Console.In, Console.Out);

// Under dotnet test the platform drives the tests and reads what comes of them.
if (args.Contains("--server"))
    return await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);

// On its own the command runs everything.
if (args.Length == 0 && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Share.Variable)))
    Environment.SetEnvironmentVariable(Share.Variable, Share.Full);
var code = await ConsoleRunner.Run(args);

// A filter asks for tests; without one the command ends with the table.
if (args.Length > 0)
    return code;
Console.WriteLine(Proof.Found.Text());
Console.Write(Proof.Found.Differences());

// What was not tried is not proved either.
if (code == 0 && !Proof.Found.AllHeld)
    code = 1;
if (code != 0)
{
    Console.WriteLine("tests failed, see above: the promises that the table marks or lacks are not proved");
}
else if (Environment.GetEnvironmentVariable("UPDATE_README") == "1")
{
    Proof.WritePage();
}
else if (Proof.IsUsual && Proof.Outdated() is { Length: > 0 } outdated)
{
    // Only here, where everything has run: a test alone knows its own part.
    Console.WriteLine($"docs/proofs.md says otherwise, UPDATE_README=1 writes it again:\n{outdated}");
    return 1;
}
return code;
