using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Godwit.Playbooks.Review;

/// <summary>Findings as SARIF 2.1.0 (OASIS, 2020), which code scanning of forges and editors reads.</summary>
internal static class ReviewSarif
{
    private const string Schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";
    private const string Top = "%SRCROOT%";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (string Id, string Level, string Words)[] Rules =
    [
        (
            "shown", "error",
            "A command passes without the change and fails with it, three times each on clean checkouts; or it fails with it and a second reviewer " +
            "confirms it."),
        ("not-shown", "note", "A reviewer says that it is wrong in use, and no clean checkout has shown it."),
        ("remark", "warning", "A reviewer says that it is wrong in a case that few meet."),
    ];

    public static string Of(ReviewView view)
    {
        var results = ReviewReport.Ordered(view.Ended?.Findings ?? []).Select(ResultOf).ToArray<JsonNode?>();
        var log = new JsonObject
        {
            ["$schema"] = Schema,
            ["version"] = "2.1.0",
            ["runs"] = new JsonArray(new JsonObject
            {
                ["tool"] = new JsonObject
                {
                    ["driver"] = new JsonObject
                    {
                        ["name"] = "godwit review",
                        ["version"] = typeof(ReviewSarif).Assembly.GetName().Version?.ToString(3),
                        ["rules"] = new JsonArray([.. Rules.Select(rule => new JsonObject
                        {
                            ["id"] = rule.Id,
                            ["shortDescription"] = new JsonObject { ["text"] = rule.Words },
                            ["defaultConfiguration"] = new JsonObject { ["level"] = rule.Level },
                        })]),
                    },
                },
                ["automationDetails"] = new JsonObject { ["id"] = $"godwit/review/{view.Run}" },
                ["invocations"] = new JsonArray(InvocationOf(view)),
                ["results"] = new JsonArray(results),
            }),
        };
        return log.ToJsonString(Indented);
    }

    /// <summary>Whether the review was carried out: where it wasn't, no results don't mean that there is nothing to find.</summary>
    private static JsonObject InvocationOf(ReviewView view)
    {
        var invocation = new JsonObject { ["executionSuccessful"] = view.Ended is { State: not "failed" } };
        if (view.Ended is { State: "failed", Reason: var reason })
        {
            invocation["toolExecutionNotifications"] =
                new JsonArray(new JsonObject { ["level"] = "error", ["message"] = new JsonObject { ["text"] = reason } });
        }

        return invocation;
    }

    private static JsonObject ResultOf(FindingRecord record)
    {
        var finding = record.Finding;
        var rule = Array.FindIndex(Rules, one => one.Id == RuleOf(record));
        var place = new JsonObject { ["artifactLocation"] = new JsonObject { ["uri"] = UriOf(finding.File), ["uriBaseId"] = Top } };
        if (finding.Line > 0)
        {
            place["region"] = new JsonObject { ["startLine"] = finding.Line };
        }

        var result = new JsonObject
        {
            ["ruleId"] = Rules[rule].Id,
            ["ruleIndex"] = rule,
            ["level"] = finding.Priority == Priority.P3 ? "note" : Rules[rule].Level,
            ["message"] = new JsonObject { ["text"] = $"{finding.Priority}: {finding.Claim}\nShows when: {finding.Trigger}\n{record.Reason}" },
            ["locations"] = new JsonArray(new JsonObject { ["physicalLocation"] = place }),
            ["partialFingerprints"] = new JsonObject { ["godwitFinding/v1"] = Hash($"{finding.File}\n{finding.Claim}") },
            ["properties"] = new JsonObject
            {
                ["priority"] = finding.Priority.ToString(),
                ["command"] = finding.Command,
                ["exitCodesBefore"] = Codes(record.Reproduction?.AtBase),
                ["exitCodesAfter"] = Codes(record.Reproduction?.AtTip),
            },
        };
        return result;
    }

    private static string RuleOf(FindingRecord record) => record switch
    {
        { Blocks: true } => "shown",
        { Finding.Priority: Priority.P0 or Priority.P1 } => "not-shown",
        _ => "remark",
    };

    private static JsonArray Codes(IReadOnlyList<int>? codes) => new([.. (codes ?? []).Select(code => JsonValue.Create(code))]);

    private static string UriOf(string file) => string.Join('/', file.Split('/').Select(Uri.EscapeDataString));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
