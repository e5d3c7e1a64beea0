using Pipeline.Local;

var (options, code) = LocalOptions.Parse(args, Console.Out, Console.Error);
if (options is null)
{
    return code;
}
var log = new ConsoleLog(Console.Out, Console.Error, TimeProvider.System, options);
await using var host = new LocalHost(options, log, TimeProvider.System);
return await host.RunAsync();
