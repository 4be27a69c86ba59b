namespace Godwit.Playbooks;

/// <summary>Work that an agent has submitted, saying that its checks passed.</summary>
/// <param name="Model">A model that had a part in it.</param>
/// <param name="IsContradicted">Whether verification saw otherwise.</param>
public sealed record Submission(string Model, bool IsContradicted);
