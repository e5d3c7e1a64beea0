using System.Reflection;
using System.Reflection.Emit;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.WebJobs;
using Pipeline.Local.Worker;
using QueueTrigger = Pipeline.Local.Worker.QueueTrigger;
using TimerTrigger = Pipeline.Local.Worker.TimerTrigger;

namespace Pipeline.Local.Listeners;

/// <summary>
/// Makes the class that the WebJobs SDK indexes: it knows functions only as methods with attributes, and the functions
/// of the worker are not known before it has listed them.
/// </summary>
internal static class JobTypeBuilder
{
    /// <summary>Makes a class with one method a queue or timer function.</summary>
    /// <param name="functions">The functions.</param>
    /// <param name="withTimers">False leaves the timers out, so that none fires.</param>
    public static Type Build(IEnumerable<WorkerFunction> functions, bool withTimers)
    {
        var module = AssemblyBuilder
            .DefineDynamicAssembly(new AssemblyName("Pipeline.Local.Jobs"), AssemblyBuilderAccess.Run)
            .DefineDynamicModule("jobs");
        // The names of timers in storage begin with the name of their type.
        var type = module.DefineType(
            "Host.Functions",
            TypeAttributes.Public | TypeAttributes.Sealed,
            typeof(FunctionJobs)
        );
        DefineConstructor(type);
        foreach (var function in functions)
        {
            switch (function.Trigger)
            {
                case QueueTrigger queue:
                    DefineMethod(
                        type,
                        function.Name,
                        "RunQueueAsync",
                        typeof(QueueMessage),
                        Attribute(
                            typeof(QueueTriggerAttribute),
                            queue.Queue,
                            (nameof(QueueTriggerAttribute.Connection), queue.Connection)
                        )
                    );
                    break;
                case TimerTrigger timer when withTimers:
                    DefineMethod(
                        type,
                        function.Name,
                        "RunTimerAsync",
                        typeof(TimerInfo),
                        Attribute(typeof(TimerTriggerAttribute), timer.Schedule)
                    );
                    break;
            }
        }
        return type.CreateType();
    }

    private static void DefineConstructor(TypeBuilder type)
    {
        var constructor = type.DefineConstructor(
                MethodAttributes.Public,
                CallingConventions.HasThis,
                [typeof(FunctionInvoker)]
            )
            .GetILGenerator();
        constructor.Emit(OpCodes.Ldarg_0);
        constructor.Emit(OpCodes.Ldarg_1);
        constructor.Emit(
            OpCodes.Call,
            typeof(FunctionJobs).GetConstructor(
                BindingFlags.Instance | BindingFlags.NonPublic,
                [typeof(FunctionInvoker)]
            )!
        );
        constructor.Emit(OpCodes.Ret);
    }

    /// <summary><c>public Task Name(T trigger, CancellationToken token) => run(Name, trigger, token);</c></summary>
    private static void DefineMethod(
        TypeBuilder type,
        string name,
        string run,
        Type parameter,
        CustomAttributeBuilder trigger
    )
    {
        var method = type.DefineMethod(
            name,
            MethodAttributes.Public,
            typeof(Task),
            [parameter, typeof(CancellationToken)]
        );
        method.SetCustomAttribute(Attribute(typeof(FunctionNameAttribute), name));
        method.DefineParameter(1, ParameterAttributes.None, "trigger").SetCustomAttribute(trigger);
        method.DefineParameter(2, ParameterAttributes.None, "cancellationToken");
        var body = method.GetILGenerator();
        body.Emit(OpCodes.Ldarg_0);
        body.Emit(OpCodes.Ldstr, name);
        body.Emit(OpCodes.Ldarg_1);
        body.Emit(OpCodes.Ldarg_2);
        body.Emit(OpCodes.Call, typeof(FunctionJobs).GetMethod(run, BindingFlags.Instance | BindingFlags.NonPublic)!);
        body.Emit(OpCodes.Ret);
    }

    private static CustomAttributeBuilder Attribute(
        Type type,
        string argument,
        params (string Name, object Value)[] properties
    ) =>
        new(
            type.GetConstructor([typeof(string)])!,
            [argument],
            [.. properties.Select(property => type.GetProperty(property.Name)!)],
            [.. properties.Select(property => property.Value)]
        );
}
