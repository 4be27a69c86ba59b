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
                SedCommands(code, state);
                return ShellFlow.Unknown;
            case "awk" or "gawk" or "mawk" or "nawk":
                AwkScript(code, state);
                return ShellFlow.Unknown;
        }

        if (CodeLanguage.Of(language) is not { } read || (code.Contains(Gap, StringComparison.Ordinal) && code.Trim(Gap, ' ', '\n').Length == 0))
        {
            Add(EffectKind.Opaque, $"code of {language}");
            return ShellFlow.Unknown;
        }

        // What is said is one thing, what is done another: names in texts aren't uses.
        var (bare, texts) = Apart(code);
        Uses(language, read, code, bare, texts);
        foreach (Match call in read.Starts.Matches(code))
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

        if (Loading().IsMatch(bare))
        {
            foreach (var text in texts)
            {
                if (state.Files.TryGetValue(Resolve(text, state), out var loaded))
                {
                    RunText(loaded, state, language, language);
                }
            }
        }

        if (Files().IsMatch(bare))
        {
            Paths(language, bare, texts, state);
        }

        return ShellFlow.Unknown;
    }

    /// <summary>A language whose code is read.</summary>
    /// <param name="Starts">Calls that start a program, whose command is read.</param>
    /// <param name="Ways">Names by which programs can be started in ways that aren't read.</param>
    private sealed record CodeLanguage(Regex Starts, Regex Ways)
    {
        /// <summary>The language of an interpreter; null where its code isn't read.</summary>
        public static CodeLanguage? Of(string interpreter) => interpreter switch
        {
            "python" or "python3" or "python2" or "pypy" or "pypy3" or "ipython" or "lua" or "luajit" => Python,
            "perl" or "ruby" => Perl,
            "php" => Php,
            "node" or "nodejs" or "deno" or "bun" => Node,
            _ => null,
        };

        private static readonly CodeLanguage Python = new(PythonStarting(), PythonWays());
        private static readonly CodeLanguage Perl = new(PerlStarting(), PerlWays());
        private static readonly CodeLanguage Php = new(PhpStarting(), PhpWays());
        private static readonly CodeLanguage Node = new(NodeStarting(), NodeWays());
    }

    /// <summary>What code reaches for outside of its own: the network, other programs, code of its own making.</summary>
    private void Uses(string language, CodeLanguage read, string code, string bare, List<string> texts)
    {
        if (Networking().IsMatch(bare) || (texts.Exists(text => text.Contains("://", StringComparison.Ordinal)) && Fetching().IsMatch(bare))
            || RequiredNetwork().IsMatch(code))
        {
            Add(EffectKind.Network, HostIn(texts));
        }

        if (Decoding().IsMatch(bare) && Evaluating().IsMatch(bare))
        {
            Add(EffectKind.RunsUnseen, $"code of {language} that decodes what it runs");
        }
        else if (Evaluating().IsMatch(bare) || Native().IsMatch(bare))
        {
            Add(EffectKind.Opaque, $"code of {language} that runs code of its own making");
        }

        // A way to other programs whose use isn't one of those that are read.
        if (read.Ways.IsMatch(bare) && !read.Starts.IsMatch(code))
        {
            Add(EffectKind.Opaque, $"code of {language} that may start programs");
        }

        if (WholeEnvironment().IsMatch(bare))
        {
            Add(EffectKind.Scouts, "the whole environment");
        }

        if (Killing().IsMatch(bare))
        {
            Add(EffectKind.Controls, language);
        }
    }

    /// <summary>The files that code names; a path that it makes of a folder with secrets can't be told.</summary>
    private void Paths(string language, string bare, List<string> texts, ShellState state)
    {
        var kind = Changes(bare, texts) ? EffectKind.Writes : EffectKind.Reads;
        foreach (var text in texts)
        {
            if (PathPlaces.HoldsSecrets(text.Length > 1 ? text.TrimEnd('/') : text) && text is not "/")
            {
                Add(EffectKind.Opaque, $"a path that code of {language} makes");
            }
            else if ((text.StartsWith('/') && text.Length > 1) || text.StartsWith("~/", StringComparison.Ordinal)
                || text.StartsWith("../", StringComparison.Ordinal))
            {
                AddPath(kind, text, state);
            }
        }

        if (OwnHome().IsMatch(bare))
        {
            AddPath(kind, "~/…", state);
        }
    }

    /// <summary>Whether code changes files: by its calls, or by how it opens them.</summary>
    private static bool Changes(string bare, List<string> texts) =>
        Changing().IsMatch(bare) || texts.Exists(text => text.StartsWith('>') || OpeningMode().IsMatch(text));

    [GeneratedRegex(@"^(?:[wax][bt]?\+?|r[bt]?\+[bt]?)$")]
    private static partial Regex OpeningMode();

    /// <summary>Code with its texts emptied, and the texts.</summary>
    private static (string Bare, List<string> Texts) Apart(string code) => (
        Quoted().Replace(code, match => $"{match.Groups[1].Value}{match.Groups[1].Value}"),
        [.. Quoted().Matches(code).Select(match => Plain(match.Groups[2].Value))]);

    /// <summary>A text without its escapes.</summary>
    private static string Plain(string text) => text.Contains('\\', StringComparison.Ordinal) ? AnsiText(text) : text;

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
        else if (Quoted().Match(rest) is { Success: true, Index: 0 } first
            && !(first.Groups[1].Value == "\"" && language is "perl" or "ruby" or "php"
                && first.Value.Contains('$', StringComparison.Ordinal)))
        {
            // system("ls", "-l"): words; system("ls -l"): a line.
            var more = FollowingWords().Match(rest[first.Length..]);
            if (more.Success && more.Length > 0)
            {
                Run([first.Groups[2].Value, .. Quoted().Matches(more.Value).Select(match => match.Groups[2].Value)], state.Copy(),
                    ShellFlow.Empty);
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
        @"\b(?:urllib|urllib2|requests|httpx|aiohttp|http\.(?:client|server)|http\.createServer|socket|socketserver|ftplib|smtplib|" +
        @"telnetlib|paramiko|xmlrpc|websockets?|pycurl|" +
        @"IO::Socket|LWP|HTTP::Tiny|Net::\w+|Socket|TCPSocket|open-uri|fsockopen|curl_\w+|stream_socket_client|axios|undici|" +
        @"XMLHttpRequest|WebSocket|sendto)\b|" +
        @"\bfetch\s*\(|\bDeno\.(?:connect|listen|serve)|\bUDPSocket|\b(?:imaplib|poplib|nntplib|webbrowser|open_connection|" +
        @"create_connection|getaddrinfo)\b")]
    private static partial Regex Networking();

    [GeneratedRegex(@"\b(?:b64decode|base64|unhexlify|fromhex|frombase64|atob|decode_base64|codecs\.decode|zlib\.decompress|" +
        @"marshal\.loads|pack\s*\(|gzinflate|str_rot13|unpack)\b|Buffer\.from\s*\(")]
    private static partial Regex Decoding();

    [GeneratedRegex(@"(?<![\w.$>-])(?:exec|eval|compile|__import__|Function|instance_eval|class_eval)\s*\(|\bnew\s+Function\b|" +
        @"\beval\s+[$@""']|\bgetattr\s*\(\s*__|\bvm\.run")]
    private static partial Regex Evaluating();

    [GeneratedRegex(@"\b(?:ctypes|cffi|Inline::C|DynaLoader|syscall|setuid|setgid|seteuid|setreuid|ptrace|ffi\.cdef|" +
        @"process\.(?:binding|dlopen|setuid))\b")]
    private static partial Regex Native();

    [GeneratedRegex(@"\b(?:py_compile|compileall|runpy|importlib|import_module|exec|eval|execfile|load\w*|require|import|include|" +
        @"source|dofile|do)\b")]
    private static partial Regex Loading();

    [GeneratedRegex(@"\b(?:get|open|urlopen|read_csv|read_json|read_html|load|fetch|request|download|connect|import|include|require|" +
        @"curl|wget)\w*\s*[\(' ""]")]
    private static partial Regex Fetching();

    [GeneratedRegex(@"require\s*\(?\s*['""](?:node:)?(?:https?|net|dgram|tls|dns|http2)['""]|from\s+['""](?:node:)?(?:https?|net|" +
        @"dgram|tls|http2)['""]|/inet/")]
    private static partial Regex RequiredNetwork();

    [GeneratedRegex(@"\b(?:subprocess|pty|popen2?|system|posix|posix_spawn\w*|fork|spawn\w*|create_subprocess\w*|runpy|importlib|" +
        @"builtins|pickle|shelve|marshal|multiprocessing|code|pdb|globals|vars)\b|\bos\.exec|\bgetattr\s*\(\s*(?:os|sys)\b|" +
        @"\b\w+\s*=\s*(?:exec|eval|__import__)\b|\bfrom\s+os\s+import\b|\bimport\s+os\s+as\b")]
    private static partial Regex PythonWays();

    [GeneratedRegex(@"(?<![\w$@%.>-])(?:exec|system|qx|fork|spawn|popen|syscall|readpipe|do\s*\{?\s*['""]|send|public_send|" +
        @"instance_eval|method)\b\s*[\({\['""q:]|%x|\bopen\s*[\( ]\s*\w+\s*,\s*(?:''|""""|\$|q)|\bProcess\b|\bKernel\b|\bIO\.popen|" +
        @"/e{1,2}e\b|<>")]
    private static partial Regex PerlWays();

    [GeneratedRegex(@"\$\w+\s*\(|\bcall_user_func\w*|\b(?:proc_open|popen|passthru|shell_exec|exec|system|create_function|array_map|" +
        @"preg_replace_callback)\b")]
    private static partial Regex PhpWays();

    [GeneratedRegex(@"\bchild_process\b|\bexec\w*Sync\b|\bspawn\w*\b|\bprocess\s*\[|\bmainModule\b|\bDeno\.|\bBun\.|" +
        @"\brequire\s*\(\s*(?!['""])|\bimport\s*\(|\]\s*\(")]
    private static partial Regex NodeWays();

    [GeneratedRegex(@"\bos\.environ(?!\s*(?:\[|\.get|\.setdefault|\.pop))|\bprocess\.env(?!\s*[.\[])|%ENV\b|\bENV\.(?:to_h|each|" +
        @"inspect)|\bgetenv\s*\(\s*\)")]
    private static partial Regex WholeEnvironment();

    [GeneratedRegex(@"\bos\.kill(?:pg)?\b|\bprocess\.kill\b|\bProcess\.kill\b|(?<![\w.])kill\s+['""\d]")]
    private static partial Regex Killing();

    [GeneratedRegex(@"\bexpanduser\b|\.home\s*\(|\bhomedir\s*\(|\bDir\.home\b|\bchdir\b")]
    private static partial Regex OwnHome();

    [GeneratedRegex(@"\b(?:os\.(?:system|popen|exec\w+|spawn\w+|posix_spawn\w*)|subprocess\.\w+|(?:check_output|check_call|Popen)|" +
        @"pty\.spawn|commands\.get\w+|io\.popen|os\.execute)\s*\(")]
    private static partial Regex PythonStarting();

    [GeneratedRegex(@"(?<![\w$@%.:-])(?:system|exec|popen|spawn|IO\.popen|Open3\.\w+|Kernel\.\w+|qx)\s*[\({ ](?=\s*['""\[\($])|" +
        @"\bopen\s*\(?\s*[^;]*['""]\s*\|")]
    private static partial Regex PerlStarting();

    [GeneratedRegex(@"\b(?:system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec)\s*\(")]
    private static partial Regex PhpStarting();

    [GeneratedRegex(@"\b(?:execSync|exec|execFile|execFileSync|spawn|spawnSync|fork|Deno\.(?:run|Command)|Bun\.spawn\w*)\s*\(")]
    private static partial Regex NodeStarting();

    [GeneratedRegex(@"\b(?:open|read\w*|write\w*|unlink\w*|remove\w*|rm\w*|rename\w*|copy\w*|move|mkdir\w*|chmod\w*|chown\w*|link|" +
        @"symlink\w*|Path|File|Dir|FileUtils|fs|shutil|glob|io|os|truncate|opendir|file_get_contents|file_put_contents|fopen|include|" +
        @"require|load|listdir|walk|scandir)\b\s*[.\(: '""]")]
    private static partial Regex Files();

    [GeneratedRegex(
        @"\b(?:write\w*|unlink\w*|remove\w*|rmtree|rm\w*|rename\w*|copy\w*|move|mkdir\w*|makedirs|chmod\w*|chown\w*|symlink\w*|" +
        @"truncate|touch|file_put_contents|append\w*|dump)\s*[\(]")]
    private static partial Regex Changing();

    private void SedCommands(string script, ShellState state)
    {
        var read = SedScript.Of(script);
        if (read.Runs)
        {
            Add(EffectKind.Opaque, "a command that sed makes");
        }

        read.Reads.Where(file => file.Length > 0).ToList().ForEach(file => AddPath(EffectKind.Reads, file, state));
        read.Writes.Where(file => file.Length > 0).ToList().ForEach(file => AddPath(EffectKind.Writes, file, state));
    }

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

        foreach (Match read in AwkReads().Matches(bare))
        {
            if (read.Groups[1].Success)
            {
                AddPath(EffectKind.Reads, texts[Number(read)], state);
            }
            else
            {
                Add(EffectKind.Opaque, "a file whose name awk makes");
            }
        }

        if (script.Contains("/inet/", StringComparison.Ordinal))
        {
            Add(EffectKind.Network, "");
        }

        static int Number(Match match) => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"""(?:\\.|[^""\\\n])*""")]
    private static partial Regex AwkText();

    // getline < "file"; a name that isn't one text, ARGV, and code from elsewhere.
    [GeneratedRegex(@"\bgetline\b[^;}\n|<]*<\s*(?:""(\d+)""\s*(?=[;}\n)]|$)|)|\bARGV\s*\[|^\s*@(?:load|include)|" +
        @"@\w+\s*\(", RegexOptions.Multiline)]
    private static partial Regex AwkReads();

    [GeneratedRegex(@"\bsystem\s*\(\s*(?:""(\d+)""\s*\)|)")]
    private static partial Regex AwkSystem();

    // print x | "command", "command" | getline, and what stands there that isn't a text.
    [GeneratedRegex(@"\bprintf?\b[^;}\n|]*(?<!\|)\|(?!\|)&?\s*(?:""(\d+)""\s*(?=[;}\n]|$)|)|""(?<1>\d+)""\s*\|&?\s*getline|" +
        @"\w\s*\|&?\s*getline")]
    private static partial Regex AwkPipes();

    [GeneratedRegex(@"\bprintf?\b[^;}\n]*>{1,2}\s*""(\d+)""")]
    private static partial Regex AwkFiles();
}
