using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace Godwit.Durable;

/// <summary>
/// Whether a type says what it stores: values, lists, dictionaries by string, and records or classes of public properties.
/// System.Text.Json writes others without a word as <c>{}</c>, and two different inputs would then have one hash.
/// </summary>
internal sealed class Contract
{
    private static readonly ConcurrentDictionary<Type, Contract> Known = new();

    private static readonly HashSet<Type> Plain =
    [
        typeof(string), typeof(decimal), typeof(DateTimeOffset), typeof(DateTime), typeof(TimeSpan), typeof(Guid), typeof(Uri),
        typeof(byte[]), typeof(DateOnly), typeof(TimeOnly),
    ];

    private Contract(string? refusal, bool hasDictionary)
    {
        Refusal = refusal;
        HasDictionary = hasDictionary;
    }

    public string? Refusal { get; }

    /// <summary>Dictionaries have no order of their own, so their canonical form must be sorted.</summary>
    public bool HasDictionary { get; }

    public static Contract Require(Type type)
    {
        var contract = Known.GetOrAdd(type, static type =>
        {
            var hasDictionary = false;
            return new Contract(Check(type, [], ref hasDictionary), hasDictionary);
        });
        return contract.Refusal is null ? contract : throw new DurableRuleException(contract.Refusal);
    }

    private static string? Check(Type type, HashSet<Type> seen, ref bool hasDictionary)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsPrimitive || type.IsEnum || Plain.Contains(type) || !seen.Add(type))
        {
            return null;
        }

        if (type.IsAssignableTo(typeof(ITuple)))
        {
            return $"{Name(type)} is a tuple, whose fields JSON leaves out; declare a record with named properties";
        }

        if (DictionaryValue(type) is { } value)
        {
            hasDictionary = true;
            return Check(value, seen, ref hasDictionary);
        }

        if (Element(type) is { } element)
        {
            return Check(element, seen, ref hasDictionary);
        }

        if (type == typeof(object) || type.IsInterface || type.IsPointer || type.IsAssignableTo(typeof(Delegate)))
        {
            return $"{Name(type)} doesn't say what it stores; declare a record with named properties";
        }

        return CheckMembers(type, seen, ref hasDictionary);
    }

    private static string? CheckMembers(Type type, HashSet<Type> seen, ref bool hasDictionary)
    {
        var cases = type.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false).ToList();
        if (type.IsAbstract && cases.Count == 0)
        {
            return $"{Name(type)} is abstract and names no cases; add [JsonDerivedType] for each";
        }

        foreach (var derived in cases)
        {
            if (Check(derived.DerivedType, seen, ref hasDictionary) is { } refusal)
            {
                return refusal;
            }
        }

        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetMethod is not null && property.GetIndexParameters().Length == 0)
            .Where(property => property.GetCustomAttribute<JsonIgnoreAttribute>() is null)
            .ToList();
        var hiddenFields = type.GetFields(BindingFlags.Public | BindingFlags.Instance).Length > 0;
        if (hiddenFields
            || (properties.Count == 0 && !type.IsAbstract && type.BaseType is { IsAbstract: false } && type.GetConstructor([]) is null))
        {
            return $"{Name(type)} keeps its state in fields, which JSON leaves out; declare a record with named properties";
        }

        foreach (var property in properties)
        {
            if (Check(property.PropertyType, seen, ref hasDictionary) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private static Type? DictionaryValue(Type type) => Interfaces(type)
        .FirstOrDefault(face => face.IsGenericType && face.GetGenericTypeDefinition() == typeof(IEnumerable<>)
            && face.GetGenericArguments()[0] is { IsGenericType: true } pair && pair.GetGenericTypeDefinition() == typeof(KeyValuePair<,>)
            && pair.GetGenericArguments()[0] == typeof(string))
        ?.GetGenericArguments()[0].GetGenericArguments()[1];

    private static Type? Element(Type type) => type.IsArray
        ? type.GetElementType()
        : Interfaces(type).FirstOrDefault(face => face.IsGenericType && face.GetGenericTypeDefinition() == typeof(IEnumerable<>))?
            .GetGenericArguments()[0];

    private static IEnumerable<Type> Interfaces(Type type) => type.IsInterface ? type.GetInterfaces().Prepend(type) : type.GetInterfaces();

    private static string Name(Type type) =>
        type.IsGenericType ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : type.Name;
}
