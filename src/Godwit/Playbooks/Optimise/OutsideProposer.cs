using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Godwit.Sandbox;
using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>
/// A proposer of the user's own, in a sandbox: JSON lines on its input say what may be tried (<c>space</c>), what was
/// (<c>tell</c>, the whole history, scores as they are known now) and that a point is wanted (<c>ask</c>); the last line that it
/// prints is the point. Each ask is a process of its own, so a resume needs nothing of it.
/// </summary>
/// <param name="program">The command.</param>
/// <param name="spec">The harness.</param>
/// <param name="trees">Its trees.</param>
/// <param name="sandbox">Where it runs.</param>
internal sealed class OutsideProposer(string program, HarnessSpec spec, HarnessTrees trees, SandboxRunner sandbox) : IOutsideProposer
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public async Task<OutsidePoint> ProposeAsync(
        SearchSpace space, IReadOnlyList<Observation> observations, int budget, int number, CancellationToken cancellation)
    {
        var result = await sandbox.RunAsync(
            new SandboxCommand
            {
                Shell = program,
                Tree = await trees.PlaceAsync(Candidate.Base, left: true, cancellation),
                Folder = spec.Folder,
                Home = trees.Home,
                Read = spec.Read,
                Mounts = trees.Mounts,
                Input = Lines(space, observations, budget, number),
                Timeout = Timeout,
                Cpus = Processors.ForWork(spec.Cpus),
            },
            cancellation);
        return result switch
        {
            { TimedOut: true } => new OutsidePoint(null, $"it took longer than {Timeout.TotalSeconds:0} s"),
            { ExitCode: not 0 } => new OutsidePoint(null, $"exit code {result.ExitCode}: {FailureCause.Of(result)}"),
            _ when Read(result.Output, space) is { } point => new OutsidePoint(point),
            _ => new OutsidePoint(null, $"its last line is no point of the space: {FailureCause.Of(result)}"),
        };
    }

    internal static string Lines(SearchSpace space, IReadOnlyList<Observation> observations, int budget, int number)
    {
        var lines = new StringBuilder();
        lines.Append(new JsonObject { ["space"] = new JsonArray([.. space.Parameters.Select(Describe)]) }.ToJsonString()).Append('\n');
        foreach (var observation in observations)
        {
            // A factor as people read it: above 1 is better; null for a trial without a number.
            var tell = new JsonObject
            {
                ["parameters"] = Parameters(observation.Point),
                ["score"] = observation.Score is { } score ? Math.Exp(score) : null,
            };
            lines.Append(new JsonObject { ["tell"] = tell }.ToJsonString()).Append('\n');
        }

        return lines.Append(new JsonObject { ["ask"] = new JsonObject { ["number"] = number, ["budget"] = budget } }.ToJsonString())
            .Append('\n')
            .ToString();
    }

    /// <summary>The last line's point, completed by nothing: what it leaves out or gets wrong makes it no point.</summary>
    internal static IReadOnlyDictionary<string, string>? Read(string output, SearchSpace space)
    {
        var line = output.Split('\n').Select(text => text.Trim()).LastOrDefault(text => text.Length > 0);
        try
        {
            if (line is null || JsonNode.Parse(line)?["parameters"] is not JsonObject values)
            {
                return null;
            }

            var point = values.ToDictionary(
                pair => pair.Key,
                pair => pair.Value is JsonValue value && value.GetValueKind() == JsonValueKind.String
                    ? value.GetValue<string>()
                    : pair.Value?.ToJsonString() ?? "");
            if (point.Any(pair => space.Find(pair.Key) is not { } parameter || !parameter.Accepts(pair.Value)))
            {
                return null;
            }

            var active = space.Active(point);
            return active.Count > 0 && space.IsFeasible(active) ? active : null;
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonNode Describe(Parameter parameter)
    {
        var described = new JsonObject { ["name"] = parameter.Name, ["when"] = parameter.When };
        switch (parameter)
        {
            case ChoiceParameter choice:
                described["type"] = "choice";
                described["ordered"] = choice.Ordered;
                described["values"] = new JsonArray([.. choice.Values.Select(value => (JsonNode)value)]);
                break;
            case IntParameter whole:
                described["type"] = "int";
                (described["low"], described["high"], described["scale"]) = (whole.Minimum, whole.Maximum, whole.Log ? "log" : "linear");
                break;
            case RealParameter real:
                described["type"] = "real";
                (described["low"], described["high"], described["scale"]) = (real.Minimum, real.Maximum, real.Log ? "log" : "linear");
                break;
            default:
                described["type"] = "boolean";
                break;
        }

        return described;
    }

    private static JsonObject Parameters(IReadOnlyDictionary<string, string> point) =>
        new(point.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
}
