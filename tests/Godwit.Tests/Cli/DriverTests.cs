using System.Text.Json;

namespace Godwit.Tests.Cli;

/// <summary>Goals whose candidate is a server, driven from a sandbox of its own, through the real program.</summary>
public sealed class DriverTests : IDisposable
{
    private const string Python = "/usr/bin/python3";

    // It answers a number with its square, after as long as its settings say, and as many blank lines.
    private const string Server = """
        import os, socketserver, time
        settings = dict(line.split("=") for line in open("server.env").read().split())
        class Answer(socketserver.StreamRequestHandler):
            def handle(self):
                for line in self.rfile:
                    time.sleep(float(settings["DELAY"]) / 1000)
                    self.wfile.write(b"\n" * int(settings["DELAY"]) + b"%d\n" % (int(line) ** 2 + (settings["WRONG"] == "1")))
        if settings["DEAD"] == "1": raise SystemExit("no such table")
        socketserver.TCPServer(("127.0.0.1", int(os.environ["GODWIT_PORT"])), Answer).serve_forever()
        """;

    private const string Driver = """
        import os, random, socket, sys, time
        numbers = random.Random(os.environ["GODWIT_SEED"])
        server = socket.create_connection(("127.0.0.1", int(os.environ["GODWIT_PORT"]))).makefile("rw")
        start, lines = time.perf_counter(), 0
        for _ in range(8):
            number = numbers.randrange(1 << 30)
            print(number, file=server, flush=True)
            answer = server.readline()
            while answer == "\n": answer, lines = server.readline(), lines + 1
            if int(answer) != number ** 2: sys.exit("a wrong answer")
        print("METRIC ops_s=%f" % (8 / (time.perf_counter() - start)))
        print("METRIC lines=%d" % (lines + 8))
        """;

    private readonly Program _godwit = new();

    public DriverTests() => Assert.SkipUnless(File.Exists(Python), $"there is no {Python} on this machine");

    public void Dispose() => _godwit.Dispose();

    [Fact]
    public void Run_ServerThatIsFaster_IsVerifiedByItsDriver()
    {
        // The same as an ordinary user's run below, which only root can start.
        Suite.RequireWhole(but: !Environment.IsPrivilegedProcess);
        var result = _godwit.RunJson(
            "run", Goal("DELAY: {type: choice, values: [1, 8]}", "{DELAY: 1}", "metric: ops_s, direction: maximise"));
        Assert.True(result.GetProperty("state").GetString() == "verified", result.ToString());
        Assert.True(result.GetProperty("claim").GetProperty("lower").GetDouble() > 1.5, result.ToString());
        Assert.Equal(0, _godwit.Run("verify", result.GetProperty("evidence").GetString()!).Exit);
    }

    [Theory]
    [InlineData("WRONG", "a wrong answer")]
    [InlineData("DEAD", "the server ended before it listened on port 8080: no such table")]
    public void Run_ServerThatIsWrongOrDead_IsThrownOutWithItsReason(string setting, string reason)
    {
        var result = _godwit.RunJson("run", Goal($"{setting}: {{type: choice, values: [0, 1]}}", $"{{{setting}: 1}}"));
        Assert.NotEqual("verified", result.GetProperty("state").GetString());
        Assert.Contains(reason, result.GetProperty("thrown_out")[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AsAnOrdinaryUser_IsVerifiedToo()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become another user");
        var goal = Goal("DELAY: {type: choice, values: [1, 8]}", "{DELAY: 1}");
        var (exit, output, error) = _godwit.RunAs(4321, goal, "run", goal, "--json");
        Assert.SkipWhen(exit == 2 && error.Contains("sandbox", StringComparison.Ordinal), $"no sandbox for an ordinary user here: {error}");
        Assert.True(output.Length > 0, error);
        Assert.Equal("verified", JsonDocument.Parse(output).RootElement.GetProperty("state").GetString());
    }

    private string Goal(string space, string tried, string metric = "metric: lines, direction: minimise, scale: ratio") => _godwit.Folder(
        "goal", ("server.py", Server), ("driver.py", Driver), ("server.env", "DELAY=8\nWRONG=0\nDEAD=0\n"), ("godwit.yaml", $$"""
            goal: Faster answers
            editable: [server.env]
            measure: {driver: {{Python}} driver.py, serve: {{Python}} server.py, {{metric}}, timeout: 20s}
            holdout: {driver: {{Python}} driver.py}
            parameters: {file: server.env, space: { {{space}} }, try: [{{tried}}]}
            budget: {trials: 1}
            """));
}
