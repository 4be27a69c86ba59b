namespace Godwit.Tests.Cli;

/// <summary>
/// Cheats that an agent could write, planted in goals of each kind of measurement: none may be verified. In each goal the honest
/// change is there too, so that a refusal shows more than a harness that refuses everything.
/// </summary>
public sealed class CheatTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    /// <summary>What the candidate's code can do to a benchmark that is linked with it and times itself.</summary>
    public static TheoryData<string, string> SelfTimed => new()
    {
        { "interposed clock", """
            #include <sys/syscall.h>
            int clock_gettime(clockid_t id, struct timespec *t) {
                static long long first; syscall(SYS_clock_gettime, id, t);
                long long now = t->tv_sec * 1000000000LL + t->tv_nsec; if (!first) first = now;
                now = first + (now - first) / 3; t->tv_sec = now / 1000000000LL; t->tv_nsec = now % 1000000000LL; return 0;
            }
            unsigned work(unsigned n) { return honest(n); }
            """ },
        { "constructor that reports and exits", """
            __attribute__((constructor)) static void cheat(void) { puts("METRIC rounds_s=999999"); fflush(stdout); _exit(0); }
            unsigned work(unsigned n) { return honest(n); }
            """ },
        { "atexit after closing the report", """
            static void last(void) { fflush(stdout); }
            __attribute__((constructor)) static void cheat(void) { atexit(last); }
            int printf(const char *format, ...) { return puts("METRIC rounds_s=999999"); }
            unsigned work(unsigned n) { return honest(n); }
            """ },
        { "result file written by the candidate", """
            #include <stdlib.h>
            __attribute__((constructor)) static void cheat(void) {
                FILE *out = fopen(getenv("GODWIT_RESULT"), "w"); fputs("{\"metrics\": {\"rounds_s\": 999999}}", out); fclose(out); _exit(0);
            }
            unsigned work(unsigned n) { return honest(n); }
            """ },
        { "forged work", "unsigned work(unsigned n) { return honest(n / 3); }" },
        { "a child that prints on inherited standard output", """
            __attribute__((constructor)) static void cheat(void) {
                if (fork() == 0) { puts("METRIC rounds_s=999999"); fflush(stdout); _exit(0); } fclose(stdout);
            }
            unsigned work(unsigned n) { return honest(n); }
            """ },
    };

    [Theory]
    [MemberData(nameof(SelfTimed))]
    public void Run_CandidateLinkedIntoASelfTimedBenchmark_IsNeverVerified(string cheat, string code)
    {
        Suite.RequireWhole(but: cheat is "interposed clock" or "forged work" or "constructor that reports and exits");
        var goal = CGoal(code, "measure: {command: ./bench, metric: rounds_s, direction: maximise, timeout: 20s}", """
            int main(void) {
                struct timespec a, b; clock_gettime(CLOCK_MONOTONIC, &a);
                unsigned x = 0; for (int i = 0; i < 40; i++) x += work(200000);
                clock_gettime(CLOCK_MONOTONIC, &b);
                printf("METRIC rounds_s=%f\n", 40 / ((b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9)); return x == 12345;
            }
            """);
        var result = _godwit.RunJson("run", goal);
        Assert.True(result.GetProperty("state").GetString() is "not_verified" or "no_improvement", $"{cheat}: {result}");
        Assert.Equal(System.Text.Json.JsonValueKind.Null, result.GetProperty("evidence").ValueKind);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, result.GetProperty("branch").ValueKind);
        if (result.GetProperty("state").GetString() == "not_verified")
        {
            Assert.Contains(
                "by what the candidate's own process reports, and ", result.GetProperty("reason").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(SelfTimed))]
    public void Run_TheSameAgainstAChallenge_ShowsNothing(string cheat, string code)
    {
        Suite.RequireWhole(but: cheat is "interposed clock" or "forged work");
        var result = _godwit.RunJson("run", CGoal(code, "measure: {challenge: ./bench, rounds: 4, timeout: 5s}", Challenged));
        Assert.True(result.GetProperty("state").GetString() is "no_improvement" or "failed", $"{cheat}: {result}");
    }

    [Fact]
    public void Run_ChallengedHonestChange_IsVerified()
    {
        // The same numbers by halves: two independent chains, half as long, are what a compiler can't find alone.
        var result = _godwit.RunJson(
            "run",
            CGoal(
                "unsigned work(unsigned n) { return n < 4 ? honest(n) : quick(n); }",
                "measure: {challenge: ./bench, rounds: 4, timeout: 20s}", Challenged));
        Assert.Equal("verified", result.GetProperty("state").GetString());
        Assert.Contains(
            "challenge: Godwit times fresh seeds", _godwit.Run("verify", result.GetProperty("evidence").GetString()!).Output,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("constructor that answers by itself", "__attribute__((constructor)) static void cheat(void) { " +
    "puts(\"READY\\nANSWER 1\\nANSWER 1\\nANSWER 1\\nANSWER 1\"); fflush(stdout); while (getchar() != EOF) {} _exit(0); } " +
    "unsigned work(unsigned n) { return honest(n); }", "its answer is")]
    [InlineData("wrong answers", "unsigned work(unsigned n) { return 7; }", "its answer is")]
    [InlineData("no answers", "static int calls; unsigned work(unsigned n) { if (calls++) _exit(0); return honest(n); " +
    "}", "it answered 0 of 4 rounds")]
    public void Run_ChallengedCheat_IsThrownOutWithItsReason(string cheat, string code, string reason)
    {
        var result = _godwit.RunJson("run", CGoal(code, "measure: {challenge: ./bench, rounds: 4, timeout: 5s}", Challenged));
        Assert.NotEqual("verified", result.GetProperty("state").GetString());
        Assert.True(
            result.GetProperty("thrown_out")[0].GetProperty("reason").GetString()!.Contains(reason, StringComparison.Ordinal),
            $"{cheat}: {result}");
    }

    [Theory]
    [InlineData("/usr/bin/python3", "lib.py", "def work():\n    return sum(range(200000))\n", "import time\n_real = time.perf_counter\n_first " +
    "= _real()\ntime.perf_counter = lambda: _first + (_real() - _first) / 3\ndef work():\n    return sum(range(200000))\n",
        "import lib, time\na = time.perf_counter()\nfor _ in range(10): lib.work()\nprint('METRIC s=%f' % (time.perf_counter() - a))\n",
        "bench.py")]
    [InlineData("/usr/bin/python3", "sitecustomize.py", "", "import time\n_real = time.perf_counter\n_first = " +
    "_real()\ntime.perf_counter = lambda: _first + (_real() - _first) / 3\n",
        "import time\na = time.perf_counter()\nsum(range(2000000))\nprint('METRIC s=%f' % (time.perf_counter() - a))\n", "bench.py")]
    [InlineData("/usr/bin/node", "lib.js", "exports.work = () => { let s = 0; for (let i = 0; i < 2e6; i++) s += i; " +
    "return s }\n", "const real = performance.now.bind(performance); " +
    "const first = real(); performance.now = () => first + (real() - first) / 3\nexports.work = () => { let s = 0; for (let i " +
    "= 0; i < 2e6; i++) s += i; return s }\n",
        "const lib = require('./lib.js')\nconst a = performance.now()\nfor (let i = 0; i < 10; i++) " +
        "lib.work()\nconsole.log('METRIC s=' + (performance.now() - a))\n",
        "bench.js")]
    public void Run_ScriptThatPatchesItsClock_IsNotVerifiedWithBothFigures(
        string program, string file, string honest, string cheat, string bench, string harness)
    {
        Suite.RequireWhole(but: file != "sitecustomize.py");
        Assert.SkipUnless(File.Exists(program), $"there is no {program} on this machine");
        var goal = _godwit.Folder("goal", (file, honest), ("cheat", cheat), (harness, bench), ("use", "SPEED=0\n"), ("godwit.yaml", $$$$"""
            goal: Faster
            editable: [use, {{{{file}}}}]
            build: if grep -q 1 use; then cp cheat {{{{file}}}}; fi
            measure: {command: "PYTHONPATH=. {{{{program}}}} {{{{harness}}}}", metric: s, direction: minimise, timeout: 20s}
            parameters: {file: use, space: {SPEED: {type: int, low: 0, high: 1}}}
            budget: {trials: 1}
            """));
        var result = _godwit.RunJson("run", goal);
        Assert.Equal("not_verified", result.GetProperty("state").GetString());
        Assert.Contains("by Godwit's clock around the whole run", result.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, _godwit.Run("apply", "last").Exit);
        Assert.Equal(0, _godwit.Run("apply", "last", "--unverified").Exit);
        Assert.Contains("SPEED=1", File.ReadAllText(Path.Combine(goal, "use")), StringComparison.Ordinal);
    }

    /// <summary>Makes the runtime's stopwatch run at a third of its speed.</summary>
    private const string PatchedStopwatch = """
        static Lib()
        {
            const System.Reflection.BindingFlags Hidden = System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static;
            var field = typeof(System.Diagnostics.Stopwatch).GetField("s_tickFrequency", Hidden)!;
            var set = new System.Reflection.Emit.DynamicMethod("Set", null, [], typeof(System.Diagnostics.Stopwatch).Module, true);
            var code = set.GetILGenerator();
            code.Emit(System.Reflection.Emit.OpCodes.Ldc_R8, (double)field.GetValue(null)! / 3);
            code.Emit(System.Reflection.Emit.OpCodes.Stsfld, field);
            code.Emit(System.Reflection.Emit.OpCodes.Ret);
            set.Invoke(null, null);
        }
        """;

    /// <summary>
    /// A module initialiser runs before anything of the benchmark does; a field of the runtime's clock is as easily reached.
    /// </summary>
    [Theory]
    [InlineData("module initialiser", "[System.Runtime.CompilerServices.ModuleInitializer] internal static void Cheat() { " +
    "System.Console.WriteLine(\"METRIC rounds_s=999999\"); System.Environment.Exit(0); }")]
    [InlineData("patched Stopwatch", PatchedStopwatch)]
    public void Run_CSharpThatReachesItsBenchmark_IsNeverVerified(string cheat, string code)
    {
        Suite.RequireWhole(but: cheat == "module initialiser");

        // Without the cheat a round takes as long as before, so what is kept shows that the cheat works.
        const string Honest =
            "public static class Lib { public static uint Work() { uint x = 0; for (uint i = 0; i < 20_000_000; i++) x += i * " +
            "i; return x; } ";
        var goal = _godwit.Folder(
            "goal",
            ("base.txt", Honest + "}\n"),
            ("cheat.txt", $"{Honest}{code} }}\n"),
            ("Bench.cs", """
                var watch = System.Diagnostics.Stopwatch.StartNew();
                var x = 0u;
                for (var round = 0; round < 5; round++) x += Lib.Work();
                System.Console.WriteLine(System.FormattableString.Invariant($"METRIC rounds_s={5 / watch.Elapsed.TotalSeconds:F6}"));
                return x == 12345 ? 1 : 0;
                """),
            ("bench.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType>" +
                "<TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>\n"),
            ("use.env", "USE=0\n"),
            ("godwit.yaml", """
                goal: Faster
                editable: [use.env, Lib.cs]
                setup: dotnet restore
                build: >-
                  . ./use.env; if [ $USE = 1 ]; then cp cheat.txt Lib.cs; else cp base.txt Lib.cs; fi;
                  dotnet build -c Release --no-restore -v quiet --nologo -o out
                measure: {command: dotnet out/bench.dll, metric: rounds_s, direction: maximise, timeout: 30s}
                parameters: {file: use.env, space: {USE: {type: int, low: 0, high: 1}}}
                budget: {trials: 1}
                """));
        var result = _godwit.RunJson("run", goal);
        Assert.True(result.GetProperty("state").GetString() == "not_verified", $"{cheat}: {result}");
        Assert.Equal(System.Text.Json.JsonValueKind.Null, result.GetProperty("evidence").ValueKind);
    }

    /// <summary>A harness that starts the candidate and times it shares its sandbox: a child can write what its parent remembers.</summary>
    [Fact]
    public void Run_ChildThatRewritesItsHarnessInMemory_IsNeverVerified()
    {
        Suite.RequireWhole();
        var goal = _godwit.Folder(
            "goal",
            ("harness.c", """
                #include <stdio.h>
                #include <time.h>
                #include <unistd.h>
                #include <sys/wait.h>
                volatile struct { unsigned long long magic[2]; struct timespec begun; } kept = {{0x676f6477697421ull, 0x1122334455667788ull}, {0, 0}};
                int main(void) {
                    struct timespec end; clock_gettime(CLOCK_MONOTONIC, (struct timespec *)&kept.begun);
                    if (fork() == 0) { execl("./work", "work", (char *)0); _exit(1); }
                    int status; wait(&status); clock_gettime(CLOCK_MONOTONIC, &end);
                    printf("METRIC s=%f\n", (end.tv_sec - kept.begun.tv_sec) + (end.tv_nsec - kept.begun.tv_nsec) / 1e9); return status != 0;
                }
                """),
            ("base.c", "int main(void) { volatile unsigned x = 0; for (unsigned i = 0; i < 40000000u; i++) x += i; return 0; }\n"),
            ("cheat.c", """
                #include <fcntl.h>
                #include <stdio.h>
                #include <string.h>
                #include <time.h>
                #include <unistd.h>
                static char page[1 << 16];
                int main(void) {
                    volatile unsigned x = 0; for (unsigned i = 0; i < 40000000u; i++) x += i;
                    char path[64], line[512]; unsigned long long magic[2] = {0x676f6477697421ull, 0x1122334455667788ull}, from, to;
                    snprintf(path, sizeof path, "/proc/%d/mem", getppid()); int memory = open(path, O_RDWR);
                    snprintf(path, sizeof path, "/proc/%d/maps", getppid()); FILE *maps = fopen(path, "r");
                    while (maps && fgets(line, sizeof line, maps)) {
                        if (sscanf(line, "%llx-%llx rw", &from, &to) != 2 || !strstr(line, "harness") || to - from > sizeof page) continue;
                        if (pread(memory, page, to - from, from) <= 0) continue;
                        for (unsigned long long at = 0; at + 32 <= to - from; at += 8) {
                            if (memcmp(page + at, magic, 16)) continue;
                            struct timespec now; clock_gettime(CLOCK_MONOTONIC, &now); now.tv_nsec -= now.tv_nsec > 1000000 ? 1000000 : 0;
                            pwrite(memory, &now, sizeof now, from + at + 16);
                        }
                    }
                    return 0;
                }
                """),
            ("use.env", "USE=0\n"),
            ("godwit.yaml", """
                goal: Faster
                editable: [use.env, work.c]
                build: >-
                  . ./use.env; if [ $USE = 1 ]; then cp cheat.c work.c; else cp base.c work.c; fi;
                  gcc -O1 -w work.c -o work && gcc -O1 harness.c -o harness
                measure: {command: ./harness, metric: s, direction: minimise, timeout: 20s}
                parameters: {file: use.env, space: {USE: {type: int, low: 0, high: 1}}}
                budget: {trials: 1}
                """));
        var result = _godwit.RunJson("run", goal);
        Assert.True(result.GetProperty("state").GetString() == "not_verified", result.ToString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, result.GetProperty("evidence").ValueKind);
    }

    /// <summary>
    /// What setup has built isn't tracked, so a candidate's build can overwrite it in its own tree; the judge's tree is the base's.
    /// </summary>
    [Fact]
    public void Run_BuildOverwritesTheJudge_TheBasesJudgeScoresAllTheSame()
    {
        var goal = _godwit.Folder(
            "goal", ("use.env", "USE=0\n"), ("godwit.yaml", """
                goal: Fewer bytes
                editable: [use.env]
                setup: mkdir -p bin && printf '#!/bin/sh\necho METRIC bytes=$(wc -c < $GODWIT_ARTIFACTS/out)\n' > bin/score && chmod +x bin/score
                build: if grep -q 1 use.env; then printf '#!/bin/sh\necho METRIC bytes=1\n' > bin/score; fi
                measure: {command: head -c 500 /dev/zero > $GODWIT_OUT/out, score: ./bin/score, metric: bytes, direction: minimise}
                parameters: {file: use.env, space: {USE: {type: int, low: 0, high: 1}}}
                budget: {trials: 1}
                """));
        var result = _godwit.RunJson("run", goal);
        Assert.Equal("no_improvement", result.GetProperty("state").GetString());
        Assert.DoesNotContain("METRIC bytes=1\n", _godwit.Run("log", "last", "--trial", "1").Output, StringComparison.Ordinal);
    }

    /// <summary>An answer that no seed changes could be a constant of the program; evidence says so.</summary>
    [Theory]
    [InlineData("42", true)]
    [InlineData("$GODWIT_SEED", false)]
    public void Run_AnswerThatIsTheSameForEverySeed_EvidenceSaysSo(string answer, bool said)
    {
        var goal = _godwit.Folder("goal", ("tune.env", "DELAY=0.05\n"), ("godwit.yaml", $$$"""
            goal: Faster
            editable: [tune.env]
            measure: {command: "sleep $DELAY; echo {{{answer}}}", answer: stdout, timeout: 20s}
            holdout: {command: "sleep $DELAY; echo {{{answer}}}"}
            parameters: {env: tune.env, space: {DELAY: {type: choice, values: [0.05, 0.001]}}, try: [{DELAY: 0.001}]}
            budget: {trials: 1}
            """));
        var result = _godwit.RunJson("run", goal);
        Assert.True(result.GetProperty("state").GetString() == "verified", result.ToString());
        Assert.Equal(
            said,
            _godwit.Run("verify", result.GetProperty("evidence").GetString()!).Output.Contains(
                "it is the same for every seed", StringComparison.Ordinal));
    }

    /// <summary>
    /// What one command leaves anywhere, the next one doesn't find: not in its scratch, home, temporary folders or shared memory.
    /// </summary>
    [Fact]
    public void Run_CommandLeavesFilesEverywhere_NoLaterOneFindsThem()
    {
        var goal = _godwit.Folder("goal", ("s.env", "A=1\n"), ("bench", """
            #!/bin/sh
            found=0
            for place in "$(dirname "$GODWIT_RESULT")" "$HOME" "$HOME/.cache" /tmp /dev/shm .; do
              [ ! -e "$place/left" ] || found=$((found + 1))
              mkdir -p "$place" && echo x > "$place/left" || found=$((found + 100))
            done
            (setsid sleep 600 &)
            pgrep sleep >/dev/null 2>&1 && [ "$(pgrep -c sleep)" -gt 1 ] && found=$((found + 1000))
            echo METRIC found=$found; echo METRIC ops=$(( $(sed 's/A=//' s.env) * 100 ))
            """), ("godwit.yaml", """
            goal: try
            editable: [s.env]
            check: ./bench
            measure: {command: ./bench, metric: ops, direction: maximise, timeout: 20s}
            holdout: {command: ./bench}
            constraints: [found == 0]
            parameters: {file: s.env, space: {A: {type: int, low: 1, high: 3}}}
            budget: {trials: 3}
            """));
        Assert.Equal("verified", _godwit.RunJson("run", goal).GetProperty("state").GetString());
    }

    [Fact]
    public void Run_ResultIsAFolder_IsInvalidWithThatReason()
    {
        const string Bench = "#!/bin/sh\nif grep -q 1 s.env; then echo METRIC ops=1; else mkdir $GODWIT_RESULT; echo METRIC ops=100; fi\n";
        var goal = _godwit.Folder("goal", ("s.env", "A=1\n"), ("bench", Bench), ("godwit.yaml", """
            goal: try
            editable: [s.env]
            measure: {command: ./bench, metric: ops, direction: maximise, timeout: 20s}
            parameters: {file: s.env, space: {A: {type: int, low: 1, high: 2}}}
            budget: {trials: 2}
            """));
        var result = _godwit.RunJson("run", goal);
        Assert.Contains(
            "$GODWIT_RESULT is a folder", result.GetProperty("thrown_out")[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    /// <summary>
    /// The kernel counts for the whole control group, whoever waits for whom; and a cpuset holds what taskset only asks for.
    /// </summary>
    [Fact]
    public void Run_CpuHiddenFromTheParent_IsCountedAndAffinityHolds()
    {
        var goal = _godwit.Folder("goal", ("mode.env", "MODE=0\n"), ("burn.c", """
            #define _GNU_SOURCE
            #include <sched.h>
            #include <signal.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <unistd.h>
            #include <sys/resource.h>
            int main(int argc, char **argv) {
                cpu_set_t all; CPU_ZERO(&all); for (int i = 0; i < 64; i++) CPU_SET(i, &all); sched_setaffinity(0, sizeof all, &all);
                sched_getaffinity(0, sizeof all, &all);
                int hide = atoi(argv[1]), pipes[2]; pipe(pipes);
                if (hide) signal(SIGCHLD, SIG_IGN);
                if (!hide || fork() == 0) { volatile unsigned long n = 0; while (n < 30000000ul) n++; write(pipes[1], "x", 1); if (hide) _exit(0); }
                char c; read(pipes[0], &c, 1);
                struct rusage mine, children; getrusage(RUSAGE_SELF, &mine); getrusage(RUSAGE_CHILDREN, &children);
                double own = mine.ru_utime.tv_sec + mine.ru_utime.tv_usec / 1e6;
                printf("METRIC cpus=%d\nMETRIC own_s=%f\n", CPU_COUNT(&all), own + children.ru_utime.tv_sec + children.ru_utime.tv_usec / 1e6 + 0.0001);
                return 0;
            }
            """), ("godwit.yaml", """
            goal: Less processor time
            editable: [mode.env]
            build: {command: gcc -O1 burn.c -o burn, inputs: [burn.c]}
            measure: {command: ". ./mode.env; ./burn $MODE", metric: godwit.cpu_s, timeout: 20s, cpus: 1}
            parameters: {file: mode.env, space: {MODE: {type: int, low: 0, high: 1}}}
            budget: {trials: 1}
            """));
        var result = _godwit.RunJson("run", goal);
        Assert.Equal("no_improvement", result.GetProperty("state").GetString());
        var log = _godwit.Run("log", "last", "--trial", "1").Output;
        Assert.Contains("METRIC own_s=0.0", log, StringComparison.Ordinal);
        if (Environment.ProcessorCount > 1)
        {
            Assert.Contains("METRIC cpus=1", log, StringComparison.Ordinal);
        }
    }

    private const string Challenged = """
        int main(void) {
            work(100000); puts("READY"); fflush(stdout);
            unsigned long long seed;
            while (scanf("%llu", &seed) == 1) {
                unsigned x = 0; for (int i = 0; i < 10; i++) x = x * 31 + work(200000 + (unsigned)(seed % 1000) + i);
                printf("ANSWER %u\n", x); fflush(stdout);
            }
            return 0;
        }
        """;

    /// <summary>
    /// The base's code is honest; the one trial has the code that is given. A chain of multiplications takes its time on every processor; one
    /// through memory takes none where stores are renamed, and how much where they aren't depends on where the stack happens to lie.
    /// </summary>
    private string CGoal(string code, string measure, string main) => _godwit.Folder(
        "goal",
        ("lib.h", """
            #define _GNU_SOURCE
            #include <stdio.h>
            #include <stdlib.h>
            #include <time.h>
            #include <unistd.h>
            #define SLOW(x) x *= one; __asm__ volatile("" : "+r"(x))
            static unsigned honest(unsigned n) {
                unsigned x = 0, one = 1;
                __asm__("" : "+r"(one));
                for (unsigned i = 0; i < n; i++) { x += i * i; SLOW(x); SLOW(x); SLOW(x); }
                return x;
            }
            static unsigned quick(unsigned n) { unsigned x = 0; for (unsigned i = 0; i < n; i++) x += i * i; return x; }
            unsigned work(unsigned n);
            """),
        ("base.c", "#include \"lib.h\"\nunsigned work(unsigned n) { return honest(n); }\n"),
        ("cheat.c", $"#include \"lib.h\"\n{code}\n"),
        ("bench.c", $"#include \"lib.h\"\n{main}\n"),
        ("use.env", "USE=0\n"),
        ("godwit.yaml", $$$$"""
            goal: Faster
            editable: [use.env, lib.c]
            build: ". ./use.env; if [ $USE = 1 ]; then cp cheat.c lib.c; else cp base.c lib.c; fi; gcc -O1 -fno-builtin -w lib.c bench.c -o bench"
            {{{{measure}}}}
            parameters: {file: use.env, space: {USE: {type: int, low: 0, high: 1}}}
            budget: {trials: 1}
            """));
}
