using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary>
/// Reads the code that a line hands to an interpreter. It isn't parsed: the calls that reach outside are known by name, and texts in
/// quotes that are paths or shell lines are judged as such.
/// </summary>
internal sealed partial class ShellReader
{
    private ShellFlow Code(string language, string code, ShellState state)
    {
        if (code.Contains(Unseen, StringComparison.Ordinal))
        {
            Add(EffectKind.RunsUnseen, language);
            code = code.Replace(UnseenText, "", StringComparison.Ordinal);
        }

        switch (language)
        {
            case "sed" or "gsed" or "ssed":
                SedScript(code, state);
                return ShellFlow.Unknown;
            case "awk" or "gawk" or "mawk" or "nawk":
                AwkScript(code, state);
                return ShellFlow.Unknown;
        }

        if (code.Contains(Gap, StringComparison.Ordinal) && code.Trim(Gap, ' ', '\n').Length == 0)
        {
            Add(EffectKind.Opaque, $"code of {language} that is made while the line runs");
            return ShellFlow.Unknown;
        }

        if (Networking().IsMatch(code))
        {
            Add(EffectKind.Network, Quoted().Matches(code).Select(match => HostOf(["", match.Groups[2].Value])).FirstOrDefault(host => host.Length > 0) ?? "");
        }

        if (Decoding().IsMatch(code) && Evaluating().IsMatch(code))
        {
            Add(EffectKind.RunsUnseen, $"code of {language} that decodes what it runs");
        }
        else if (Evaluating().IsMatch(code) || Native().IsMatch(code))
        {
            Add(EffectKind.Opaque, $"code of {language} that runs code of its own making");
        }

        foreach (Match call in Starting(language).Matches(code))
        {
            Started(language, code[(call.Index + call.Length)..], state);
        }

        if (language is "perl" or "ruby" or "php")
        {
            foreach (Match quoted in Backticks().Matches(code))
            {
                Line(quoted.Groups[1].Value, state.Copy(), ShellFlow.Unknown);
            }
        }

        if (Loading().IsMatch(code))
        {
            foreach (Match quoted in Quoted().Matches(code))
            {
                if (state.Files.TryGetValue(Resolve(quoted.Groups[2].Value, state), out var loaded))
                {
                    RunText(loaded, state, language, language);
                }
            }
        }

        if (Files().IsMatch(code))
        {
            var kind = Changing().IsMatch(code) ? EffectKind.Writes : EffectKind.Reads;
            foreach (Match quoted in Quoted().Matches(code))
            {
                var text = quoted.Groups[2].Value;
                if ((text.StartsWith('/') && text.Length > 1) || text.StartsWith("~/", StringComparison.Ordinal) || text.StartsWith("../", StringComparison.Ordinal))
                {
                    AddPath(kind, text, state);
                }
            }
        }

        return ShellFlow.Unknown;
    }

    /// <summary>The command of <c>system("…")</c> or <c>run(["…", "…"])</c>; what isn't a plain text can't be told.</summary>
    private void Started(string language, string rest, ShellState state)
    {
        rest = rest.TrimStart(' ', '(', '\t', '\n');
        if (rest.StartsWith('['))
        {
            var end = rest.IndexOf(']', StringComparison.Ordinal);
            var words = end < 0 ? [] : Quoted().Matches(rest[..end]).Select(match => match.Groups[2].Value).ToList();
            if (words.Count > 0 && rest[1..end].Split(',').Length == words.Count)
            {
                Run(words, state.Copy(), ShellFlow.Empty);
                return;
            }
        }
        else if (Quoted().Match(rest) is { Success: true, Index: 0 } first && !(first.Groups[1].Value == "\"" && language is "perl" or "ruby" or "php" && first.Value.Contains('$', StringComparison.Ordinal)))
        {
            // system("ls", "-l"): words; system("ls -l"): a line.
            var more = FollowingWords().Match(rest[first.Length..]);
            if (more.Success && more.Length > 0)
            {
                Run([first.Groups[2].Value, .. Quoted().Matches(more.Value).Select(match => match.Groups[2].Value)], state.Copy(), ShellFlow.Empty);
            }
            else
            {
                Line(Regex.Unescape(Escapable(first.Groups[2].Value)), state.Copy(), ShellFlow.Empty);
            }

            return;
        }

        Add(EffectKind.Opaque, $"a command that code of {language} makes");
    }

    // Only what Regex.Unescape reads.
    private static string Escapable(string text) => UnknownEscape().Replace(text, "$1");

    [GeneratedRegex(@"\\([^\\abfnrtvex0-7.*+?|{}()\[\]^$# ""'-])")]
    private static partial Regex UnknownEscape();

    [GeneratedRegex(@"^(?:\s*,\s*(?:'[^'\n]*'|""[^""\n]*""))+(?=\s*\))")]
    private static partial Regex FollowingWords();

    [GeneratedRegex(@"(['""])((?:\\.|(?!\1).)*)\1", RegexOptions.Singleline)]
    private static partial Regex Quoted();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Backticks();

    [GeneratedRegex(
        @"\b(?:urllib|urllib2|requests|httpx|aiohttp|http\.(?:client|server)|socket|socketserver|ftplib|smtplib|telnetlib|paramiko|xmlrpc|websockets?|pycurl|" +
        @"IO::Socket|LWP|HTTP::Tiny|Net::\w+|Socket|TCPSocket|open-uri|fsockopen|curl_\w+|stream_socket_client|axios|undici|XMLHttpRequest|WebSocket|sendto)\b|" +
        @"\bfetch\s*\(|require\s*\(?\s*['""](?:node:)?(?:https?|net|dgram|tls|dns|http2)['""]|\bDeno\.(?:connect|listen|serve)|\bUDPSocket|file_get_contents\s*\(\s*['""]https?:|/inet/")]
    private static partial Regex Networking();

    [GeneratedRegex(@"\b(?:b64decode|base64|unhexlify|fromhex|frombase64|atob|decode_base64|codecs\.decode|zlib\.decompress|marshal\.loads|pack\s*\(|gzinflate|str_rot13|unpack)\b|Buffer\.from\s*\(")]
    private static partial Regex Decoding();

    [GeneratedRegex(@"(?<![\w.$>-])(?:exec|eval|compile|__import__|Function|assert|instance_eval|class_eval)\s*\(|\bnew\s+Function\b|\beval\s+[$@""']|\bgetattr\s*\(\s*__|\bvm\.run")]
    private static partial Regex Evaluating();

    [GeneratedRegex(@"\b(?:ctypes|cffi|Inline::C|DynaLoader|syscall|setuid|setgid|seteuid|setreuid|ptrace|ffi\.cdef|process\.(?:binding|dlopen|setuid))\b")]
    private static partial Regex Native();

    [GeneratedRegex(@"\b(?:py_compile|compileall|runpy|importlib|import_module|exec|eval|execfile|load\w*|require|import|include|source|dofile|do)\b")]
    private static partial Regex Loading();

    private static Regex Starting(string language) => language switch
    {
        "perl" => PerlStarting(),
        "ruby" => PerlStarting(),
        "php" => PhpStarting(),
        "node" or "nodejs" or "deno" or "bun" => NodeStarting(),
        _ => PythonStarting(),
    };

    [GeneratedRegex(@"\b(?:os\.(?:system|popen|exec\w+|spawn\w+|posix_spawn\w*)|subprocess\.\w+|(?:check_output|check_call|Popen)|pty\.spawn|commands\.get\w+|io\.popen|os\.execute)\s*\(")]
    private static partial Regex PythonStarting();

    [GeneratedRegex(@"(?<![\w$@%.:-])(?:system|exec|popen|spawn|IO\.popen|Open3\.\w+|Kernel\.\w+|qx)\s*[\({ ](?=\s*['""\[\($])|\bopen\s*\(?\s*[^;]*['""]\s*\|")]
    private static partial Regex PerlStarting();

    [GeneratedRegex(@"\b(?:system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec)\s*\(")]
    private static partial Regex PhpStarting();

    [GeneratedRegex(@"\b(?:execSync|exec|execFile|execFileSync|spawn|spawnSync|fork|Deno\.(?:run|Command)|Bun\.spawn\w*)\s*\(")]
    private static partial Regex NodeStarting();

    [GeneratedRegex(@"\b(?:open|read\w*|write\w*|unlink\w*|remove\w*|rm\w*|rename\w*|copy\w*|move|mkdir\w*|chmod\w*|chown\w*|link|symlink\w*|Path|File|Dir|FileUtils|fs|shutil|glob|io|os|truncate|opendir|file_get_contents|file_put_contents|fopen|include|require|load|listdir|walk|scandir)\b\s*[.\(: '""]")]
    private static partial Regex Files();

    [GeneratedRegex(@"['""][wax]b?\+?['""]|\b(?:write\w*|unlink\w*|remove\w*|rmtree|rm\w*|rename\w*|copy\w*|move|mkdir\w*|makedirs|chmod\w*|chown\w*|symlink\w*|truncate|touch|file_put_contents|append\w*|dump)\s*[\(]|['""]\s*>")]
    private static partial Regex Changing();

    private void SedScript(string script, ShellState state)
    {
        // s/a/b/e and the command e run a shell; w and r name files.
        if (SedRuns().IsMatch(script))
        {
            Add(EffectKind.Opaque, "a command that sed makes");
        }

        foreach (Match file in SedFiles().Matches(script))
        {
            AddPath(file.Groups[1].Value is "w" or "W" ? EffectKind.Writes : EffectKind.Reads, file.Groups[2].Value, state);
        }
    }

    [GeneratedRegex(@"(?:^|[;\n}{]|\d|\$|/)\s*e(?:\s+\S|\s*$|\s*;)|^\s*s(.)(?:\\.|(?!\1).)*\1(?:\\.|(?!\1).)*\1[gpiIm0-9]*e", RegexOptions.Multiline)]
    private static partial Regex SedRuns();

    [GeneratedRegex(@"(?:^|[;\n}{/]|\d|\$)\s*([wWrR])\s+([/~.][^\s;}]*)", RegexOptions.Multiline)]
    private static partial Regex SedFiles();

    private void AwkScript(string script, ShellState state)
    {
        // Texts become their numbers, so that signs in them aren't taken for awk's.
        var texts = new List<string>();
        var bare = AwkText().Replace(script, match =>
        {
            texts.Add(match.Value[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal));
            return $"\"{texts.Count - 1}\"";
        });
        foreach (Match call in AwkSystem().Matches(bare))
        {
            if (call.Groups[1].Success)
            {
                Line(texts[Number(call)], state.Copy(), ShellFlow.Empty);
            }
            else
            {
                Add(EffectKind.Opaque, "a command that awk makes");
            }
        }

        foreach (Match pipe in AwkPipes().Matches(bare))
        {
            if (pipe.Groups[1].Success)
            {
                Line(texts[Number(pipe)], state.Copy(), ShellFlow.Unknown);
            }
            else
            {
                Add(EffectKind.Opaque, "a command that awk makes");
            }
        }

        foreach (Match file in AwkFiles().Matches(bare))
        {
            AddPath(EffectKind.Writes, texts[Number(file)], state);
        }

        if (script.Contains("/inet/", StringComparison.Ordinal))
        {
            Add(EffectKind.Network, "");
        }

        static int Number(Match match) => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"""(?:\\.|[^""\\\n])*""")]
    private static partial Regex AwkText();

    [GeneratedRegex(@"\bsystem\s*\(\s*(?:""(\d+)""\s*\)|)")]
    private static partial Regex AwkSystem();

    // print x | "command", "command" | getline, and what stands there that isn't a text.
    [GeneratedRegex(@"\bprintf?\b[^;}\n|]*(?<!\|)\|(?!\|)&?\s*(?:""(\d+)""\s*(?=[;}\n]|$)|)|""(?<1>\d+)""\s*\|&?\s*getline|\w\s*\|&?\s*getline")]
    private static partial Regex AwkPipes();

    [GeneratedRegex(@"\bprintf?\b[^;}\n]*>{1,2}\s*""(\d+)""")]
    private static partial Regex AwkFiles();
}
