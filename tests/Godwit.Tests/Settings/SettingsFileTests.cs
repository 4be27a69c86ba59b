using System.Text;
using Godwit.Settings;

namespace Godwit.Tests.Settings;

/// <summary>Values are changed in place: every other byte of the file stays.</summary>
public sealed class SettingsFileTests
{
    [Theory]
    [InlineData("s.json", "{\"a\": 1, \"b\": \"x\"}", "a", "2", false, "{\"a\": 2, \"b\": \"x\"}")]
    [InlineData("s.json", "\uFEFF{\"THREADS\": 4}", "THREADS", "8", false, "\uFEFF{\"THREADS\": 8}")]
    [InlineData("s.json", "{ // why\r\n  \"ä\": [1, {\"x\": 5}], /* c */\r\n  \"z\": " +
    "1,\r\n}", "ä.1.x", "6", false, "{ // why\r\n  \"ä\": [1, {\"x\": 6}], /* c */\r\n  \"z\": 1,\r\n}")]
    [InlineData("s.json", "{\"server.port\": 80}", "server.port", "81", false, "{\"server.port\": 81}")]
    [InlineData("s.json", "{\"server\": {\"port\": 80}}", "server.port", "81", false, "{\"server\": {\"port\": 81}}")]
    [InlineData("s.json", "{\"a.b\": {\"c\": 1}, \"a\": {\"b.c\": 2}}", "a.b.c", "9", false, "{\"a.b\": {\"c\": 9}, \"a\": {\"b.c\": 2}}")]
    [InlineData("s.json", "{\"layers\": [{\"units\": 4}, {\"units\": 8}], " +
    "\"lr\": 0.1}", "layers.0.units", "64", false, "{\"layers\": [{\"units\": " +
    "64}, {\"units\": 8}], \"lr\": 0.1}")]
    [InlineData("s.json", "{\"version\": \"1.9\"}", "version", "1.10", true, "{\"version\": \"1.10\"}")]
    [InlineData("s.json", "{\"limit\": 10}", "limit", "null", false, "{\"limit\": null}")]
    [InlineData("s.json", "{\"limit\": null}", "limit", "null", true, "{\"limit\": \"null\"}")]
    [InlineData("s.json", "{\"size\": \"4096\"}", "size", "8192", false, "{\"size\": \"8192\"}")]
    [InlineData("s.json", "{\n  \"a\": 1\n}\n", "b", "2", false, "{\n  \"a\": 1,\n  \"b\": 2\n}\n")]
    [InlineData("s.json", "{}", "b", "2", false, "{\"b\": 2}")]
    [InlineData("c.yaml", "# top\na: 1   # one\nb:\n  - x: 'p'\n  - y\n", "b.0.x", "q r", true, "# top\na: 1   # one\nb:\n  - x: 'q r'\n  - y\n")]
    [InlineData("c.yml", "a: 1\r\nb: \"t\"\r\n", "b", "true", true, "a: 1\r\nb: \"true\"\r\n")]
    [InlineData("c.yml", "a: plain\n", "a", "1.10", true, "a: '1.10'\n")]
    [InlineData("c.yml", "a: 1.9\n", "a", "1.10", false, "a: 1.10\n")]
    [InlineData("c.yml", "m: {x: 1, y: on}\n", "m.y", "off", true, "m: {x: 1, y: off}\n")]
    [InlineData("c.yml", "a: 1\n", "b", "2", false, "a: 1\nb: 2\n")]
    [InlineData("c.toml", "title = \"t\" # c\n[server]\nport = 80 # p\nhosts = ['a', " +
    "'b']\n", "server.port", "81", false, "title = \"t\" # c\n[server]\nport = 81 # p\nhosts = ['a', 'b']\n")]
    [InlineData("c.toml", "[server]\nhosts = ['a', 'b']\n", "server.hosts.1", "c", true, "[server]\nhosts = ['a', 'c']\n")]
    [InlineData("c.toml", "a.b = 1\r\n[[x]]\r\nn = 1\r\n[[x]]\r\nn = 2\r\n", "x.1.n", "3", false, "a.b = 1\r\n[[x]]\r\nn = 1\r\n[[x]]\r\nn = 3\r\n")]
    [InlineData("c.toml", "a = 1\n[t]\nb = 2\n", "c", "x", true, "a = 1\nc = \"x\"\n[t]\nb = 2\n")]
    [InlineData("my.cnf", "[mysqld]\nmax = 4 ; four\n[client]\nmax = 1\n", "mysqld.max", "8", false, "[mysqld]\nmax = 8 ; four\n[client]\nmax = 1\n")]
    [InlineData("c.ini", "; head\nname = \"a b\"\n", "name", "c d", true, "; head\nname = \"c d\"\n")]
    [InlineData("tune.env", "export THREADS=4\nBUF=\"64\" # kilobytes\nMODE=fast # slow|fast\nLEVEL = " +
    "3\n", "THREADS", "8", false, "export THREADS=8\nBUF=\"64\" # kilobytes\nMODE=fast # slow|fast\nLEVEL = 3\n")]
    [InlineData("tune.env", "export THREADS=4\nBUF=\"64\" # kilobytes\n", "BUF", "128", false, "export THREADS=4\nBUF=\"128\" # kilobytes\n")]
    [InlineData("tune.env", "MODE=fast # slow|fast\nLEVEL = 3\n", "MODE", "slow", true, "MODE=slow # slow|fast\nLEVEL = 3\n")]
    [InlineData("tune.env", "MODE=fast # slow|fast\nLEVEL = 3", "LEVEL", "9", false, "MODE=fast # slow|fast\nLEVEL = 9")]
    [InlineData("tune.env", "A=#fff\r\nB=\r\n", "A", "#000", true, "A=\"#000\"\r\nB=\r\n")]
    [InlineData("tune.env", "A=1\n", "B", "x y", true, "A=1\nB=\"x y\"\n")]
    [InlineData("nginx.conf", "user  www;\nworker_processes  4;\nevents { worker_connections  768; " +
    "}\n", "worker_processes", "8", false, "user  www;\nworker_processes  8;\nevents { worker_connections  768; }\n")]
    [InlineData("nginx.conf", "user  www;\nevents { worker_connections  768; }\n", "worker_connections", "1024", false, "user  www;\nevents { worker_connections  1024; }\n")]
    [InlineData("postgresql.conf", "#work_mem = 1MB\nwork_mem = 4MB\t# min 64kB\nshared_buffers = " +
    "'128MB'\n", "work_mem", "8MB", true, "#work_mem = 1MB\nwork_mem = 8MB\t# min 64kB\nshared_buffers = '128MB'\n")]
    [InlineData("postgresql.conf", "shared_buffers = '128MB'\n", "shared_buffers", "256MB", true, "shared_buffers = '256MB'\n")]
    [InlineData("redis.conf", "# maxmemory <bytes>\nmaxmemory 100mb\nappendonly no\n", "appendonly", "yes", true, "# maxmemory <bytes>\nmaxmemory 100mb\nappendonly yes\n")]
    [InlineData("app.properties", "! c\ndb.pool.size: 10\nurl=jdbc:x # y\n", "db.pool.size", "20", false, "! c\ndb.pool.size: 20\nurl=jdbc:x # y\n")]
    [InlineData("app.properties", "url=jdbc:x # y\n", "url", "z", true, "url=z\n")]
    [InlineData("run.args", "--threads 4 --mode=fast -v\n", "threads", "8", false, "--threads 8 --mode=fast -v\n")]
    [InlineData("run.args", "--threads 4 --mode=fast -v\n", "mode", "slow", true, "--threads 4 --mode=slow -v\n")]
    public void Write_Value_ChangesNothingElseAndIsReadBack(
        string path, string before, string name, string value, bool isText, string after)
    {
        var file = SettingsFile.Open(path, Encoding.UTF8.GetBytes(before));
        file.Write(name, new SettingsValue(value, isText));
        Assert.Equal(after, Encoding.UTF8.GetString(file.ToBytes()));
        Assert.Equal(value, SettingsFile.Open(path, file.ToBytes()).Read(name)!.Value.Text);
    }

    [Theory]
    [InlineData("s.json", "{\"a\": 1, \"b\": 2}", "b", "{\"a\": 1}")]
    [InlineData("s.json", "{\"a\": 1, \"b\": 2}", "a", "{\"b\": 2}")]
    [InlineData("s.json", "{\n  \"a\": 1\n}", "a", "{}")]
    [InlineData("c.yaml", "a: 1\nb: 2 # c\n", "b", "a: 1\n")]
    [InlineData("c.toml", "a = 1\nb = 2\n[t]\n", "a", "b = 2\n[t]\n")]
    [InlineData("tune.env", "A=1\nB=2\n", "A", "B=2\n")]
    public void Remove_Name_TakesItsEntryAlone(string path, string before, string name, string after)
    {
        var file = SettingsFile.Open(path, Encoding.UTF8.GetBytes(before));
        file.Remove(name);
        Assert.Equal(after, Encoding.UTF8.GetString(file.ToBytes()));
    }

    [Theory]
    [InlineData("s.json", "{\"a\": 1", "a", "1", "line 1, column")]
    [InlineData("s.json", "{\"a\": [1, 2]}", "a", "1", "'a' at line 1, column 7 holds a list, and isn't a value")]
    [InlineData("s.json", "{\n \"a\": [1, 2]}", "a.2", "1", "'a.2' goes into a list of 2 at line 2, column 7, and '2' is none " +
    "of its places")]
    [InlineData("s.json", "{\"a\": 1}", "a.b", "1", "'a.b' goes below the value at line 1, column 7, which holds nothing")]
    [InlineData("s.json", "{\"a\": 1}", "x.b", "1", "there is no 'x.b', nor anything that could hold it")]
    [InlineData("s.json", "{\"a\": 1}", "a", ".nan", "JSON has no way to write .nan")]
    [InlineData("c.toml", "a = 1\n", "a", "null", "TOML has no null")]
    [InlineData("c.toml", "a = \n", "a", "1", "this is no TOML at line 1")]
    [InlineData("c.yaml", "a: [1\n", "a", "1", "this is no YAML at line")]
    [InlineData("c.yaml", "a: &x 1\n", "a", "2", "'a' at line 1, column 4 is empty, or is written with an anchor, a tag or as a block")]
    [InlineData("tune.env", "A=1\nA=2\n", "A", "3", "'A' is there 2 times, at line 1, column 1 and line 2, column 1")]
    [InlineData("tune.env", "A=1\n", "A", "null", "a file of lines has no null")]
    public void Write_WhatCantBe_SaysWhyAndWhere(string path, string content, string name, string value, string words)
    {
        var error = Assert.Throws<FormatException>(
            () => SettingsFile.Open(path, Encoding.UTF8.GetBytes(content)).Write(name, new SettingsValue(value, false)));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }
}
