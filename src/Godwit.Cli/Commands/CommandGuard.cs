using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary>What all commands share: errors become one line and an exit code, results become JSON when asked.</summary>
internal static class CommandGuard
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static Option<bool> JsonOption() => new("--json") { Description = "Print the result as JSON on standard output." };

    public static void SetGuardedAction(this Command command, Func<ParseResult, CancellationToken, Task<ExitCode>> action) =>
        command.SetAction(async (parsed, cancellation) => (int)await GuardAsync(() => action(parsed, cancellation)));

    public static void PrintJson<T>(T value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, Json));

    private static async Task<ExitCode> GuardAsync(Func<Task<ExitCode>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception error)
        {
            var (code, message) = error switch
            {
                OperationCanceledException => (ExitCode.Stopped, "stopped"),
                RunOwnedException { Run: { } run } =>
                    (ExitCode.Journal, $"{error.Message}; 'godwit attach {run}' watches it and 'godwit stop {run}' ends it"),
                JournalStoppedException { Run: { } run } => (ExitCode.Journal, $"{error.Message}: godwit resume {run}"),
                JournalException => (ExitCode.Journal, error.Message),
                SandboxException => (ExitCode.Unavailable, error.Message),
                EvidenceException evidence => (evidence.UnknownKey ? ExitCode.UnknownKey : ExitCode.BadEvidence, error.Message),
                GitException => (ExitCode.Failed, error.Message),
                UsageException or ArgumentException or InvalidDataException or FormatException => (ExitCode.Usage, error.Message),
                DurableRuleException => (ExitCode.Internal, error.Message),
                UnauthorizedAccessException or IOException => (ExitCode.Failed, error.Message),
                _ => (ExitCode.Internal, $"this is a mistake in godwit itself: {error}"),
            };
            Console.Error.WriteLine($"godwit: {message}");
            return code;
        }
    }
}

/// <summary>The user asked for something that can't be. The message is one line that says how to mend it.</summary>
/// <param name="message">What, where, how.</param>
internal sealed class UsageException(string message) : Exception(message);
