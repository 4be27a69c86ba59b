namespace Godwit.Playbooks;

/// <summary>Tells who answers for models where the mailbox is, and how.</summary>
internal static class MailboxLine
{
    /// <summary>The line.</summary>
    /// <param name="folder">The mailbox.</param>
    public static RunLine Of(string folder) => new(
        "mailbox",
        $"{folder}: answer each NAME.request.md with a NAME.reply.json, {{\"text\": \"...\", \"calls\": [{{\"name\": " +
        $"\"...\", \"arguments\": {{...}}}}]}}",
        Tone.Strong);
}
