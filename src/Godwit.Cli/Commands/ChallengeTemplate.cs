using System.Reflection;

namespace Godwit.Cli.Commands;

/// <summary>The template of a challenge in one language: the program, how it is built, and how it is started.</summary>
/// <param name="Language">The word that <c>init --challenge</c> takes.</param>
/// <param name="Files">The files, from the goal's folder; each is a resource of its last name.</param>
/// <param name="Setup">The setup command; null for none.</param>
/// <param name="Build">The build command; null for none.</param>
/// <param name="Start">Starts the challenge.</param>
internal sealed record ChallengeTemplate(string Language, IReadOnlyList<string> Files, string? Setup, string? Build, string Start)
{
    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<ChallengeTemplate> All =
    [
        new("c", ["challenge/challenge.c"], null, "gcc -O2 -o challenge/challenge challenge/challenge.c", "./challenge/challenge"),
        new("cpp", ["challenge/challenge.cpp"], null, "g++ -O2 -o challenge/challenge challenge/challenge.cpp", "./challenge/challenge"),
        new(
            "csharp", ["challenge/challenge.cs", "challenge/challenge.csproj"], "dotnet restore challenge",
            "dotnet build challenge -c Release --no-restore -v quiet --nologo -o challenge/out",
            "dotnet challenge/out/challenge.dll"),
        new("go", ["challenge/challenge.go"], null, "go build -o challenge/challenge challenge/challenge.go", "./challenge/challenge"),
        new("javascript", ["challenge/challenge.js"], null, null, "node challenge/challenge.js"),
        new("python", ["challenge/challenge.py"], null, null, "python3 challenge/challenge.py"),
        new("rust", ["challenge/challenge.rs"], null, "rustc -O -o challenge/challenge challenge/challenge.rs", "./challenge/challenge"),
    ];

    /// <summary>The content of one of its files.</summary>
    public static string Content(string file)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Godwit.Cli.Templates.{Path.GetFileName(file)}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The goal file beside it.</summary>
    public string Goal() => $$$$"""
        # yaml-language-server: $schema={{{{InitCommand.Schema}}}}
        # What Godwit is to make better, and how that is checked and measured. 'godwit validate' finds mistakes in it.
        goal: Do the same work in less time                                 # in your words
        playbook: optimise

        # All that a candidate may change. The challenge isn't among it: it decides what is measured.
        editable: ["src/**"]                                                # <- yours
        {{{{(Setup is null ? "" : $"\nsetup: {Setup}                                     # the base commit, with package registries")}}}}
        {{{{(Build is null ? "# build: make" : $"build: {Build}")}}}}
        check: "true"                                                       # <- your tests; must exit 0 for every candidate

        # Godwit sends fresh seeds and times until the answers, which must be the base's (docs/observed.md).
        measure:
          challenge: {{{{Start}}}}
          rounds: 10
          timeout: 60s
          cpus: 1

        # The same on other work that nobody has seen; a claim must hold there too.
        # holdout: {challenge: {{{{Start}}}} other}

        # Agents edit the code; 'godwit doctor --models' finds who can answer. Parameters of a file can be tuned beside them.
        agents: {turns: 30}
        # parameters: {file: src/settings.json, space: {cache_size: {type: int, low: 16, high: 4096, scale: log}}}

        budget: {trials: 12, time: 30m}                                     # dollars: 5 caps what models cost
        claim: {minimum_effect: 5%, confidence: 95%}
        seed: 1

        """;
}
