using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>
/// Paid calls that the body of a step makes by itself, in an order that only it knows: a program that asks models while it runs.
/// Each is in the journal like a step of its own, under its step's key; when the body runs again after a crash, a call that had
/// been answered is answered from there.
/// </summary>
/// <param name="journal">The run's journal.</param>
/// <param name="runner">Runs them.</param>
/// <param name="process">The process of the step.</param>
/// <param name="step">The step's key.</param>
/// <param name="appended">Is told what was appended.</param>
internal sealed class PaidCalls(
    RunJournal journal, StepRunner runner, long process, string step, Action<IReadOnlyList<Draft>, Receipt> appended)
{
    private readonly Lazy<IReadOnlyDictionary<string, KeyState>> _before = new(() =>
        ProcessHistory.Load(journal.Reader, process).Keys.Where(pair => IsOf(step, pair.Key)).ToDictionary(StringComparer.Ordinal));

    /// <summary>Whether a key is that of a call that a step's body made.</summary>
    public static bool IsOf(string step, string key) => key.StartsWith($"{step}/call/", StringComparison.Ordinal);

    public async Task<TOut> CallAsync<TIn, TOut>(
        string key, Effect effect, TIn input, Func<Attempt, CancellationToken, Task<TOut>> body, CancellationToken cancellation)
    {
        Contract.Require(typeof(TOut));
        var hash = Canonical.Hash(0, Canonical.Serialize(input));
        var work = new StepWork(
            $"{step}/call/{key}", hash, effect, StepOptions.Default, null,
            async (attempt, ending) => Canonical.Serialize(await body(attempt, ending)), static value => Canonical.Serialize((TOut)value!));
        var former = _before.Value.GetValueOrDefault(work.Key);
        if (former?.Answers(hash) == true)
        {
            return Read<TOut>(former.Answer!.Kind, former.Answer.Data);
        }

        if (await runner.RunAsync(work, former?.Answer, former?.OpenIntents ?? [], accepted: false, cancellation) is not StepEnd.Stated end)
        {
            throw new OperationCanceledException(cancellation);
        }

        appended(end.Drafts, await journal.AppendAsync(new AppendUnit(end.Drafts, end.Blobs)));
        end.Appended?.Invoke();
        return Read<TOut>(end.Drafts[^1].Kind, end.Drafts[^1].Data);
    }

    private static T Read<T>(EntryKind kind, ReadOnlyMemory<byte> data) => kind == EntryKind.StepFailed
        ? throw new StepFailedException(Canonical.Deserialize<Failure>(data.Span))
        : Canonical.Deserialize<T>(data.Span);
}
