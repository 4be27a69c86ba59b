using Godwit.Cli.Attacks;
using Godwit.Sandbox;

namespace Godwit.Tests.Attacks;

public sealed class AttackTests
{
    [Fact]
    public async Task Attacks_AreAllStopped()
    {
        // Each of those through the proxy starts this program twice; the quick suite tries the proxy without a sandbox (EgressProxyTests).
        var attacks = AttackSuite.All.Where(attack => Suite.IsWhole || !attack.Name.StartsWith("proxy/", StringComparison.Ordinal)).ToList();
        var reports = await CarryOutAsync(attacks, SandboxKind.Bubblewrap);
        Assert.Equal(attacks.Count, reports.Count);
        Assert.DoesNotContain(reports, report => report.Outcome.Verdict == AttackVerdict.Through);
    }

    [Fact]
    public void Attacks_AreManyAndEachHasAName()
    {
        Assert.True(AttackSuite.All.Count >= 60, $"{AttackSuite.All.Count}");
        Assert.Equal(AttackSuite.All.Count, AttackSuite.All.Select(attack => attack.Name).Distinct().Count());
    }

    /// <summary>An attack that couldn't get through anywhere would prove nothing where it is stopped.</summary>
    [Fact]
    public async Task Attacks_GetThrough_WhereNothingKeepsCommandsApart()
    {
        var attacks = AttackSuite.All.Where(attack => attack.WorksBare).ToList();
        Assert.True(attacks.Count >= 12, $"{attacks.Count}");
        var reports = await CarryOutAsync(attacks, SandboxKind.None);
        Assert.DoesNotContain(reports, report => report.Outcome.Verdict == AttackVerdict.Stopped);
    }

    /// <summary>The suite as an ordinary user has it, by the program itself; the other tests run as whoever runs them.</summary>
    [Fact]
    public void Attacks_OnAnOrdinaryUser_AreAllStopped()
    {
        Suite.RequireWhole();
        Assert.SkipUnless(Environment.UserName == "root", "only root can start the program as another user");
        using var command = new Cli.Program();
        var (exit, output, error) = command.RunAs(12_345, "/", "doctor", "--attack");
        Assert.True(exit == 0, output + error);
        Assert.Contains(" 0 got through", output, StringComparison.Ordinal);
    }

    private static async Task<List<AttackReport>> CarryOutAsync(IEnumerable<Attack> attacks, SandboxKind kind)
    {
        var reports = new List<AttackReport>();
        await foreach (var report in AttackSuite.RunAsync(attacks, kind, TestContext.Current.CancellationToken))
        {
            reports.Add(report);
        }

        return reports;
    }
}
