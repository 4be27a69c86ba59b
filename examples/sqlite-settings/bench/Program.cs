// A small order store on SQLite: every order is a transaction of its own, as a web shop's checkout would make it.
//
//   bench measure [--mix NAME] [--seed N]   prints METRIC lines
//   bench check                             exits 1 when the settings would lose an acknowledged order in a power cut

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
var settings = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllText("settings.json"))!
    .ToDictionary(pair => pair.Key, pair => pair.Value.ToString());
return args switch
{
    ["check", ..] => Check(settings),
    ["measure", .. var rest] => Measure(settings, rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: bench measure [--mix standard|large] [--seed N] | bench check");
    return 2;
}

// What a setting is in the file doesn't count; what the live connection says it is does.
static int Check(Dictionary<string, string> settings)
{
    using var store = new OrderStore(settings);
    foreach (var (name, expected) in settings.Where(pair => pair.Key is not ("synchronous" or "page_size")))
    {
        var live = store.Pragma(name);
        if (!string.Equals(live, expected, StringComparison.OrdinalIgnoreCase))
        {
            Console.Error.WriteLine($"{name} is {live} on the live connection, not {expected} as settings.json says");
            return 1;
        }
    }

    if (store.WhyNotDurable() is { } reason)
    {
        Console.Error.WriteLine(reason);
        return 1;
    }

    for (var order = 0; order < 20; order++)
    {
        store.Commit(order, order % 7, 100 + order, "check");
    }

    if (store.Count() != 20)
    {
        Console.Error.WriteLine($"20 orders were acknowledged and {store.Count()} are there");
        return 1;
    }

    Console.WriteLine($"durable: journal_mode={store.Pragma("journal_mode")} synchronous={store.Pragma("synchronous")}");
    return 0;
}

static int Measure(Dictionary<string, string> settings, string[] rest)
{
    var mix = Option(rest, "--mix") ?? "standard";
    var random = new Random(unchecked((int)ulong.Parse(Option(rest, "--seed") ?? "1", CultureInfo.InvariantCulture)));
    var fsync = FsyncMicroseconds();
    using var store = new OrderStore(settings);
    var (budget, note) = mix == "large" ? (TimeSpan.FromMilliseconds(150), 1200) : (TimeSpan.FromMilliseconds(150), 120);
    for (var warm = 0; warm < 50; warm++)
    {
        store.Commit(-1 - warm, 0, 1, "warm");
    }

    var notes = Enumerable.Range(0, 16).Select(_ => new string((char)('a' + random.Next(26)), random.Next(note / 2, note))).ToArray();
    var latencies = new List<double>();
    var clock = Stopwatch.StartNew();
    var orders = 0;
    while (clock.Elapsed < budget)
    {
        var start = clock.Elapsed;
        store.Commit(orders, random.Next(500), random.Next(1, 10_000), notes[random.Next(notes.Length)]);
        latencies.Add((clock.Elapsed - start).TotalMilliseconds);
        orders++;
    }

    var seconds = clock.Elapsed.TotalSeconds;
    latencies.Sort();
    Console.WriteLine($"METRIC orders_s={orders / seconds:F1} orders/s");
    Console.WriteLine($"METRIC p99_ms={latencies[(int)(latencies.Count * 0.99)]:F4} ms");
    Console.WriteLine($"METRIC orders={orders}");
    Console.WriteLine($"METRIC durable_commits={(store.WhyNotDurable() is null ? store.Count() - 50 : 0)}");
    Console.WriteLine($"METRIC fsync_us={fsync:F1} us");
    return 0;
}

static string? Option(string[] arguments, string name) =>
    Array.IndexOf(arguments, name) is >= 0 and var index && index + 1 < arguments.Length ? arguments[index + 1] : null;

// What the disk takes for one durable write: on a tmpfs, or a disk that lies, the whole comparison would mean nothing.
static double FsyncMicroseconds()
{
    using var file = new FileStream("fsync.probe", FileMode.Create, FileAccess.Write, FileShare.None, 1);
    var times = new List<double>();
    for (var write = 0; write < 20; write++)
    {
        var start = Stopwatch.GetTimestamp();
        file.Write(new byte[512]);
        file.Flush(flushToDisk: true);
        times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
    }

    times.Sort();
    return times[times.Count / 2];
}

internal sealed class OrderStore : IDisposable
{
    private static readonly string[] Levels = ["off", "normal", "full", "extra"];
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;

    public OrderStore(Dictionary<string, string> settings)
    {
        foreach (var file in Directory.EnumerateFiles(".", "orders.db*"))
        {
            File.Delete(file);
        }

        _connection = new SqliteConnection("Data Source=orders.db;Pooling=False");
        _connection.Open();

        // The page size can't be changed once there is a page; all else is set on the live connection.
        foreach (var (name, value) in settings.OrderBy(pair => pair.Key == "page_size" ? 0 : 1))
        {
            Execute($"PRAGMA {name}={value}");
        }

        Execute("CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, cents INTEGER NOT NULL, note TEXT NOT NULL)");
        Execute("CREATE INDEX orders_of_customer ON orders(customer)");
        _insert = _connection.CreateCommand();
        _insert.CommandText = "INSERT INTO orders VALUES ($id, $customer, $cents, $note)";
        foreach (var name in (string[])["$id", "$customer", "$cents", "$note"])
        {
            _insert.Parameters.Add(name, name == "$note" ? SqliteType.Text : SqliteType.Integer);
        }

        _insert.Prepare();
    }

    public void Commit(long id, int customer, int cents, string note)
    {
        _insert.Parameters[0].Value = id;
        _insert.Parameters[1].Value = customer;
        _insert.Parameters[2].Value = cents;
        _insert.Parameters[3].Value = note;
        _insert.ExecuteNonQuery();
    }

    public string Pragma(string name)
    {
        var value = Scalar($"PRAGMA {name}");
        return name == "synchronous" ? Levels[int.Parse(value, CultureInfo.InvariantCulture)] : value;
    }

    public long Count() => long.Parse(Scalar("SELECT count(*) FROM orders"), CultureInfo.InvariantCulture);

    /// <summary>
    /// Whether an acknowledged order survives a power cut: only if each commit is synced. In WAL mode NORMAL syncs at
    /// checkpoints alone, so the last commits can be lost; OFF never syncs (https://sqlite.org/pragma.html#pragma_synchronous).
    /// A journal in memory, or none, can't roll back half a transaction.
    /// </summary>
    public string? WhyNotDurable()
    {
        var (journal, synchronous) = (Pragma("journal_mode"), Pragma("synchronous"));
        if (synchronous is "off" or "normal")
        {
            return $"synchronous is {synchronous} on the live connection: acknowledged orders can be lost in a power cut, so it is not durable";
        }

        return journal is "memory" or "off" ? $"journal_mode is {journal} on the live connection: a crash in mid-commit corrupts the store, so it is not durable" : null;
    }

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private string Scalar(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) ?? "";
    }
}
