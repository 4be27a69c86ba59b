namespace Godwit.Durable;

/// <summary>A playbook that a run can be started with; the typed form is <see cref="Playbook{TIn,TOut}"/>.</summary>
/// <param name="Name">Its name in journals; it never changes, whatever the class is called.</param>
public abstract record Playbook(string Name)
{
    internal abstract Task<byte[]> RunAsync(IDurableContext context, ReadOnlyMemory<byte> input);
}

/// <summary>A durable process: an ordinary async method whose steps are journaled.</summary>
/// <typeparam name="TIn">Its input.</typeparam>
/// <typeparam name="TOut">Its result.</typeparam>
/// <param name="Name">Its name in journals; it never changes, whatever the class is called.</param>
public abstract record Playbook<TIn, TOut>(string Name) : Playbook(Name)
{
    /// <summary>The body. Whatever touches the world in it is a step; time, randomness and races come from the context.</summary>
    public abstract Task<TOut> RunAsync(IDurableContext context, TIn input);

    internal override async Task<byte[]> RunAsync(IDurableContext context, ReadOnlyMemory<byte> input) =>
        Canonical.Serialize(await RunAsync(context, Canonical.Deserialize<TIn>(input.Span)));
}

/// <summary>The playbooks that a host knows, by name.</summary>
/// <param name="playbooks">Each with a name of its own.</param>
public sealed class PlaybookCatalogue(params IEnumerable<Playbook> playbooks)
{
    private readonly Dictionary<string, Playbook> _byName = playbooks.ToDictionary(playbook => playbook.Name, StringComparer.Ordinal);

    internal Playbook? Find(string name) => _byName.GetValueOrDefault(name);
}
