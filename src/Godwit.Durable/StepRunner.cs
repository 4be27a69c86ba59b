using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>Runs one step by the rules of its effect. What it needs of the past is handed in; what it learned is handed back.</summary>
internal sealed class StepRunner(
    RunJournal journal, ActiveClock clock, DurableOptions options, long process, ActivityContext trace,
    Action<IReadOnlyList<Draft>, Receipt> intended)
{
    private const int NoSpaceLeft = 28; // ENOSPC

    public async Task<StepEnd> RunAsync(
        StepWork work, Entry? former, IReadOnlyList<Entry> openIntents, bool accepted, CancellationToken cancellation)
    {
        if (work.Options.Hold is { } hold && !await HoldAsync(hold, cancellation))
        {
            return new StepEnd.Interrupted();
        }

        using var activity = DurableTelemetry.StartStep(journal.Reader.Run, process, work, trace);
        var end = await RunByEffectAsync(work, former, openIntents, accepted, cancellation);
        DurableTelemetry.End(activity, work, end);
        return end;
    }

    /// <summary>Waits before anything of a step is begun; false where the run stops meanwhile.</summary>
    private async Task<bool> HoldAsync(Func<CancellationToken, Task> hold, CancellationToken cancellation)
    {
        try
        {
            var holding = hold(cancellation);
            if (!holding.IsCompleted)
            {
                // What would be written together with this step's intent doesn't wait for it.
                journal.Flush();
            }

            await holding;
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<StepEnd> RunByEffectAsync(
        StepWork work, Entry? former, IReadOnlyList<Entry> openIntents, bool accepted, CancellationToken cancellation)
    {
        switch (work.Effect)
        {
            case Effect.PaidCase paid:
                return await PayAsync(work, paid, former, openIntents, cancellation);
            case Effect.ExternalCase external:
                if (await SettleExternalAsync(work, external, former, openIntents, accepted, cancellation) is { } end)
                {
                    return end;
                }

                break;
        }

        return await TryAsync(work, former, cancellation);
    }

    /// <summary>Reserves, states the intent, tries, and gives the difference back once the result is durable.</summary>
    private async Task<StepEnd> PayAsync(
        StepWork work, Effect.PaidCase paid, Entry? former, IReadOnlyList<Entry> openIntents, CancellationToken cancellation)
    {
        var booked = openIntents.Select(open => Book(process, open)).ToList();
        IReservation? reservation = null;
        try
        {
            var reserving = paid.Budget?.ReserveAsync(paid.WorstCase, cancellation);
            if (reserving is { IsCompleted: false })
            {
                // What is queued behind the intent doesn't wait for others to give back what they hold.
                journal.Flush();
            }

            reservation = reserving is null ? null : await reserving;
        }
        catch (BudgetExceededException refused)
        {
            var end = await FailedAsync(
                work, new Failure("budget", BudgetExceededException.Cause, refused.Message, 0), Charge.None, cancellation);
            return end with { Drafts = [.. booked, .. end.Drafts] };
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new StepEnd.Interrupted();
        }

        try
        {
            // One unit: there is no moment in which the open call is neither booked nor reserved.
            var info = new EntryInfo.Step { Effect = "paid", Budget = paid.Budget?.Id, Charge = paid.WorstCase };
            await IntendAsync([.. booked, new Draft(process, EntryKind.StepIntended, work.Key, work.Input, info.ToBytes())]);
            var end = await TryAsync(work, former, cancellation);
            if (end is StepEnd.Interrupted { Unbilled: true })
            {
                await IntendAsync(
                    [
                        new Draft(
                            process, EntryKind.StepBooked, work.Key,
                            Info: new EntryInfo.Step { Budget = paid.Budget?.Id, Charge = Charge.None }.ToBytes()),
                    ]);
                reservation?.Settle(Charge.None);
                reservation = null;
                return end;
            }

            if (end is not StepEnd.Stated stated || reservation is null)
            {
                return end;
            }

            var (held, cost) = (reservation, stated.Info.Charge ?? Charge.None);
            reservation = null;
            return stated with { Appended = () => held.Settle(cost) };
        }
        finally
        {
            // What was interrupted stays open in the journal, and counts as spent.
            reservation?.Settle(paid.WorstCase);
        }
    }

    /// <summary>The entry that counts an open call as spent.</summary>
    public static Draft Book(long process, Entry intent)
    {
        var info = EntryInfo.Of<EntryInfo.Step>(intent);
        return new Draft(
            process, EntryKind.StepBooked, intent.Key, Info: new EntryInfo.Step { Budget = info.Budget, Charge = info.Charge }.ToBytes());
    }

    private async Task IntendAsync(IReadOnlyList<Draft> drafts)
    {
        var receipt = await journal.AppendAsync(new AppendUnit(drafts));
        intended(drafts, receipt);
        options.Failpoint?.Invoke("intended");
    }

    /// <summary>Decides whether an external step may be tried; an end that is not null is final.</summary>
    private async Task<StepEnd?> SettleExternalAsync(
        StepWork work, Effect.ExternalCase external, Entry? former, IReadOnlyList<Entry> openIntents, bool accepted,
        CancellationToken cancellation)
    {
        var open = openIntents.Count > 0 ? openIntents[^1] : null;
        if (!accepted && (former ?? open) is { } earlier && !earlier.Input.Span.SequenceEqual(work.Input))
        {
            return Park(work, former is null
                ? "it was tried before with another input, and whether that took effect isn't known"
                : "it took effect before with another input; an external step never fires twice");
        }

        if (open is null)
        {
            await IntendAsync([new Draft(
                process, EntryKind.StepIntended, work.Key, work.Input,
                new EntryInfo.Step { Effect = "external", Idempotency = IdempotencyKey(work) }.ToBytes())]);
            return null;
        }

        // An intent stands behind all that the step was asked for; an open one is from an earlier owner, and says nothing of that.
        await journal.AppendAsync(AppendUnit.Nothing);
        if (external.Probe is { } probe)
        {
            return await AskProbeAsync(work, probe, external.TargetDeduplicates, cancellation);
        }

        return external.TargetDeduplicates
            ? null
            : Park(work, "it was in flight when its owner died, and its target neither deduplicates nor can be asked");
    }

    private async Task<StepEnd?> AskProbeAsync(StepWork work, Probe probe, bool targetDeduplicates, CancellationToken cancellation)
    {
        // The old attempt's owner is dead: this one holds the lock. What it had sent may still be on its way.
        await Task.Delay(probe.Settle, options.Time, cancellation);
        return await probe.AskAsync(IdempotencyKey(work), cancellation) switch
        {
            ProbeAnswer.Happened happened => Completed(work, work.Serialize(happened.Value), new EntryInfo.Step(), []),
            ProbeAnswer.Absent => null,
            ProbeAnswer.Unknown when targetDeduplicates => null,
            ProbeAnswer.Unknown unknown => Park(work, unknown.Reason),
            _ => throw new InvalidOperationException("unknown answer of a probe"),
        };
    }

    /// <summary>Tries until the step has come to an end, as often as it may be tried.</summary>
    private async Task<StepEnd> TryAsync(StepWork work, Entry? former, CancellationToken cancellation)
    {
        var charge = Charge.None;
        var calls = new PaidCalls(journal, this, process, work.Key, intended);
        for (var number = 1; ; number++)
        {
            var attempt = new Attempt(number, journal.Generation, IdempotencyKey(work), journal.Reader, clock, calls);
            var (end, fault) = await AttemptAsync(work, attempt, former, charge, cancellation);
            if (end is null && work.Effect is Effect.ExternalCase external)
            {
                (end, fault) = await SettleAttemptAsync(work, external, fault!, cancellation);
            }

            if (end is not null)
            {
                return end;
            }

            charge += Cost(work, Charge.None, attempt) ?? Charge.None;
            if (!fault!.MayRetry || number >= work.Options.MaxAttempts || work.Effect is Effect.PaidCase { Budget: not null })
            {
                return await FailedAsync(work, fault.Failure, charge, cancellation);
            }

            await Task.Delay(work.Options.Backoff * Math.Pow(2, number - 1), options.Time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One attempt: the step's end where it came to one, and what went wrong where it didn't.</summary>
    private async Task<(StepEnd? End, Fault? Fault)> AttemptAsync(
        StepWork work, Attempt attempt, Entry? former, Charge before, CancellationToken cancellation)
    {
        try
        {
            return (await CarryOutAsync(work, attempt, former, before, cancellation), null);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return (new StepEnd.Interrupted(Unbilled: work.Effect is Effect.PaidCase && attempt.Charge == Charge.None), null);
        }
        catch (TimeoutException error)
        {
            return (null, new Fault(new Failure("timeout", "timeout", error.Message, attempt.Number), MayRetry: true));
        }
        catch (StepFaultException fault)
        {
            return (null, new Fault(new Failure("body", fault.Cause, fault.Message, attempt.Number), fault.Retry));
        }
        catch (IOException full) when ((full.HResult & 0xffff) == NoSpaceLeft)
        {
            // The host is at fault, not the step: nothing is journaled of it, and a resume tries it again.
            throw new JournalStoppedException($"the disk is full ({full.Message}); free some space and resume the run", full)
            {
                Run = journal.Reader.Run,
            };
        }
        catch (Exception error) when (error is not (JournalException or DurableRuleException))
        {
            return (null, new Fault(new Failure("body", "exception", error.Message, attempt.Number), MayRetry: false));
        }
    }

    private async Task<StepEnd> CarryOutAsync(
        StepWork work, Attempt attempt, Entry? former, Charge before, CancellationToken cancellation)
    {
        var result = await RunBodyAsync(work, attempt, cancellation);
        options.Failpoint?.Invoke("effect-done");
        var info = new EntryInfo.Step
        {
            Attempts = attempt.Number == 1 ? 0 : attempt.Number,
            Supersedes = former?.Sequence ?? 0,
            Charge = Cost(work, before, attempt),
            Budget = (work.Effect as Effect.PaidCase)?.Budget?.Id,
        };
        if (work.Effect is Effect.WorkspaceCase { Target: var workspace })
        {
            info = info with { Workspace = workspace.Id, Tree = await workspace.SnapshotAsync(cancellation) };
        }

        return Completed(work, result, info, attempt.Blobs);
    }

    /// <summary>
    /// What becomes of an external step whose attempt went wrong. Whether it took effect isn't known, and a second attempt is only sound
    /// where its target, or a probe, can tell.
    /// </summary>
    private async Task<(StepEnd? End, Fault? Fault)> SettleAttemptAsync(
        StepWork work, Effect.ExternalCase external, Fault fault, CancellationToken cancellation)
    {
        if (!fault.MayRetry || external.TargetDeduplicates)
        {
            return (null, fault);
        }

        if (external.Probe is { } probe)
        {
            return (await AskProbeAsync(work, probe, targetDeduplicates: false, cancellation), fault);
        }

        return fault.Failure.Phase == "timeout"
            ? (Park(
                work, $"{fault.Failure.Message}, and whether it took effect isn't known: its target neither deduplicates nor can be asked"),
                null)
            : (null, fault with { MayRetry = false });
    }

    private async Task<byte[]> RunBodyAsync(StepWork work, Attempt attempt, CancellationToken cancellation)
    {
        if (work.Options.Timeout is not { } limit)
        {
            return await work.RunAsync(attempt, cancellation);
        }

        using var timeout = new CancellationTokenSource(limit, options.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            return await work.RunAsync(attempt, both.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"step '{work.Key}' took longer than {limit.TotalSeconds:0.#} s");
        }
    }

    private StepEnd.Stated Completed(StepWork work, byte[] result, EntryInfo.Step info, IReadOnlyList<Blob> blobs)
    {
        var names = blobs.Count == 0 ? null : blobs.Select(blob => blob.Reference.Sha256).Distinct().ToList();
        info = info with { Blobs = names, Topic = work.Options.Topic };
        return new StepEnd.Stated([new Draft(process, EntryKind.StepCompleted, work.Key, work.Input, info.ToBytes(), result)], info, blobs);
    }

    private async Task<StepEnd.Stated> FailedAsync(StepWork work, Failure failure, Charge charge, CancellationToken cancellation)
    {
        var info = new EntryInfo.Step { Topic = work.Options.Topic };
        if (work.Effect is Effect.PaidCase paid)
        {
            info = info with { Charge = charge, Budget = paid.Budget?.Id };
        }

        if (work.Effect is Effect.WorkspaceCase { Target: var workspace })
        {
            // A failed step changes nothing: the next one finds the tree that this one was given.
            await workspace.ResetAsync(work.Tree!, cancellation);
            info = info with { Workspace = workspace.Id, Tree = work.Tree };
        }

        return new StepEnd.Stated(
            [new Draft(process, EntryKind.StepFailed, work.Key, work.Input, info.ToBytes(), Canonical.Serialize(failure))], info, []);
    }

    private StepEnd.Stated Park(StepWork work, string reason)
    {
        var why = new EntryInfo.Why { Reason = $"step '{work.Key}': {reason}" };
        var parked = new Draft(process, EntryKind.StepParked, work.Key, work.Input, why.ToBytes());
        return new StepEnd.Stated([parked], new EntryInfo.Step(), []);
    }

    private static Charge? Cost(StepWork work, Charge before, Attempt attempt) =>
        work.Effect is Effect.PaidCase paid ? before + (attempt.Charge ?? paid.WorstCase) : null;

    private string IdempotencyKey(StepWork work) =>
        Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes($"{journal.Reader.Run}\n{process}\n{work.Key}\n{Convert.ToHexString(work.Input)}")));

    /// <summary>What went wrong with an attempt.</summary>
    /// <param name="Failure">As it is journaled, if the step ends with it.</param>
    /// <param name="MayRetry">Whether trying again could help.</param>
    private sealed record Fault(Failure Failure, bool MayRetry);
}
