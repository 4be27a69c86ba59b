namespace Godwit.Tests.Cli;

/// <summary>Goals for agents, whose replies lie ready in a mailbox.</summary>
public abstract class AgentRunFixture : IDisposable
{
    internal Program Command { get; } = new();

    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _answering = [];

    public void Dispose()
    {
        _end.Cancel();
        Task.WaitAll([.. _answering]);
        _end.Dispose();
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
    internal static readonly (string Name, string Reply)[] Replies =
        [
            ("trial-1-001.reply.json", """{"text": "I look.", "calls": [{"name": "read", "arguments": {"path": "src.txt"}}]}"""),
            ("trial-1-002.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "keep\nxx\n"}}, {"name": "write", "arguments": {"path": "other.txt", "content": "of no use\n"}}]}"""),
            ("trial-1-003.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "took the filler out", "checks": [{"command": "./check", "passed": true}]}}]}"""),
            ("trial-2-001.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "check", "content": "exit 0"}}, {"name": "write", "arguments": {"path": "src.txt", "content": ""}}, {"name": "submit", "arguments": {"summary": "nothing left"}}]}"""),
            ("trial-3-001.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "k"}}, {"name": "submit", "arguments": {"summary": "one byte", "checks": [{"command": "./check", "passed": true}]}}]}"""),
        ];

    /// <summary>A mailbox in which they appear: all of them, or the first two.</summary>
    internal string Mailbox(bool complete = true) => Mailbox(complete ? Replies : Replies[..2]);

    /// <summary>A mailbox in which each of these replies appears when it is asked for, as a person would write it.</summary>
    internal string Mailbox(params (string Name, string Reply)[] replies)
    {
        var folder = Command.Folder($"mail-{Guid.NewGuid():N}"[..12], ("readme", "empty"));
        Answer(folder, replies);
        return folder;
    }

    /// <summary>Writes each of these replies when it is asked for.</summary>
    internal void Answer(string folder, params (string Name, string Reply)[] replies)
    {
        _answering.Add(Task.Run(async () =>
        {
            var left = replies.ToDictionary(reply => reply.Name, reply => reply.Reply);
            while (!_end.IsCancellationRequested && left.Count > 0)
            {
                foreach (var name in left.Keys
                    .Where(name => File.Exists(Path.Combine(folder, name.Replace(".reply.json", ".request.md", StringComparison.Ordinal))))
                    .ToList())
                {
                    File.WriteAllText(Path.Combine(folder, name), left[name]);
                    left.Remove(name);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, _end.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }));
    }
}
