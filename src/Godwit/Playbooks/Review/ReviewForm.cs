using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Models;

namespace Godwit.Playbooks.Review;

/// <summary>What a reviewer hands over.</summary>
/// <param name="Findings">What is wrong.</param>
/// <param name="Withdrawn">Findings of an earlier round that it takes back, by their names.</param>
/// <param name="Words">What it thinks of the whole.</param>
public sealed record ReviewOutcome(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Withdrawn, string Words);

/// <summary>What a review is checked by.</summary>
/// <param name="Known">The names of findings of earlier rounds.</param>
/// <param name="Changed">The files that the change has changed and that are still there.</param>
public sealed record ReviewContext(IReadOnlyList<string> Known, IReadOnlyList<string> Changed)
{
    /// <summary>As a task carries it.</summary>
    public string ToJson() => Encoding.UTF8.GetString(Canonical.Serialize(this));
}

/// <summary>What a reviewer fills in: findings that a command can show.</summary>
internal sealed class ReviewForm : SubmissionForm
{
    public const string FormName = "review";

    private const int MostFindings = 10;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter() },
    };

    public override string Name => FormName;

    public override ToolSpec Spec { get; } = new(
        AgentPrompt.Submit.Name,
        "Hands the review over: what is wrong, each with a command that shows it. No findings where nothing is.",
        """
        {"type":"object","required":["words","findings"],"properties":{
          "words":{"type":"string","description":"what you looked at and what you think of it"},
          "findings":{"type":"array","items":{"type":"object","required":["file","line","priority","claim","trigger"],"properties":{
            "file":{"type":"string"},"line":{"type":"integer"},
            "priority":{"enum":["P0","P1","P2","P3"],
              "description":"P0 data loss, injection, a crash in ordinary use; P1 wrong in a case that users meet; P2 in one that few meet; P3 a remark"},
            "claim":{"type":"string","description":"what is wrong"},
            "trigger":{"type":"string","description":"what makes it show"},
            "command":{"type":"string",
              "description":"exits 0 where the claim isn't so, and otherwise where it is; it is run on clean checkouts of before and after the change"},
            "files":{"type":"array","description":"files that the command needs",
              "items":{"type":"object","required":["path","content"],"properties":{"path":{"type":"string"},"content":{"type":"string"}}}},
            "cites":{"type":"string",
              "description":"the assertion or documented sentence that is broken, where the command can't run on what was there before"}}}},
          "withdrawn":{"type":"array","items":{"type":"string"},"description":"names of earlier findings that you take back"}}}
        """);

    public override IReadOnlyList<string> ProblemsOf(AgentTask task, string json, IReadOnlyList<string> opened)
    {
        try
        {
            var context = Canonical.Deserialize<ReviewContext>(Encoding.UTF8.GetBytes(task.FormContext!));
            var problems = ProblemsOf(Read(json), context.Known).ToList();
            if (context.Changed.Except(opened).ToList() is { Count: > 0 } unopened)
            {
                problems.Insert(0, $"you haven't opened {string.Join(", ", unopened)}, which the change has changed: 'read' each by name");
            }

            return problems;
        }
        catch (JsonException wrong)
        {
            return [$"it doesn't have the form of a review: {wrong.Message}"];
        }
    }

    /// <summary>The review that was filled in.</summary>
    /// <exception cref="JsonException">It doesn't have the form.</exception>
    public static ReviewOutcome Read(string json)
    {
        var read = JsonSerializer.Deserialize<ReviewOutcome>(json, Options) ?? throw new JsonException("it is null");

        // What a model leaves out altogether is nothing.
        return new ReviewOutcome(read.Findings ?? [], read.Withdrawn ?? [], read.Words ?? "");
    }

    private static IEnumerable<string> ProblemsOf(ReviewOutcome review, IReadOnlyList<string> known)
    {
        if (review.Findings.Count > MostFindings)
        {
            yield return $"there are {review.Findings.Count} findings; hand over the {MostFindings} that matter most";
        }

        foreach (var (finding, number) in review.Findings.Select((finding, index) => (finding, index + 1)))
        {
            if (finding.Claim.Length == 0 || finding.File.Length == 0)
            {
                yield return $"finding {number} says neither where nor what: fill in file and claim";
            }

            if (finding.Files.Any(file => file.Path.Split('/').Any(name => name is "" or "." or "..")))
            {
                yield return $"finding {number}: its files must be named from the top of the repository, without '..'";
            }

            if (finding.Files.DistinctBy(file => file.Path).Count() < finding.Files.Count)
            {
                yield return $"finding {number} has a file twice";
            }

            if (finding.Priority is Priority.P0 or Priority.P1 && finding.Command.Length == 0)
            {
                yield return $"finding {number} is {finding.Priority} and nothing shows it: write a command, or call it P2";
            }
        }

        foreach (var unknown in review.Withdrawn.Where(id => !known.Contains(id)))
        {
            yield return $"there is no earlier finding {unknown}";
        }
    }
}
