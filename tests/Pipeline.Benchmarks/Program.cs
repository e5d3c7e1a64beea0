using Pipeline.Benchmarks;
using Pipeline.Benchmarks.Service;

// A process that the command itself has started.
if (args is ["service", var kind])
    return await new ServiceHost(limited: kind == "limited", forgetful: kind == "forgetful").RunAsync();
if (args is ["run", var run, ..])
    return await Runs.RunAsync(run, args[2..]);
return await Command.RunAsync(args);
