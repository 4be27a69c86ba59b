using Godwit.Cli.Commands;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Server.Centre;

namespace Godwit.Tests.Cli;

/// <summary>The command centre as a service of its user.</summary>
public sealed class ServeUnitTests
{
    /// <summary>systemd expands percent signs, dollars and backslashes, and splits words at blanks; what was given arrives as it was.</summary>
    [Fact]
    public void Text_WithWordsThatSystemdWouldChange_QuotesThem()
    {
        var options = new CentreOptions(new RunKinds(), new RunStore("/home/a b/%h"), "/opt/god wit/godwit", "")
        {
            Port = 7420,
            Notify = "notify-send \"$GODWIT_TITLE\" 100% \\n",
        };
        var unit = ServeUnit.Text(options);
        Assert.Contains(
            "ExecStart=\"/opt/god wit/godwit\" \"serve\" \"--port\" \"7420\" \"--notify\" \"notify-send \\\"$$GODWIT_TITLE\\\" 100%% \\\\n\"\n", unit,
            StringComparison.Ordinal);
        Assert.Contains("Environment=\"GODWIT_HOME=/home/a b/%%h\"", unit, StringComparison.Ordinal);
        Assert.Contains("KillMode=process", unit, StringComparison.Ordinal);
    }
}
