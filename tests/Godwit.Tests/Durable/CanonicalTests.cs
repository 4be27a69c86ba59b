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
}
