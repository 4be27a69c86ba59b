using Godwit.Playbooks.Measuring;
using System.Text.Json.Serialization;

namespace Godwit.Playbooks.Optimise;

/// <summary>What a person who watches a run is told; the live view, <c>show</c> and the report are folds of these.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "note")]
[JsonDerivedType(typeof(BaseReady), "base_ready")]
[JsonDerivedType(typeof(Calibrated), "calibrated")]
[JsonDerivedType(typeof(TrialEnded), "trial_ended")]
[JsonDerivedType(typeof(ProofStarted), "attempt_started")]
[JsonDerivedType(typeof(ProofEnded), "attempt_ended")]
[JsonDerivedType(typeof(Delivered), "delivered")]
[JsonDerivedType(typeof(Finished), "finished")]
[JsonDerivedType(typeof(ProposerFailed), "proposer_failed")]
public abstract record OptimiseNote
{
    private OptimiseNote()
    {
    }

    /// <summary>The base was built, checked and measured once.</summary>
    /// <param name="Value">The metric.</param>
    /// <param name="Seconds">How long the measurement took.</param>
    /// <param name="ActiveSeconds">The run's active time.</param>
    /// <param name="Reference">What differences are parts of, where values are compared by them; else 0.</param>
    /// <param name="TimedShare">The part of the measurement that is timed; 0 where it isn't known.</param>
    /// <param name="Complaint">What looked like an error on its standard error though it ended well; null for nothing.</param>
    public sealed record BaseReady(
        double Value, double Seconds, double ActiveSeconds, double Reference = 0, double TimedShare = 0,
        string? Complaint = null) : OptimiseNote;

    /// <summary>The noise is known.</summary>
    public sealed record Calibrated(Calibration Calibration) : OptimiseNote;

    /// <summary>A trial was measured, or thrown out. A later note of the same number replaces it.</summary>
    public sealed record TrialEnded(TrialRecord Trial, double Mean, double BaseValue) : OptimiseNote;

    /// <summary>A finalist is about to be proven.</summary>
    public sealed record ProofStarted(int Attempt, int Trial, double Screened, double Sigma, int Pairs) : OptimiseNote;

    /// <summary>An attempt ended.</summary>
    public sealed record ProofEnded(ProofResult Result) : OptimiseNote;

    /// <summary>The result became a branch.</summary>
    public sealed record Delivered(string Branch, string Commit, string Evidence) : OptimiseNote;

    /// <summary>The goal's own program gave no point, and another proposed in its place.</summary>
    public sealed record ProposerFailed(string Reason) : OptimiseNote;

    /// <summary>The run ended.</summary>
    public sealed record Finished(OptimiseResult Result) : OptimiseNote;
}
