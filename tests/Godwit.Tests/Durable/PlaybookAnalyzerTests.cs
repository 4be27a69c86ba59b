using System.Collections.Immutable;
using Godwit.Durable;
using Godwit.Durable.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Godwit.Tests.Durable;

/// <summary>What a playbook must not do is reported at build, wherever its body reaches it.</summary>
public sealed class PlaybookAnalyzerTests
{
    [Theory]
    [InlineData("var now = DateTimeOffset.UtcNow;", "DateTimeOffset.UtcNow")]
    [InlineData("await Task.Delay(5);", "Task.Delay")]
    [InlineData("await context.NowAsync(\"a\").ConfigureAwait(false);", "Task.ConfigureAwait")]
    [InlineData("var first = await Task.WhenAny(context.NowAsync(\"a\"), context.NowAsync(\"b\"));", "Task.WhenAny")]
    [InlineData("var random = new Random();", "Random..ctor")]
    [InlineData("Helper();", "Guid.NewGuid")]
    [InlineData("var made = new Worker();", "Directory.CreateDirectory")]
    [InlineData("var made = Worker.Made;", "Stopwatch.GetTimestamp")]
    [InlineData("var all = new[] { 1 }.Select(one => Random.Shared.Next()).ToList();", "Random.Shared")]
    [InlineData("Action later = Helper; later();", "Guid.NewGuid")]
    [InlineData("int Local() => Environment.TickCount; Local();", "Environment.TickCount")]
    [InlineData("await Task.WhenAll(context.NowAsync(\"a\"), context.DelayAsync(\"b\", TimeSpan.Zero));", null)]
    [InlineData("var random = context.Random(\"a\").Next(); var seeded = new Random(random);", null)]
    [InlineData("await context.StepAsync(\"a\", Effect.Repeatable, 1, async (_, attempt, stop) => { await Task.Delay(1); return DateTime.Now.Year; });", null)]
    [InlineData("await context.StepAsync(\"a\", Effect.Repeatable, 1, StepBody);", null)]
    [InlineData("await context.StepAsync(\"a\", Effect.Repeatable, 1, StepBody, new StepOptions { Hold = stop => Task.Delay(1, stop) });", null)]
    public async Task Body_OutsideOfASteps_IsReportedWhereItStands(string body, string? member)
    {
        var found = await AnalyseAsync($$"""
            using System;
            using System.Diagnostics;
            using System.IO;
            using System.Linq;
            using System.Threading;
            using System.Threading.Tasks;
            using Godwit.Durable;

            public sealed record Sample() : Playbook<int, int>("sample")
            {
                public override async Task<int> RunAsync(IDurableContext context, int input)
                {
                    await Task.CompletedTask;
                    {{body}}
                    return input;
                }

                private static void Helper() => Guid.NewGuid();

                private static Task<int> StepBody(int input, Attempt attempt, CancellationToken stop) => Task.FromResult(DateTime.Now.Year);

                // Nothing in a playbook calls it.
                public static DateTime Unused() => DateTime.UtcNow;
            }

            public sealed class Worker
            {
                public Worker() => Directory.CreateDirectory("made");

                public static long Made => Stopwatch.GetTimestamp();
            }
            """);
        Assert.Equal(member is null ? [] : [$"'{member}'"], found.Select(one => one.GetMessage().Split(' ')[0]));
    }

    private static async Task<ImmutableArray<Diagnostic>> AnalyseAsync(string code)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':')
            .Append(typeof(DurableRun).Assembly.Location)
            .Distinct()
            .Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create(
            "Sample", [CSharpSyntaxTree.ParseText(code)], references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        Assert.Empty(compilation.GetDiagnostics().Where(one => one.Severity == DiagnosticSeverity.Error));
        return await compilation.WithAnalyzers([new PlaybookAnalyzer()]).GetAnalyzerDiagnosticsAsync();
    }
}
