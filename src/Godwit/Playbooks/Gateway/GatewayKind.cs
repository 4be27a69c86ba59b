using System.Globalization;
using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Playbooks.Gateway;

/// <summary>Gateways that serve models to programs of the user.</summary>
public sealed class GatewayKind : RunKind
{
    /// <inheritdoc/>
    public override string Name => "gateway";

    /// <inheritdoc/>
    public override RunView View(JournalReader reader) => new GatewayView(reader);
}

/// <summary>What can be told of a gateway: what it has spent.</summary>
/// <param name="reader">Its journal.</param>
internal sealed class GatewayView(JournalReader reader) : RunView(reader)
{
    public override bool CanBeSteered => false;

    public override string Title
    {
        get
        {
            var spent = Agents.Costs.Aggregate(Charge.None, (sum, cost) => sum + cost.Charge);
            return string.Create(
                CultureInfo.InvariantCulture, $"gateway: {Agents.Costs.Count} calls, {spent.Tokens:N0} tokens, ${spent.Dollars:0.####}");
        }
    }
}
