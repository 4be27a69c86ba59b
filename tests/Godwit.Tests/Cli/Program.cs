using System.Diagnostics;
using System.Text.Json;

namespace Godwit.Tests.Cli;

/// <summary>Runs the program as a user does: through the launcher, with a store of its own.</summary>
internal sealed class Program : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-cli-");

    public string Home => Path.Combine(_root.FullName, "home");

    /// <summary>Where it is started; the test's own folder by default.</summary>
    public string WorkingFolder { get; set; } = "";

    /// <summary>Variables that it gets beside the test's own.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>A folder with files; the content of a program's file starts with #! and makes it one.</summary>
    public string Folder(string name, params (string Path, string Content)[] files)
    {
        var folder = Path.Combine(_root.FullName, name);
        Directory.CreateDirectory(folder);
        foreach (var (path, content) in files)
        {
            File.WriteAllText(Path.Combine(folder, path), content);
            if (content.StartsWith("#!", StringComparison.Ordinal))
            {
                File.SetUnixFileMode(Path.Combine(folder, path), (UnixFileMode)0b111_101_101);
            }
        }

        return folder;
    }

    /// <summary>An example of the repository, copied so that a test can change it.</summary>
    public string Example(string name, Func<string, string>? changeGoal = null)
    {
        var folder = Path.Combine(_root.FullName, name);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "examples", name), "*", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal)))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(Path.Combine(Repository.Root, "examples", name), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }

        var goal = Path.Combine(folder, "godwit.yaml");
        File.WriteAllText(goal, (changeGoal ?? (text => text))(File.ReadAllText(goal)));
        return folder;
    }

    public Process Start(params string[] arguments)
    {
        var info = new ProcessStartInfo(Path.Combine(Repository.Root, "godwit"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = WorkingFolder,
        };
        info.Environment["GODWIT_HOME"] = Home;
        foreach (var (name, value) in Environment)
        {
            info.Environment[name] = value;
        }

        return Process.Start(info)!;
    }

    /// <summary>Runs the built program as another user, with a store of its own.</summary>
    public (int Exit, string Output, string Error) RunAs(int user, string folder, params string[] arguments)
    {
        var program = Path.Combine(_root.FullName, "program");
        Directory.CreateDirectory(program);
        foreach (var file in Directory.GetFiles(Path.Combine(Repository.Root, "artifacts", "godwit")))
        {
            File.Copy(file, Path.Combine(program, Path.GetFileName(file)), overwrite: true);
        }

        using (var own = Process.Start("chown", ["-R", $"{user}:{user}", _root.FullName]))
        {
            own.WaitForExit();
        }

        var dotnet = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", "dotnet");
        string[] line =
        [
            "--reuid", $"{user}", "--regid", $"{user}", "--clear-groups",
            "env", "-i", $"PATH={System.Environment.GetEnvironmentVariable("PATH")}", $"HOME={_root.FullName}",
            $"GODWIT_HOME={_root.FullName}/other-home", Path.GetFullPath(dotnet), Path.Combine(program, "Godwit.Cli.dll"), .. arguments,
        ];
        return Finish(
            Process.Start(
                new ProcessStartInfo("setpriv", line)
                {
                    WorkingDirectory = folder,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    RedirectStandardInput = true,
                })!,
            arguments);
    }

    public (int Exit, string Output, string Error) Run(params string[] arguments) => Finish(Start(arguments), arguments);

    private static (int Exit, string Output, string Error) Finish(Process started, string[] arguments)
    {
        using var process = started;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(10)), $"godwit {string.Join(' ', arguments)} did not end");

        // An abort or a segmentation fault is the runtime's: what it says of it is what there is to go by.
        Assert.False(process.ExitCode is 134 or 139, $"godwit {string.Join(' ', arguments)} crashed: {error.Result}");
        return (process.ExitCode, output, error.Result);
    }

    public JsonElement RunJson(params string[] arguments)
    {
        var (_, output, error) = Run([.. arguments, "--json"]);
        Assert.True(output.Length > 0, error);
        return JsonDocument.Parse(output).RootElement;
    }

    public void Dispose() => _root.Delete(recursive: true);
}
