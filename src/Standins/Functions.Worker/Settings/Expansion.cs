using System.Text;
using Microsoft.Extensions.Configuration;

namespace Standin.Functions.Worker.Settings;

/// <summary>Replaces <c>%NAME%</c> by the app setting of that name, any number of times; values are not expanded again. Rule: WebJobs' INameResolver.</summary>
internal static class Expansion
{
    /// <summary>The expanded text, or the host's message why not.</summary>
    public static bool TryExpand(string text, IConfiguration settings, out string expanded, out string error)
    {
        var result = new StringBuilder();
        (expanded, error) = (text, "");
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf('%', at);
            if (open < 0)
            {
                result.Append(text, at, text.Length - at);
                break;
            }
            result.Append(text, at, open - at);
            var close = text.IndexOf('%', open + 1);
            if (close < 0)
            {
                error = $"The '%' at position {open} does not have a closing '%'; write %SETTING%.";
                return false;
            }
            var name = text[(open + 1)..close];
            if (name.Length == 0 || settings[name] is not { } value)
            {
                error = $"'%{name}%' does not resolve to a value.";
                return false;
            }
            result.Append(value);
            at = close + 1;
        }
        expanded = result.ToString();
        return true;
    }
}
