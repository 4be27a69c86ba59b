using Godwit.Durable.Journal;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Playbooks;

/// <summary>What a playbook of one's own has of the world; whatever it does with it is done in steps.</summary>
/// <param name="Folder">The run's folder.</param>
/// <param name="Repository">The run's own clone of the user's repository.</param>
/// <param name="Sandbox">Where commands run.</param>
public sealed record RunWorld(RunFolder Folder, RunRepository Repository, SandboxRunner Sandbox);
