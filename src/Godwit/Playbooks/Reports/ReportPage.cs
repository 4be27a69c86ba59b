using System.Globalization;

namespace Godwit.Playbooks.Reports;

/// <summary>What the reports of all kinds of runs have in common: one file that needs nothing else, in light, dark and on paper.</summary>
internal static class ReportPage
{
    private const string Style = """
        :root{color-scheme:light dark;--ink:#1b2430;--paper:#fff;--muted:#8a95a3;--line:#dfe4ea;--accent:#0f6d74;--good:#14743a;--bad:#b3261e;--soft:#f4f6f8}
        @media (prefers-color-scheme:dark){
        :root{--ink:#e6eaf0;--paper:#12171d;--muted:#7c8896;--line:#2a333d;--accent:#4fb8bf;--good:#63c58a;--bad:#f2877f;--soft:#1a2129}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:1180px;padding:18px 24px 60px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
        h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:34px 0 10px;border-top:1px solid var(--line);padding-top:20px}
        .sub{color:var(--muted);margin:0 0 8px}
        .verdict{font-size:18px;font-weight:600;margin:8px 0}.verified{color:var(--good)}.failed{color:var(--bad)}
        .grid{display:grid;grid-template-columns:1fr 1fr;gap:14px 28px}@media(max-width:760px){.grid{grid-template-columns:1fr}}
        svg{max-width:100%;height:auto;display:block}svg .t{font-size:12px;fill:var(--ink)}
        pre,code{font:13px/1.45 ui-monospace,monospace}
        pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:10px 12px;
        overflow:auto;margin:8px 0;white-space:pre-wrap;overflow-wrap:anywhere}
        @media screen{pre.diff{max-height:17em}}section h2{margin-top:12px}section{min-width:0}
        .add{color:var(--good)}.del{color:var(--bad)}ul{padding-left:20px;margin:6px 0}table{border-collapse:collapse;width:100%;font-size:13px}
        td,th{text-align:left;padding:4px 8px;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
        th{color:var(--muted);font-weight:600;overflow-wrap:normal}.w{white-space:nowrap;overflow-wrap:normal}
        td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        details summary{cursor:pointer;color:var(--muted)}.bad{color:var(--bad)}
        @media print{
        :root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#fff;--accent:#0f6d74;--line:#ccc}
        body{max-width:none;padding:0}details{display:none}h2{break-after:avoid}svg,pre,tr{break-inside:avoid}}
        """;

    /// <summary>The beginning of a page, with its title and what the run is.</summary>
    /// <param name="view">The run.</param>
    /// <param name="state">How it ended.</param>
    /// <param name="more">What else the first line says; null for nothing.</param>
    public static string Start(RunView view, string? state, string? more = null)
    {
        const string Head = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>";
        var (title, rest) = RunTitle.Split(view.Title);
        var goes = rest.Length > 0 ? $"<p>{Html.Text(rest)}</p>" : "";
        var about = more is null ? "" : $" · {Html.Text(more)}";
        return Head + string.Create(
            CultureInfo.InvariantCulture,
            $"<title>{Html.Text(title)}: {Html.Text(state)}</title><style>{Style}</style><h1>{Html.Text(title)}</h1>" +
            $"{goes}<p class=sub>run {Html.Text(view.Run)} · {view.Started.UtcDateTime:yyyy-MM-dd HH:mm} UTC{about}</p>");
    }
}
