namespace Godwit.Durable.Journal;

/// <summary>
/// What an entry of a journal states, as a fact in the past tense. The numbers are the stored form and never change
/// their meaning: a renamed member must not make an old run unreadable.
/// </summary>
public enum EntryKind
{
    /// <summary>An owner opened the run and became its only writer.</summary>
    GenerationStarted = 1,

    /// <summary>A process exists, with its playbook and input.</summary>
    ProcessStarted = 10,

    /// <summary>A process returned a value.</summary>
    ProcessCompleted = 11,

    /// <summary>A process ended with a failure.</summary>
    ProcessFailed = 12,

    /// <summary>A process ended because it was cancelled.</summary>
    ProcessCancelled = 13,

    /// <summary>A process can't go on without a person.</summary>
    ProcessParked = 14,

    /// <summary>A person answered what a process was parked for.</summary>
    ProcessResolved = 15,

    /// <summary>Cancellation of a process and all below it was asked for.</summary>
    CancelRequested = 16,

    /// <summary>Something was added to a process's input from outside; one that had ended goes on.</summary>
    ProcessAmended = 17,

    /// <summary>A step with a cost or an outside effect is about to be tried.</summary>
    StepIntended = 20,

    /// <summary>A step ended with a value.</summary>
    StepCompleted = 21,

    /// <summary>A step ended with a failure.</summary>
    StepFailed = 22,

    /// <summary>A step can't go on without a person.</summary>
    StepParked = 23,

    /// <summary>A person answered what a step was parked for.</summary>
    StepResolved = 24,

    /// <summary>A paid intent that a crash left open was booked at its worst case.</summary>
    StepBooked = 25,

    /// <summary>A process started a child.</summary>
    ChildStarted = 30,

    /// <summary>A child's end became known to its parent.</summary>
    ChildEnded = 31,

    /// <summary>A signal reached a process.</summary>
    SignalReceived = 40,

    /// <summary>A waiting key took a signal.</summary>
    SignalConsumed = 41,

    /// <summary>A key stopped waiting for a signal at its deadline.</summary>
    SignalExpired = 42,

    /// <summary>A timer was set, with its absolute due time.</summary>
    TimerSet = 43,

    /// <summary>A timer's due time passed.</summary>
    TimerFired = 44,

    /// <summary>One of several tasks was the first to end.</summary>
    RaceDecided = 45,

    /// <summary>The time was read.</summary>
    TimeRead = 46,

    /// <summary>Something worth telling a person happened; it answers nothing.</summary>
    Noted = 50,
}
