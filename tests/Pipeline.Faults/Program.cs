using Pipeline.Faults;
using Xunit.Runner.InProc.SystemConsole;

// A process that a test started: it works on an account until it is told to end.
if (args is ["worker"]) return await Pipeline.Faults.Processes.Worker.RunAsync(Console.In, Console.Out);
var code = await ConsoleRunner.Run(args);
// Under dotnet test somebody else reads the output; on its own the command ends with the table.
if (args.Length == 0)
{
    Console.WriteLine(Proof.Table());
    // A test that fails adds nothing: its promise must not look kept.
    if (code != 0) Console.WriteLine("tests failed, see above: the table lacks what they tried, and nothing is proved");
    if (code == 0 && Environment.GetEnvironmentVariable("UPDATE_README") == "1") Proof.WriteReadme();
}
return code;
