using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Godwit.Durable.Analyzers;

/// <summary>
/// Reports what a playbook's body, and all code of its project that the body calls, does outside of steps although a replay would do it
/// differently: clocks, random numbers, races, threads, files, processes, the network.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class PlaybookAnalyzer : DiagnosticAnalyzer
{
    private const string Core = "Godwit.Durable";

    private static readonly DiagnosticDescriptor Rule = new(
        "GODWIT001", "A playbook must do the same on every replay", "'{0}' is used in a playbook outside of a step: {1}",
        "Durability", DiagnosticSeverity.Warning, isEnabledByDefault: true,
        description: "After a crash a playbook's body runs again from its top. Whatever could turn out differently has to be a step, " +
            "or come from the durable context.",
        helpLinkUri: null, customTags: [WellKnownDiagnosticTags.CompilationEnd]);

    /// <summary>Types of which nothing may be used, with what to use instead.</summary>
    private static readonly Dictionary<string, string> BannedTypes = new()
    {
        ["System.Diagnostics.Stopwatch"] = "take the time in a step",
        ["System.TimeProvider"] = "ask the context for the time",
        ["System.Threading.Thread"] = "a process runs on one thread at a time; do the work in a step",
        ["System.Threading.Tasks.Parallel"] = "start steps or children together, and await them with Task.WhenAll",
        ["System.IO.File"] = "do it in a step",
        ["System.IO.Directory"] = "do it in a step",
        ["System.Diagnostics.Process"] = "do it in a step",
        ["System.Net.Http.HttpClient"] = "do it in a step",
        ["System.Security.Cryptography.RandomNumberGenerator"] = "context.Random gives numbers that are the same on every replay",
    };

    /// <summary>Members that may not be used, with what to use instead.</summary>
    private static readonly Dictionary<string, string> BannedMembers = new()
    {
        ["System.DateTime.Now"] = "ask the context for the time",
        ["System.DateTime.UtcNow"] = "ask the context for the time",
        ["System.DateTime.Today"] = "ask the context for the time",
        ["System.DateTimeOffset.Now"] = "ask the context for the time",
        ["System.DateTimeOffset.UtcNow"] = "ask the context for the time",
        ["System.Environment.TickCount"] = "ask the context for the time",
        ["System.Environment.TickCount64"] = "ask the context for the time",
        ["System.Environment.GetEnvironmentVariable"] = "read it in a step",
        ["System.Guid.NewGuid"] = "context.Random gives numbers that are the same on every replay",
        ["System.Guid.CreateVersion7"] = "context.Random gives numbers that are the same on every replay",
        ["System.Random.Shared"] = "context.Random gives numbers that are the same on every replay",
        ["System.Threading.Tasks.Task.WhenAny"] = "context.FirstAsync journals which task was first",
        ["System.Threading.Tasks.Task.Run"] = "do the work in a step",
        ["System.Threading.Tasks.Task.Delay"] = "context.DelayAsync journals when the wait is over",
        ["System.Threading.Tasks.TaskFactory.StartNew"] = "do the work in a step",
        ["System.Threading.Tasks.Task.ConfigureAwait"] = "a process goes on where it is; await the task itself",
    };

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rule];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(start =>
        {
            if (start.Compilation.GetTypeByMetadataName($"{Core}.Playbook`2") is not { } playbook)
            {
                return;
            }

            var bodies = new ConcurrentDictionary<ISymbol, Body>(SymbolEqualityComparer.Default);
            start.RegisterOperationBlockAction(block => bodies[block.OwningSymbol] = Body.Of(block.OperationBlocks));
            start.RegisterCompilationEndAction(end => Report(end, playbook, bodies));
        });
    }

    /// <summary>Follows the calls from each playbook's body, and reports what is banned on the way.</summary>
    private static void Report(CompilationAnalysisContext context, INamedTypeSymbol playbook, ConcurrentDictionary<ISymbol, Body> bodies)
    {
        var open = new Queue<ISymbol>(bodies.Keys.Where(symbol => IsBodyOf(symbol, playbook)));
        var seen = new HashSet<ISymbol>(open, SymbolEqualityComparer.Default);
        while (open.Count > 0)
        {
            var body = bodies[open.Dequeue()];
            foreach (var (location, member, instead) in body.Banned)
            {
                context.ReportDiagnostic(Diagnostic.Create(Rule, location, member, instead));
            }

            foreach (var called in body.Calls.Where(called => bodies.ContainsKey(called) && seen.Add(called)))
            {
                open.Enqueue(called);
            }
        }
    }

    private static bool IsBodyOf(ISymbol symbol, INamedTypeSymbol playbook)
    {
        if (symbol is not IMethodSymbol { Name: "RunAsync", IsOverride: true })
        {
            return false;
        }

        for (var type = symbol.ContainingType?.BaseType; type is not null; type = type.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(type.OriginalDefinition, playbook))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What a member does, the bodies of steps left out.</summary>
    private sealed class Body
    {
        public List<(Location Location, string Member, string Instead)> Banned { get; } = [];

        public HashSet<ISymbol> Calls { get; } = new(SymbolEqualityComparer.Default);

        public static Body Of(ImmutableArray<IOperation> blocks)
        {
            var body = new Body();
            foreach (var block in blocks)
            {
                body.Visit(block);
            }

            return body;
        }

        private void Visit(IOperation operation)
        {
            if ((operation is IArgumentOperation argument && IsStepBody(argument))
                || (operation is ISimpleAssignmentOperation assignment && IsHold(assignment)))
            {
                return;
            }

            if (Used(operation) is { } member)
            {
                Calls.Add(member.OriginalDefinition);
                if (Instead(member) is { } instead)
                {
                    Banned.Add((operation.Syntax.GetLocation(), $"{member.ContainingType.Name}.{member.Name}", instead));
                }
            }

            foreach (var child in operation.ChildOperations)
            {
                Visit(child);
            }
        }

        private static ISymbol? Used(IOperation operation) => operation switch
        {
            IInvocationOperation invocation => invocation.TargetMethod,
            IObjectCreationOperation creation => creation.Constructor,
            IPropertyReferenceOperation property => property.Property.GetMethod is { } getter && HasBody(property.Property)
                ? getter
                : property.Property,
            IMethodReferenceOperation method => method.Method,
            _ => null,
        };

        private static bool HasBody(IPropertySymbol property) => property.DeclaringSyntaxReferences.Length > 0;

        /// <summary>What a step runs is the one thing that may touch the world.</summary>
        private static bool IsStepBody(IArgumentOperation argument) =>
            argument.Parameter is { Type.TypeKind: TypeKind.Delegate, ContainingSymbol: IMethodSymbol method }
            && method.ContainingNamespace.ToDisplayString() == Core
            && (method.Name is "StepAsync" || method.ContainingType.Name is "Probe");

        /// <summary>What an attempt waits for decides nothing.</summary>
        private static bool IsHold(ISimpleAssignmentOperation assignment) =>
            assignment.Target is IPropertyReferenceOperation { Property: { Name: "Hold", ContainingType: { Name: "StepOptions" } options } }
            && options.ContainingNamespace.ToDisplayString() == Core;

        private static string? Instead(ISymbol member)
        {
            var type = member.ContainingType?.ConstructedFrom.ToDisplayString() ?? "";
            if (type == "System.Random" && member is IMethodSymbol { MethodKind: MethodKind.Constructor, Parameters.Length: 0 })
            {
                return BannedMembers["System.Random.Shared"];
            }

            var name = member is IMethodSymbol { AssociatedSymbol: { } property } ? property.Name : member.Name;
            var generic = type.IndexOf('<');
            var plain = generic < 0 ? type : type.Substring(0, generic);
            return BannedTypes.TryGetValue(plain, out var ofType) ? ofType
                : BannedMembers.TryGetValue($"{plain}.{name}", out var ofMember) ? ofMember
                : null;
        }
    }
}
