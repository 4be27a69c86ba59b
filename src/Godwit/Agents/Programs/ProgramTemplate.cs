using System.Reflection;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Godwit.Agents;

/// <summary>A coding agent that runs as a headless command: the prompt goes in, events come out.</summary>
public sealed record ProgramTemplate
{
    /// <summary>
    /// A line of sh that reads the prompt from standard input. The gateway is at <c>$GODWIT_GATEWAY</c>, its key is
    /// <c>$GODWIT_TOKEN</c>, the model's name <c>$GODWIT_MODEL</c>, and <c>$GODWIT_HOME</c> a folder of its own.
    /// </summary>
    public string Command { get; init; } = "";

    /// <summary>The path that it asks models by: <c>/chat/completions</c>, <c>/responses</c> or <c>/messages</c>.</summary>
    public string Speaks { get; init; } = "/chat/completions";

    /// <summary>
    /// Whose events it prints: <c>codex</c>, <c>claude</c>, <c>opencode</c>, or <c>text</c>, of which the last lines are its words.
    /// </summary>
    public string Events { get; init; } = "text";

    /// <summary>Its environment; <c>$GODWIT_HOME</c> in a value stands for its folder.</summary>
    public Dictionary<string, string> Environment { get; init; } = [];

    /// <summary>The program that it starts: the first word after <c>exec</c>, or the first of the line.</summary>
    public string Program
    {
        get
        {
            var words = Command.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            return words.SkipWhile(word => word != "exec").Skip(1).FirstOrDefault() ?? words.FirstOrDefault() ?? "";
        }
    }

    /// <summary>The built-in templates with files laid over them.</summary>
    /// <exception cref="FormatException">A file can't be read; one line.</exception>
    public static IReadOnlyDictionary<string, ProgramTemplate> Load(params IEnumerable<string> files)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Godwit.Agents.programs.yaml")!;
        using var reader = new StreamReader(stream);
        var templates = new Dictionary<string, ProgramTemplate>(StringComparer.Ordinal);
        foreach (var (file, text)
            in ((string, string)[])[("built-in programs.yaml", reader.ReadToEnd()), .. files.Select(file => (file, File.ReadAllText(file)))])
        {
            try
            {
                var read = new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance)
                    .Build()
                    .Deserialize<Dictionary<string, ProgramTemplate>?>(text)
                    ?? [];
                foreach (var (name, template) in read)
                {
                    templates[name] = template.Program.Length > 0
                        ? template
                        : throw new FormatException($"{file}: program '{name}' has no command");
                }
            }
            catch (YamlException error)
            {
                throw new FormatException($"{file}:{error.Start.Line}:{error.Start.Column}: {(error.InnerException ?? error).Message}");
            }
        }

        return templates;
    }
}
