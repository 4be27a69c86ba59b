namespace Godwit.Models;

/// <summary>Whether a role has models that can be asked, found out before anything depends on it.</summary>
internal static class RolePlayers
{
    /// <summary>Makes sure of it.</summary>
    /// <param name="catalogue">Models and roles.</param>
    /// <param name="role">The role.</param>
    /// <param name="file">Where the user can mend it.</param>
    /// <param name="priced">Whether a money budget has to hold them.</param>
    /// <param name="providers">The only providers that may be asked; empty for all.</param>
    /// <exception cref="FormatException">It has none; one line that says how to mend it.</exception>
    public static void Require(ModelCatalogue catalogue, string role, string file, bool priced, IReadOnlyList<string>? providers = null)
    {
        IReadOnlyList<ModelEntry> models;
        try
        {
            models = catalogue.ForRole(role);
        }
        catch (ModelException missing)
        {
            throw new FormatException(
                providers is { Count: > 0 }
                    ? $"no model of the providers that the goal allows ({string.Join(", ", providers)}) plays the role '{role}'; " +
                        $"give it one under roles in {file}"
                    : missing.Message);
        }

        if (priced && models.FirstOrDefault(model => !model.IsPriced) is { } unpriced)
        {
            throw new FormatException(
                $"model '{unpriced.Name}' has no price, and a budget of dollars can't hold it; give it input: and output: " +
                $"under models in {file}");
        }

        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var lacks = models.Select(model => drivers.Lacks(model.Provider)).ToList();
        if (lacks.TrueForAll(lack => lack is not null))
        {
            throw new FormatException($"no model of role '{role}' can be asked: {string.Join("; ", lacks.Distinct())}");
        }
    }
}
