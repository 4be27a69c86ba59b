using Godwit.Durable.Journal;

namespace Godwit.Runs;

/// <summary>What Godwit keeps in a run's folder beside the journal.</summary>
public static class RunContents
{
    extension(RunFolder run)
    {
        /// <summary>Godwit's own bare clone.</summary>
        public string Repository => Path.Combine(run.Path, "repository.git");

        /// <summary>Signed evidence.</summary>
        public string Evidence => Path.Combine(run.Path, "evidence");

        /// <summary>Trees that a sandbox may see; all of it can be made again.</summary>
        public string Trees => Path.Combine(run.Path, "trees");
    }
}
