using System.CommandLine;
using Godwit.Goals;
using Godwit.Playbooks;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit init</c>: writes a commented goal file for the repository it stands in.</summary>
internal static class InitCommand
{
    /// <summary>Where editors find the schema of goal files: beside the goal, where <c>godwit schema</c> writes it.</summary>
    public const string Schema = "./godwit.schema.json";

    public static Command Create(RunKinds kinds)
    {
        var target = new Argument<string>("folder") { Description = "Where to write godwit.yaml.", DefaultValueFactory = _ => "." };
        var challenge = new Option<string?>("--challenge")
        {
            Description =
                $"Write a challenge for code that is linked into its benchmark, too: " +
                $"{string.Join(", ", ChallengeTemplate.All.Select(template => template.Language))}.",
        };
        var build = new Option<bool>("--build") { Description = "Write a goal for agents that build something, and a first command that accepts it." };
        challenge.AcceptOnlyFromAmong([.. ChallengeTemplate.All.Select(template => template.Language)]);
        var command = new Command("init", "Write a commented goal file to start from.") { target, challenge, build };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var folder = parsed.GetValue(target)!;
            if (!Directory.Exists(folder))
            {
                throw new UsageException($"there is no folder {folder}");
            }

            var path = Path.Combine(folder, GoalFile.Name);
            if (File.Exists(path))
            {
                throw new UsageException($"{path} exists; delete it first if you want a fresh one");
            }

            if (parsed.GetValue(build))
            {
                await WriteBuildAsync(kinds, folder, path, cancellation);
                return ExitCode.Ok;
            }

            var template = ChallengeTemplate.All.FirstOrDefault(one => one.Language == parsed.GetValue(challenge));
            foreach (var file in template?.Files ?? [])
            {
                var made = Path.Combine(folder, file);
                if (File.Exists(made))
                {
                    throw new UsageException($"{made} exists; delete it first if you want a fresh one");
                }

                Directory.CreateDirectory(Path.GetDirectoryName(made)!);
                await File.WriteAllTextAsync(made, ChallengeTemplate.Content(file), cancellation);
            }

            await File.WriteAllTextAsync(Path.Combine(folder, Schema), GoalSchema.Json(kinds.CommonKeys, kinds.Sections), cancellation);
            await File.WriteAllTextAsync(path, template?.Goal() ?? Template(folder), cancellation);
            Console.WriteLine(
                $"wrote {string.Join(", ", template?.Files.Append(GoalFile.Name) ?? [path])}; fill in what is marked, commit, " +
                $"then 'godwit validate {folder}'");
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task WriteBuildAsync(RunKinds kinds, string folder, string path, CancellationToken cancellation)
    {
        const UnixFileMode Program = (UnixFileMode)0b111_101_101;
        var accept = Path.Combine(folder, "accept", "first");
        if (File.Exists(accept))
        {
            throw new UsageException($"{accept} exists; delete it first if you want a fresh one");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(accept)!);
        await File.WriteAllTextAsync(
            accept,
            "#!/bin/sh\n# Exits 0 when the work is done, and says on a line with 'error: ' what is missing.\n" +
            "echo 'error: nothing accepts the work yet'\nexit 1\n",
            cancellation);
        File.SetUnixFileMode(accept, Program);
        await File.WriteAllTextAsync(Path.Combine(folder, Schema), GoalSchema.Json(kinds.CommonKeys, kinds.Sections), cancellation);
        await File.WriteAllTextAsync(path, BuildTemplate(folder), cancellation);
        Console.WriteLine($"wrote {path} and {accept}; fill in what is marked, commit, then 'godwit validate {folder}'");
    }

    private static string BuildTemplate(string folder)
    {
        var (setup, build, check, _) = Detect(folder);
        var tests = ((string[])["tests", "test", "spec"]).FirstOrDefault(name => Directory.Exists(Path.Combine(folder, name)));
        return $$"""
            # yaml-language-server: $schema={{Schema}}
            # What agents are to build, and what accepts it: docs/build.md. 'godwit validate' finds mistakes in it.
            goal: A notes service with search                                    # in your words
            playbook: build

            # All that tasks may change: paths or globs from this folder. Default everything that isn't protected.
            # scope: [src, tests]

            # Tests that are there already stay as they are, whatever an agent makes of them.
            {{(tests is null ? "# tests: [tests]" : $"tests: [{tests}]")}}

            # Nobody may change what accepts the work. What is hidden, no agent sees.
            protected: [accept]
            # hidden: [accept/hidden]

            {{setup}}
            {{build}}
            # Must exit 0 on the base and at every tip, the cheapest first; when: batch or final for slow ones.
            checks:
              - {name: tests, run: {{check["check: ".Length..]}}}

            # Each must be red now, for its own reason, and green at the end; keep: yes for what holds already.
            acceptance:
              - {id: A1, says: A note can be found by a word in it, run: ./accept/first}   # <- yours

            plan: ask                                                            # or auto
            agents:
              - {role: planner}
              - {role: worker, parallel: 2}
              - {role: reviewer}                                                 # give it another vendor's model in models.yaml
            budget: {dollars: 10, time: 2h}

            """;
    }

    private static string Template(string folder)
    {
        var (setup, build, check, settings) = Detect(folder);
        return $$$"""
            # yaml-language-server: $schema={{{Schema}}}
            # What Godwit is to make better, and how that is checked and measured. 'godwit validate' finds mistakes in it.
            goal: Answer more requests a second without breaking anything        # in your words
            playbook: optimise

            # All that a candidate may change: paths or globs from this folder. Never list what checks or measures.
            editable: [{{{settings}}}]

            {{{setup}}}
            {{{build}}}
            # Must exit 0 for every candidate. Its last line is told when it refuses one.
            {{{check}}}

            # Which kind of measurement this is, and what it proves: docs/observed.md. Parameters that no build reads may report
            # themselves; code that is edited needs a challenge ('godwit init --challenge c'), an answer, a driver or a judge.
            # Prints lines such as 'METRIC requests_s=1234.5', writes {"metrics": {"requests_s": [..]}} to $GODWIT_RESULT,
            # or writes hyperfine's JSON there (its metric is called 'time'). Exit 75 says that the machine is at fault.
            measure:
              command: ./bench --seed $GODWIT_SEED                               # <- yours
              metric: requests_s
              unit: requests/s
              direction: maximise                                                # or minimise
              timeout: 60s
              cpus: 1                                                            # pinned to one processor, Godwit to the others

            # The same on work that the search never sees; a claim must hold there too.
            # holdout: {command: ./bench --mix other --seed $GODWIT_SEED}

            # What must hold for every measurement; base. is the base's value.
            # constraints: [errors == 0, p99_ms <= 1.2 * base.p99_ms]

            parameters:
              file: {{{settings}}}                                                 # its committed values are what is to be beaten
              space:
                cache_size: {type: int, low: 16, high: 4096, scale: log}         # <- yours
                mode: {type: choice, values: [plain, fast]}
                # ratio: {type: real, low: 0.1, high: 0.9, when: mode == fast}
              # constraints: [cache_size * page_size <= 1048576]
              # try: [{mode: fast}]                                              # proposed first

            # Agents edit code instead of, or beside, parameters.
            # agents: {turns: 30}

            # Paths outside the repository that commands may read, such as a toolchain in your home.
            # sandbox: {read: [~/.pyenv]}

            budget: {trials: 60, time: 10m}                                      # time counts from the end of the base's build
            claim: {minimum_effect: 5%, confidence: 95%}
            seed: 1

            """;
    }

    private static (string Setup, string Build, string Check, string Settings) Detect(string folder)
    {
        var settings = Directory.EnumerateFiles(folder, "*.json")
            .Select(Path.GetFileName)
            .FirstOrDefault(name => name is "settings.json" or "config.json" or "appsettings.json")
            ?? "settings.json";
        const string SetupComment = "# Runs once on the committed state, and may reach package registries.\n";
        const string BuildComment = "# Runs once for each content of its inputs, without the network.\n";
        if (Directory.EnumerateFiles(folder, "*.sln*").Concat(Directory.EnumerateFiles(folder, "*.csproj")).Any())
        {
            return (
                $"{SetupComment}setup: dotnet restore\n", $"{BuildComment}build: dotnet build -c Release --no-restore\n",
                "check: dotnet test -c Release --no-build", settings);
        }

        if (File.Exists(Path.Combine(folder, "package.json")))
        {
            return ($"{SetupComment}setup: npm ci\n", $"{BuildComment}# build: npm run build\n", "check: npm test", settings);
        }

        if (File.Exists(Path.Combine(folder, "Cargo.toml")))
        {
            return (
                $"{SetupComment}setup: cargo fetch\n", $"{BuildComment}build: cargo build --release --offline\n",
                "check: cargo test --release --offline", settings);
        }

        return File.Exists(Path.Combine(folder, "Makefile"))
            ? ($"{SetupComment}# setup: make deps\n", $"{BuildComment}build: make\n", "check: make check", settings)
            : ($"{SetupComment}# setup: ./install-dependencies\n", $"{BuildComment}# build: make\n", "check: ./check", settings);
    }
}
