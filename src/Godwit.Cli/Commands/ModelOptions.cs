using System.CommandLine;
using Godwit.Models;

namespace Godwit.Cli.Commands;

/// <summary>Who answers a run's agents: the user's models, a mailbox, or a recording.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string?> _cassette = new("--cassette")
    {
        Description = "Play recorded model replies: a file, or the goal's own cassette.jsonl.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _record = new("--record")
    {
        Description = "Record model replies in a file; with --cassette, what is played, beside the requests as they are now.",
    };

    private readonly Option<string?> _mailbox = new("--mailbox") { Description = "A folder in which a person or a program answers for the models." };

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_cassette);
        command.Add(_record);
        command.Add(_mailbox);
    }

    /// <summary>What was given.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="folder">The goal's folder, where its own recording stands.</param>
    /// <exception cref="UsageException">Two of them contradict each other.</exception>
    public ModelSource Read(ParseResult parsed, string folder = ".")
    {
        var source = new ModelSource
        {
            Cassette = parsed.GetResult(_cassette) is null ? null : Path.GetFullPath(parsed.GetValue(_cassette) ?? Path.Combine(folder, "cassette.jsonl")),
            Record = parsed.GetValue(_record) is { } recorded ? Path.GetFullPath(recorded) : null,
            Mailbox = parsed.GetValue(_mailbox) is { } mailbox ? Path.GetFullPath(mailbox) : null,
        };
        return source is { Cassette: not null, Mailbox: not null }
            ? throw new UsageException("--cassette plays what was recorded; leave --mailbox out")
            : source;
    }
}
