using Microsoft.Azure.Functions.Worker;
using Standin.Functions.Worker.Invocations;

namespace Standin.Functions.Worker.Timers;

/// <summary>A timer's occurrence as a trigger's value.</summary>
internal sealed class TimerInput(ScheduleStatus? status, bool pastDue) : TriggerInput
{
    public override IReadOnlyDictionary<string, object?> BindingData { get; } = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);

    public override object Convert(Type type) => new TimerInfo { ScheduleStatus = status, IsPastDue = pastDue };
}
