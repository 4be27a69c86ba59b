namespace Godwit.Playbooks;

/// <summary>A part of a run that a person can ask for by name, such as a trial.</summary>
/// <param name="Text">What there is to tell of it.</param>
/// <param name="Json">The same for programs.</param>
public sealed record RunPart(string Text, object Json);
