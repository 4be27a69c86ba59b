// All runs in numbers: what models cost and by whom, how long agents waited for people, and the disk that runs take.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ModelList, RunDisk, Usage } from "./api";
import { get } from "./api";
import { Button, Empty, dollars } from "./parts";
import { act, may, tell } from "./state";

const parts = ["model", "role", "agent", "run", "day"] as const;
const times = [[1, "day"], [7, "week"], [30, "month"], [3650, "all time"]] as const;

const count = (value: number) => value.toLocaleString("en");
const seconds = (value: number) => (value === 0 ? "" : value < 120 ? `${value} s` : value < 7200 ? `${Math.round(value / 60)} min` : `${(value / 3600).toFixed(1)} h`);

export const size = (bytes: number) => (bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : bytes < 1 << 30 ? `${Math.round(bytes / (1 << 20))} MiB` : `${(bytes / (1 << 30)).toFixed(1)} GiB`);

export function UsagePage() {
  const by = useSignal<(typeof parts)[number]>("model");
  const days = useSignal<number>(7);
  const usage = useSignal<Usage | null>(null);
  useEffect(() => {
    let isOver = false;
    const ask = () => void get<Usage>(`/api/usage?by=${by.value}&days=${days.value}`).then((all) => {
      if (isOver) return;
      usage.value = all;
      if (all.pending > 0) setTimeout(() => !isOver && ask(), 2000);
    }).catch((error: Error) => tell(error.message, true));
    ask();
    return () => { isOver = true; };
  }, [by.value, days.value]);
  const rows = usage.value?.rows ?? [];
  const top = Math.max(1e-9, ...rows.map((row) => row.dollars));
  return (
    <main id="main">
      <h1>Usage</h1>
      <div class="controls">
        <label>by <select value={by.value} onChange={(event) => (by.value = event.currentTarget.value as (typeof parts)[number])}>{parts.map((part) => <option key={part} value={part}>{part}</option>)}</select></label>
        <label>last <select value={days.value} onChange={(event) => (days.value = Number(event.currentTarget.value))}>{times.map(([value, name]) => <option key={value} value={value}>{name}</option>)}</select></label>
        {usage.value && usage.value.pending > 0 && <span class="quiet" role="status">{usage.value.pending} runs are still being read …</span>}
      </div>
      {!usage.value && <p class="quiet" role="status">reading the journals …</p>}
      {usage.value && rows.length === 0 && <Empty title="No model was asked in this time." />}
      {rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="table of usage">
          <table>
            <thead><tr><th>{by.value}</th><th class="num">cost</th><th><span class="hidden">share</span></th><th class="num">calls</th><th class="num">failed</th><th class="num">paid again</th><th class="num">tokens</th><th class="num">waited for people</th></tr></thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.name}>
                  <td><bdi>{row.name || (by.value === "model" ? "no answer" : "unknown")}</bdi></td>
                  <td class="num">{dollars(row.dollars)}</td>
                  <td><span class="bar" role="img" aria-label={`${Math.round((100 * row.dollars) / top)} % of the dearest`}><span class="spent" style={{ width: `${(100 * row.dollars) / top}%` }} /></span></td>
                  <td class="num">{count(row.calls)}</td>
                  <td class="num">{row.failed || ""}</td>
                  <td class="num">{row.retried || ""}</td>
                  <td class="num">{count(row.tokens)}</td>
                  <td class="num">{seconds(row.waited_seconds)}</td>
                </tr>
              ))}
            </tbody>
            <tfoot><tr><td>together</td><td class="num">{dollars(rows.reduce((sum, row) => sum + row.dollars, 0))}</td><td /><td class="num">{count(rows.reduce((sum, row) => sum + row.calls, 0))}</td><td colSpan={4} /></tr></tfoot>
          </table>
        </div>
      )}
      <Disk />
    </main>
  );
}

function Disk() {
  const disks = useSignal<RunDisk[] | null>(null);
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const isSure = useSignal(false);
  const load = () => void get<RunDisk[]>("/api/disk").then((all) => (disks.value = all.sort((one, other) => other.bytes - one.bytes))).catch((error: Error) => tell(error.message, true));
  useEffect(load, []);
  if (!disks.value || disks.value.length === 0) return null;
  const put = async (how: "archive" | "delete") => {
    if (await act(`/api/${how}`, { runs: [...chosen.value] })) { chosen.value = new Set(); load(); }
    isSure.value = false;
  };
  const toggle = (run: string) => {
    const next = new Set(chosen.value);
    if (!next.delete(run)) next.add(run);
    chosen.value = next;
    isSure.value = false;
  };
  return (
    <section aria-label="disk">
      <h2>Disk <span class="quiet num">{size(disks.value.reduce((sum, disk) => sum + disk.bytes, 0))}</span></h2>
      {may("own") && chosen.value.size > 0 && (
        <div class="buttons">
          <Button onClick={() => put("archive")}>Archive {chosen.value.size}</Button>
          {isSure.value
            ? <><Button kind="danger" onClick={() => put("delete")}>Delete {chosen.value.size} for good</Button><Button onClick={() => (isSure.value = false)}>Keep</Button></>
            : <Button kind="danger" onClick={() => (isSure.value = true)}>Delete …</Button>}
        </div>
      )}
      <div class="scroll" tabIndex={0} role="group" aria-label="table of disk">
        <table>
          <thead><tr>{may("own") && <th><span class="hidden">choose</span></th>}<th>run</th><th class="num">disk</th></tr></thead>
          <tbody>
            {disks.value.slice(0, 200).map((disk) => (
              <tr key={disk.run}>
                {may("own") && <td><input type="checkbox" aria-label={`choose ${disk.run}`} disabled={!disk.can_go} checked={chosen.value.has(disk.run)} onChange={() => toggle(disk.run)} /></td>}
                <td><a href={`#/run/${encodeURIComponent(disk.run)}`}>{disk.run}</a>{!disk.can_go && <span class="quiet"> running</span>}</td>
                <td class="num">{size(disk.bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function Models() {
  const models = useSignal<ModelList | null>(null);
  const load = () => void get<ModelList>("/api/models").then((all) => (models.value = all)).catch((error: Error) => tell(error.message, true));
  useEffect(load, []);
  const price = (value: number | null) => (value === null ? "unknown" : `$${value}`);
  return (
    <main id="main">
      <div class="title"><h1>Models</h1><span class="push"><Button onClick={load}>Ask again</Button></span></div>
      {!models.value && <p class="quiet" role="status">asking the providers …</p>}
      {models.value && (
        <>
          <div class="scroll" tabIndex={0} role="group" aria-label="table of models">
            <table>
              <thead><tr><th>model</th><th>provider</th><th>provider is</th><th>plays</th><th class="num">$/M in</th><th class="num">$/M out</th></tr></thead>
              <tbody>
                {[...models.value.models].sort((one, other) => other.roles.length - one.roles.length).map((model) => (
                  <tr key={model.name}>
                    <td class="strong"><bdi>{model.name}</bdi></td>
                    <td><bdi>{model.provider}</bdi></td>
                    <td><span class={`mark ${model.state === "reachable" ? "verified" : model.state === "ready" ? "claimed" : "open"}`}>{model.state}</span></td>
                    <td>{model.roles.join(", ")}</td>
                    <td class="num">{price(model.input)}</td>
                    <td class="num">{price(model.output)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p class="quiet">Your own models, prices and roles stand in <code>{models.value.file}</code>.</p>
        </>
      )}
    </main>
  );
}
