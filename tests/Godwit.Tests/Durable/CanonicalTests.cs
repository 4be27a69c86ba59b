using System.Text;
using Godwit.Durable;

namespace Godwit.Tests.Durable;

public sealed class CanonicalTests
{
    public sealed record Sample
    {
        public bool On { get; init; } = true;

        public int Count { get; init; }

        public int Limit { get; init; } = 5;

        public string? Name { get; init; }

        public IReadOnlyList<string> Items { get; init; } = [];

        public IReadOnlyDictionary<string, int> Map { get; init; } = new Dictionary<string, int>();
    }

    public sealed record Positional(string Text, int Number = 3, bool Flag = false);

    [Fact]
    public void Serialize_ValueThatReadingWouldNotPutThere_IsWritten()
    {
        var sample = new Sample { On = false, Limit = 0 };
        var json = Canonical.Serialize(sample);
        Assert.Equal("""{"limit":0,"on":false}""", Encoding.UTF8.GetString(json));
        Assert.Equal(sample.On, Canonical.Deserialize<Sample>(json).On);
        Assert.Equal(0, Canonical.Deserialize<Sample>(json).Limit);
    }

    [Fact]
    public void Serialize_Defaults_AreOmittedAndNamesSorted()
    {
        Assert.Equal("{}", Encoding.UTF8.GetString(Canonical.Serialize(new Sample())));
        Assert.Equal("""{"text":"a"}""", Encoding.UTF8.GetString(Canonical.Serialize(new Positional("a"))));
        Assert.Equal("""{"number":0,"text":"a"}""", Encoding.UTF8.GetString(Canonical.Serialize(new Positional("a", 0))));
        Assert.Equal(0, Canonical.Deserialize<Positional>(Canonical.Serialize(new Positional("a", 0))).Number);
    }

    [Fact]
    public void Serialize_Dictionary_IsSortedWhateverTheInsertionOrder()
    {
        var one = new Sample { Map = new Dictionary<string, int> { ["b"] = 1, ["a"] = 2 } };
        var two = new Sample { Map = new Dictionary<string, int> { ["a"] = 2, ["b"] = 1 } };
        Assert.Equal(Canonical.Serialize(one), Canonical.Serialize(two));
    }

    /// <summary>Finished steps are found by this hash: another form of it would pay for every step of every old run again.</summary>
    [Theory]
    [InlineData(0, null, 2, "0\n")]
    [InlineData(3, null, 2, "3\n")]
    [InlineData(0, "4b825d", 2, "0\n4b825d\n")]
    [InlineData(2, "4b825d", 2, "2\n4b825d\n")]
    [InlineData(0, null, 510, "0\n")]
    [InlineData(0, null, 511, "0\n")]
    [InlineData(7, "4b825d", 4000, "7\n4b825d\n")]
    public void Hash_VersionTreeAndJson_InTheOneFormOfAllJournals(int version, string? tree, int length, string head)
    {
        var json = Encoding.UTF8.GetBytes(new string('x', length));
        Assert.Equal(
            System.Security.Cryptography.SHA256.HashData([.. Encoding.UTF8.GetBytes(head), .. json]), Canonical.Hash(version, json, tree));
    }

    [Fact]
    public void Deserialize_TypeWithoutAContract_IsRefused() =>
        Assert.Throws<DurableRuleException>(() => Canonical.Deserialize<(int, int)>("{}"u8));

    [Fact]
    public void Deserialize_AnotherForm_SaysWhereAndWhatToDo()
    {
        var error = Assert.Throws<Godwit.Durable.Journal.JournalVersionException>(
            () => Canonical.Deserialize<Positional>("""{"text":"a","number":"three"}"""u8));
        Assert.Contains("(at $.number)", error.Message, StringComparison.Ordinal);
        Assert.Contains("use the version that started the run", error.Message, StringComparison.Ordinal);
    }
}
