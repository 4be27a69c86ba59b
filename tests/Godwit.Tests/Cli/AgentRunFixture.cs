namespace Godwit.Tests.Cli;

/// <summary>Goals for agents, whose replies lie ready in a mailbox.</summary>
public abstract class AgentRunFixture : IDisposable
{
    internal Program Command { get; } = new();

    public void Dispose()
    {
        Command.Dispose();
        GC.SuppressFinalize(this);
    }

    internal string Goal(string more = "") => Command.Folder(
        $"goal-{Guid.NewGuid():N}"[..12],
        ("bench", "#!/bin/sh\necho METRIC bytes=$(wc -c < $GODWIT_ARTIFACTS/src.txt)\n"),
        ("check", "#!/bin/sh\ngrep -q keep src.txt || { echo 'the word is gone'; exit 1; }\n"),
        ("src.txt", $"keep\n{new string('x', 500)}\n"),
        ("other.txt", "o\n"),
        ("AGENTS.md", "Write no poetry.\n"),
        ("godwit.yaml", $$"""
            goal: Fewer bytes
            editable: [src.txt, other.txt]
            check: ./check
            measure: {command: cp src.txt $GODWIT_OUT, score: ./bench, metric: bytes, direction: minimise}
            holdout: {command: cp src.txt $GODWIT_OUT}
            agents: {turns: 8}
            budget: {trials: 3, dollars: 1}
            seed: 4
            {{more}}
            """));

    /// <summary>An honest agent, one that cheats the check, and one that goes too far.</summary>
    internal string Mailbox(bool complete = true)
    {
        (string, string)[] replies =
        [
            ("trial-1-001.reply.json", """{"text": "I look.", "calls": [{"name": "read", "arguments": {"path": "src.txt"}}]}"""),
            ("trial-1-002.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "keep\nxx\n"}}, {"name": "write", "arguments": {"path": "other.txt", "content": "of no use\n"}}]}"""),
            ("trial-1-003.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "took the filler out", "checks": [{"command": "./check", "passed": true}]}}]}"""),
            ("trial-2-001.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "check", "content": "exit 0"}}, {"name": "write", "arguments": {"path": "src.txt", "content": ""}}, {"name": "submit", "arguments": {"summary": "nothing left"}}]}"""),
            ("trial-3-001.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "k"}}, {"name": "submit", "arguments": {"summary": "one byte", "checks": [{"command": "./check", "passed": true}]}}]}"""),
        ];
        return Command.Folder($"mail-{Guid.NewGuid():N}"[..12], complete ? replies : replies[..2]);
    }
}
