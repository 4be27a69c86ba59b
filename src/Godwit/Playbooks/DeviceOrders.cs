using System.Text;
using System.Text.Json;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Identity;
using Godwit.Playbooks.Build;

namespace Godwit.Playbooks;

/// <summary>Something that a person did to a run itself, for its journal to keep who it was.</summary>
/// <param name="What"><c>stop</c>, or <c>retry</c> or <c>fail</c> of something parked.</param>
/// <param name="About">What is answered; null for the run.</param>
public sealed record PersonAct(string What, string? About = null)
{
    /// <summary>The signal to the root process that carries it.</summary>
    public const string Signal = "person";

    /// <summary>The device that did it.</summary>
    public string? By { get; init; }

    /// <summary>What the device has signed.</summary>
    public SignedRequest? Request { get; init; }
}

/// <summary>
/// Whether what comes in a device's name is what that device has signed, and may want. A run asks this before it journals the signature:
/// whoever serves a page can't put words into a device's name. What names no device comes from this user's own terminal.
/// </summary>
public static class DeviceOrders
{
    /// <summary>Why a signal isn't taken; null where it is: it comes from a terminal, or its signature holds.</summary>
    /// <param name="home">The store's folder, where devices are known.</param>
    /// <param name="run">The run's id.</param>
    /// <param name="request">The signal.</param>
    public static string? Fault(string home, string run, ControlRequest request)
    {
        if (request.Ask != "signal")
        {
            return null;
        }

        var sender = Canonical.Deserialize<Sender>(Encoding.UTF8.GetBytes(request.Value));
        if (sender is { By: null, Request: null, IsProgram: false })
        {
            return null;
        }

        if (sender.IsProgram)
        {
            return request.Key == SteeringOrder.Signal
                && Canonical.Deserialize<SteeringOrder>(Encoding.UTF8.GetBytes(request.Value)).What == SteeringAct.Say
                ? null
                : "a program speaks to agents, and answers nothing that waits for a person";
        }

        if (sender.Request is not { } signed)
        {
            return $"'{sender.By}' has not signed this";
        }

        if (Device.Read(Device.FileIn(home)).FirstOrDefault(one => one.Id == signed.Device) is not { } device
            || device.Label != sender.By || device.Key != signed.Key)
        {
            return $"no device '{sender.By}' with this key is paired here";
        }

        if (!device.HasSigned(signed.Statement, signed.Signature))
        {
            return $"the signature of '{sender.By}' doesn't hold";
        }

        // What was signed once counts once: its place among a signal's senders is part of what was signed.
        var isOnce = request.Key is SteeringOrder.Signal or PersonAct.Signal && request.Process == DurableRun.Root
            ? request.How.StartsWith(signed.Once, StringComparison.Ordinal)
            : request.How == RunActions.Answer;
        var needs = isOnce ? RoleFor(run, request, signed) : null;
        return needs is null ? $"'{sender.By}' has signed something else"
            : device.Role < needs ? $"'{sender.By}' has only the role {device.Role.ToString().ToLowerInvariant()}"
            : null;
    }

    /// <summary>The least role that may want what was signed; null where the signal isn't that.</summary>
    private static DeviceRole? RoleFor(string run, ControlRequest request, SignedRequest signed)
    {
        var root = $"/api/runs/{Uri.EscapeDataString(run)}/";
        if (signed.Method != "POST" || !signed.Path.StartsWith(root, StringComparison.Ordinal))
        {
            return null;
        }

        var (verb, payload) = (signed.Path[root.Length..], Encoding.UTF8.GetBytes(request.Value));
        var body = JsonSerializer.Deserialize<Wish>(signed.Body, JsonSerializerOptions.Web) ?? new Wish();
        switch (request.Key)
        {
            case SteeringOrder.Signal when request.Process == DurableRun.Root:
                var order = Canonical.Deserialize<SteeringOrder>(payload);
                var isMeant = order.Agent == body.Agent || (order.Agent is { } agent && new SteeringOrder(order.What, body.Agent).IsFor(agent));
                var isWanted = isMeant && order.Words == (body.Words ?? "") && verb == order.What switch
                {
                    SteeringAct.Say => "say",
                    SteeringAct.Pause => "pause",
                    SteeringAct.GoOn => "unpause",
                    _ => "cancel",
                };
                return !isWanted ? null : order.What == SteeringAct.Cancel ? DeviceRole.Own : DeviceRole.Answer;
            case PersonAct.Signal when request.Process == DurableRun.Root:
                var act = Canonical.Deserialize<PersonAct>(payload);
                return act.What == "stop" ? (verb == "stop" ? DeviceRole.Own : null)
                    : verb == "answer" && body.Id == act.About && act.What == (body.Grant ? "retry" : "fail") ? DeviceRole.Own
                    : null;
            default:
                if (verb != "answer")
                {
                    return null;
                }

                if (request.Process == DurableRun.Root)
                {
                    var plan = Canonical.Deserialize<PlanAnswer>(payload);
                    var isSame = body.Id == request.Key && plan.IsApproved == body.Grant && plan.Words == body.Words
                        && (plan.Plan is null ? body.Plan is null : body.Plan is { } edited && IsSame(plan.Plan, edited));
                    return !isSame ? null : plan.Plan is null ? DeviceRole.Answer : DeviceRole.Own;
                }

                var approval = Canonical.Deserialize<Approval>(payload);
                return body.Id == $"{request.Process}/{request.Key}" && approval.Granted == body.Grant && approval.Words == body.Words
                    ? DeviceRole.Answer
                    : null;
        }
    }

    private static bool IsSame(BuildPlan plan, JsonElement edited) =>
        Canonical.Serialize(plan).AsSpan().SequenceEqual(Canonical.Serialize(PlanForm.Read(edited.GetRawText())));

    /// <summary>What all that a device sends has in common.</summary>
    private sealed record Sender(string? By = null, SignedRequest? Request = null, bool IsProgram = false);

    /// <summary>What requests to the server say.</summary>
    private sealed record Wish(
        string? Agent = null, string? Words = null, string? Id = null, bool Grant = false, JsonElement? Plan = null);
}
