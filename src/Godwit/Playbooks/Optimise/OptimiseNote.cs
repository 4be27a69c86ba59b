using System.Text.Json.Serialization;

namespace Godwit.Playbooks.Optimise;

/// <summary>What a person who watches a run is told; the live view, <c>show</c> and the report are folds of these.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "note")]
[JsonDerivedType(typeof(BaseReady), "base_ready")]
[JsonDerivedType(typeof(Calibrated), "calibrated")]
[JsonDerivedType(typeof(TrialEnded), "trial_ended")]
[JsonDerivedType(typeof(AttemptStarted), "attempt_started")]
[JsonDerivedType(typeof(AttemptEnded), "attempt_ended")]
[JsonDerivedType(typeof(Delivered), "delivered")]
[JsonDerivedType(typeof(Finished), "finished")]
[JsonDerivedType(typeof(ProposerFailed), "proposer_failed")]
public abstract record OptimiseNote
{
    private OptimiseNote()
    {
    }

    /// <summary>The base was built, checked and measured once.</summary>
    public sealed record BaseReady(double Value, double Seconds, double ActiveSeconds) : OptimiseNote;

    /// <summary>The noise is known.</summary>
    public sealed record Calibrated(Calibration Calibration) : OptimiseNote;

    /// <summary>A trial was measured, or thrown out. A later note of the same number replaces it.</summary>
    public sealed record TrialEnded(TrialRecord Trial, double Mean, double BaseValue) : OptimiseNote;

    /// <summary>A finalist is about to be proven.</summary>
    public sealed record AttemptStarted(int Attempt, int Trial, double Screened, double Sigma, int Pairs) : OptimiseNote;

    /// <summary>An attempt ended.</summary>
    public sealed record AttemptEnded(AttemptResult Result) : OptimiseNote;

    /// <summary>The result became a branch.</summary>
    public sealed record Delivered(string Branch, string Commit, string Evidence) : OptimiseNote;

    /// <summary>The goal's own program gave no point, and another proposed in its place.</summary>
    public sealed record ProposerFailed(string Reason) : OptimiseNote;

    /// <summary>The run ended.</summary>
    public sealed record Finished(OptimiseResult Result) : OptimiseNote;
}
