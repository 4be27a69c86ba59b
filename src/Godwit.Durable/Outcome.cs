namespace Godwit.Durable;

/// <summary>How a process ended.</summary>
/// <typeparam name="T">The type of its result.</typeparam>
public abstract record Outcome<T>
{
    private Outcome()
    {
    }

    /// <summary>The value, or an exception that says why there is none.</summary>
    /// <exception cref="StepFailedException">The process failed or was cancelled.</exception>
    public T Require() => this switch
    {
        Value value => value.Result,
        Failed failed => throw new StepFailedException(failed.Failure),
        Cancelled cancelled => throw new StepFailedException(new Failure("cancelled", "cancelled", cancelled.Reason, 1)),
        _ => throw new InvalidOperationException("unknown outcome"),
    };

    /// <summary>It returned.</summary>
    public sealed record Value(T Result) : Outcome<T>;

    /// <summary>It failed.</summary>
    public sealed record Failed(Failure Failure) : Outcome<T>;

    /// <summary>It was cancelled.</summary>
    public sealed record Cancelled(string Reason) : Outcome<T>;
}

/// <summary>Why a step or a process has no value; what is journaled of it.</summary>
/// <param name="Phase">Where it failed: <c>input</c>, <c>body</c>, <c>timeout</c>, <c>result</c>, <c>completion</c>,
/// <c>resolved</c>.</param>
/// <param name="Cause">A short word for programs; <c>exception</c> where the body named none.</param>
/// <param name="Message">One line for people.</param>
/// <param name="Attempts">How many attempts were made.</param>
public sealed record Failure(string Phase, string Cause, string Message, int Attempts);

/// <summary>A step ended with a failure; thrown alike when it happened and on every replay.</summary>
/// <param name="failure">What is journaled of it.</param>
public sealed class StepFailedException(Failure failure) : Exception(failure.Message)
{
    /// <summary>What is journaled of the failure.</summary>
    public Failure Failure { get; } = failure;
}

/// <summary>Thrown by a step's body to end the attempt with a named cause.</summary>
/// <param name="cause">A short word for programs.</param>
/// <param name="message">One line for people.</param>
/// <param name="retry">Whether another attempt may help.</param>
public sealed class StepFaultException(string cause, string message, bool retry = false) : Exception(message)
{
    /// <summary>A short word for programs.</summary>
    public string Cause { get; } = cause;

    /// <summary>Whether another attempt may help.</summary>
    public bool Retry { get; } = retry;
}

/// <summary>The process was cancelled; what it asked before still answers, what it asks now throws this.</summary>
/// <param name="reason">Why.</param>
public sealed class ProcessCancelledException(string reason) : OperationCanceledException(reason);

/// <summary>The code of a playbook broke a rule of durable processes; the message says which and where.</summary>
/// <param name="message">What to change.</param>
public sealed class DurableRuleException(string message) : Exception(message);
