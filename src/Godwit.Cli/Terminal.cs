using Godwit.Playbooks;

namespace Godwit.Cli;

/// <summary>Standard error as people see it: colour and a status line on a terminal, plain lines elsewhere.</summary>
internal sealed class Terminal
{
    private readonly TextWriter _writer = Console.Error;
    private readonly bool _isTerminal = !Console.IsErrorRedirected
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
    private readonly bool _colour;
    private bool _hasStatus;

    public Terminal() => _colour = _isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    public string Bold(string text) => Style("1", text);

    public string Good(string text) => Style("32", text);

    public string Bad(string text) => Style("31", text);

    public string Dim(string text) => Style("2", text);

    public void Line(string text = "")
    {
        ClearStatus();
        _writer.WriteLine(text);
    }

    public void Line(RunLine line)
    {
        var label = line.Label.PadRight(8);
        var shown = line.Tone switch
        {
            Tone.Strong => Bold(label),
            Tone.Good => Good(label),
            Tone.Bad => Bad(label),
            Tone.Dim => Dim(label),
            _ => label,
        };
        Line($"{shown} {line.Text}");
    }

    /// <summary>Shows a line that the next one replaces; nothing where output isn't a terminal.</summary>
    public void Status(string text)
    {
        if (!_isTerminal)
        {
            return;
        }

        ClearStatus();
        var width = Console.WindowWidth > 10 ? Console.WindowWidth - 1 : 79;
        _writer.Write(Dim(text.Length > width ? text[..width] : text));
        _writer.Flush();
        _hasStatus = true;
    }

    public void ClearStatus()
    {
        if (_hasStatus)
        {
            _writer.Write("\r\u001b[K");
            _hasStatus = false;
        }
    }

    private string Style(string code, string text) => _colour ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
