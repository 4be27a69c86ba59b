using Godwit.Durable;

namespace Godwit.Cli;

/// <summary>Answers other terminals on the run's socket.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    public static ControlServer Start(DurableRun run, CancellationTokenSource stop) => new();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
