using System.Reflection;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Godwit.Models;

/// <summary>Where a provider is reached.</summary>
public sealed record ModelProvider
{
    /// <summary>
    /// <c>compatible</c> for a server that speaks OpenAI's chat completions, <c>openai</c> for OpenAI's own, <c>responses</c> for
    /// OpenAI's responses, <c>anthropic</c> or <c>mailbox</c>.
    /// </summary>
    public string Dialect { get; init; } = "compatible";

    /// <summary>The base address, or for a mailbox the folder; null for the provider's own.</summary>
    public string? Url { get; init; }

    /// <summary>The environment variable that holds the key; null where none is needed.</summary>
    public string? Key { get; init; }

    /// <summary>A file of mode 0600 that holds the key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Whether what it is sent stays on this machine: a mailbox, or a server on the loopback.</summary>
    [YamlIgnore]
    public bool IsLocal => Dialect == "mailbox" || (Uri.TryCreate(Url, UriKind.Absolute, out var address) && address.IsLoopback);
}

/// <summary>The models that there are, what they cost, and which of them play which role.</summary>
public sealed class ModelCatalogue
{
    /// <summary>Stands for every provider on this machine.</summary>
    public const string Local = "local";

    private readonly Dictionary<string, ModelEntry> _models;
    private readonly Dictionary<string, List<string>> _roles;

    private ModelCatalogue(
        Dictionary<string, ModelProvider> providers, Dictionary<string, ModelEntry> models, Dictionary<string, List<string>> roles)
    {
        Providers = providers;
        _models = models;
        _roles = roles;
    }

    /// <summary>All providers by name.</summary>
    public IReadOnlyDictionary<string, ModelProvider> Providers { get; }

    /// <summary>All models.</summary>
    public IEnumerable<ModelEntry> Models => _models.Values;

    /// <summary>The roles that have models, with their models' names.</summary>
    public IReadOnlyDictionary<string, List<string>> Roles => _roles;

    /// <summary>The built-in catalogue with files laid over it, the later ones stronger.</summary>
    /// <param name="files">Paths of YAML files.</param>
    /// <exception cref="FormatException">A file has mistakes; each is one line.</exception>
    public static ModelCatalogue Load(params IEnumerable<string> files)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Godwit.Models.models.yaml")!;
        using var reader = new StreamReader(stream);
        return Merge([("built-in models.yaml", reader.ReadToEnd()), .. files.Select(file => (file, File.ReadAllText(file)))]);
    }

    /// <summary>The model of a name, or null.</summary>
    public ModelEntry? Find(string name) => _models.GetValueOrDefault(name);

    /// <summary>A role's models, the preferred one first.</summary>
    /// <exception cref="ModelException">The role has none.</exception>
    public IReadOnlyList<ModelEntry> ForRole(string role) => _roles.TryGetValue(role, out var names)
        ? [.. names.Select(name => _models[name])]
        : throw new ModelException(
            ModelFailure.Rejected,
            $"no model plays the role '{role}'; add 'roles: {{{role}: [NAME]}}' to models.yaml in the store ('godwit models' shows where)");

    /// <summary>This catalogue without the models of other providers.</summary>
    /// <param name="providers">The providers that may be asked, by name; <see cref="Local"/> is any on this machine. Empty for all.</param>
    /// <exception cref="FormatException">There is no such provider.</exception>
    internal ModelCatalogue Only(IReadOnlyList<string> providers)
    {
        if (providers.FirstOrDefault(name => name != Local && !Providers.ContainsKey(name)) is { } unknown)
        {
            throw new FormatException(
                $"'providers' names '{unknown}', which is no provider; there are {Local}, {string.Join(", ", Providers.Keys.Order(StringComparer.Ordinal))}");
        }

        bool MayAsk(string model) => _models[model].Provider is var name
            && (providers.Contains(name) || (providers.Contains(Local) && Providers[name].IsLocal));
        var models = _models.Where(model => providers.Count == 0 || MayAsk(model.Key)).ToDictionary(StringComparer.Ordinal);
        var roles = _roles.Select(role => KeyValuePair.Create(role.Key, role.Value.Where(models.ContainsKey).ToList()))
            .Where(role => role.Value.Count > 0).ToDictionary(StringComparer.Ordinal);
        return new ModelCatalogue(new Dictionary<string, ModelProvider>(Providers, StringComparer.Ordinal), models, roles);
    }

    /// <summary>This catalogue with a layer over it.</summary>
    internal ModelCatalogue With(string layer) => Merge([("layer", layer)], this);

    internal static ModelCatalogue Merge(IReadOnlyList<(string Name, string Text)> layers, ModelCatalogue? below = null)
    {
        var providers = new Dictionary<string, ModelProvider>(
            below?.Providers ?? new Dictionary<string, ModelProvider>(), StringComparer.Ordinal);
        var models = new Dictionary<string, ModelEntry>(below?._models ?? [], StringComparer.Ordinal);
        var roles = new Dictionary<string, List<string>>(below?._roles ?? [], StringComparer.Ordinal);
        var floors = new Dictionary<string, int>(StringComparer.Ordinal);
        var mistakes = new List<string>();
        foreach (var (file, text) in layers)
        {
            var layer = Read(file, text, mistakes);
            foreach (var (name, provider) in layer.Providers ?? [])
            {
                providers[name] = provider ?? new ModelProvider();
            }

            foreach (var (name, model) in layer.Models ?? [])
            {
                models[name] = (model ?? new Listed()).Over(name, models.GetValueOrDefault(name));
                if (models[name] is { Input: < 0 } or { CachedInput: < 0 } or { Output: < 0 } or { Context: < 0 } or { MaxOutput: < 0 })
                {
                    mistakes.Add($"{file}: model '{name}' has a price or a size below 0");
                }

                if (!providers.ContainsKey(models[name].Provider))
                {
                    mistakes.Add(
                        $"{file}: model '{name}' is served by '{models[name].Provider}', which is no provider; add it under providers");
                }
            }

            foreach (var (role, floor) in layer.Floors ?? [])
            {
                floors[role] = floor;
            }

            foreach (var (role, names) in layer.Roles ?? [])
            {
                if (names is null)
                {
                    mistakes.Add($"{file}: role '{role}' names no model; write {role}: [NAME], or take it out");
                    continue;
                }

                roles[role] = names;
                mistakes.AddRange(
                    names.Where(name => !models.ContainsKey(name)).Select(
                        name => $"{file}: role '{role}' names '{name}', which is no model; add it under models"));
            }
        }

        foreach (var (role, floor) in floors)
        {
            mistakes.AddRange(
                roles.GetValueOrDefault(role, []).Where(name => models.TryGetValue(name, out var model) && model.Quality < floor)
                .Select(
                    name => $"role '{role}' has a floor of {floor}, and '{name}' has a quality of {models[name].Quality}; take " +
                    $"it out of the role, or give it quality: under models"));
        }

        return mistakes.Count == 0 ? new ModelCatalogue(providers, models, roles) : throw new FormatException(string.Join('\n', mistakes));
    }

    private static Layer Read(string file, string text, List<string> mistakes)
    {
        try
        {
            return new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).Build().Deserialize<Layer?>(text)
                ?? new Layer();
        }
        catch (YamlException error)
        {
            var why = (error.InnerException ?? error).Message;
            mistakes.Add(
                $"{file}:{error.Start.Line}:{error.Start.Column}: " +
                $"{(why.Contains("List`1", StringComparison.Ordinal) ? "this must be a list, such as [NAME]" : why)}");
            return new Layer();
        }
    }

    private sealed class Layer
    {
        public Dictionary<string, ModelProvider>? Providers { get; set; }

        public Dictionary<string, Listed>? Models { get; set; }

        public Dictionary<string, List<string>>? Roles { get; set; }

        /// <summary>The least quality of a role's models.</summary>
        public Dictionary<string, int>? Floors { get; set; }
    }

    /// <summary>A model as a file lists it; what it leaves out stays as it was.</summary>
    private sealed class Listed
    {
        public string? Provider { get; set; }

        public string? Id { get; set; }

        public long? Context { get; set; }

        public int? MaxOutput { get; set; }

        public decimal? Input { get; set; }

        public decimal? CachedInput { get; set; }

        public decimal? Output { get; set; }

        public int? Quality { get; set; }

        public ModelEntry Over(string name, ModelEntry? former) => new()
        {
            Name = name,
            Provider = Provider ?? former?.Provider ?? "",
            Id = Id ?? former?.Id ?? name,
            Context = Context ?? former?.Context ?? 0,
            MaxOutput = MaxOutput ?? former?.MaxOutput ?? 0,
            Input = Input ?? former?.Input,
            CachedInput = CachedInput ?? former?.CachedInput,
            Output = Output ?? former?.Output,
            Quality = Quality ?? former?.Quality ?? 0,
        };
    }
}
