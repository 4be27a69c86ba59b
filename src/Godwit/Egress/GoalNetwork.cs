namespace Godwit.Egress;

/// <summary>What a goal allows its commands to reach.</summary>
public sealed record GoalNetwork
{
    /// <summary>Whether setup may read from package registries.</summary>
    public bool HasPackages { get; init; }

    /// <summary>The hosts that it names.</summary>
    public IReadOnlyList<NetworkRule> Rules { get; init; } = [];

    /// <summary>What holds for a goal that says nothing of it.</summary>
    internal static GoalNetwork Usual { get; } = new() { HasPackages = true };

    /// <summary>The rules of somebody's commands.</summary>
    internal IReadOnlyList<NetworkRule> For(NetworkUse use, OwnerNetwork owner) =>
    [
        .. Rules.Where(rule => rule.Use.HasFlag(use)),
        .. HasPackages && use == NetworkUse.Setup ? PackageRegistries.Rules(owner.Registries, use) : [],
    ];
}
