// Every run on this machine, those that need somebody on top.
import { useSignal } from "@preact/signals";
import type { RunRow } from "./api";
import { Ago, Budget, Empty, State, brief } from "./parts";
import { fleet } from "./state";

const groups: [string, (row: RunRow) => boolean][] = [
  ["Needs you", (row) => row.asks > 0 || row.state === "waiting" || row.state === "parked"],
  ["Running", (row) => row.state === "running"],
  ["Stopped", (row) => row.state === "stopped"],
  ["Done", () => true],
];

export function FleetPage() {
  const filter = useSignal("");
  const most = useSignal(100);
  if (!fleet.value) return <main id="main"><h1>Runs</h1><p class="quiet">reading the runs …</p></main>;
  const wanted = filter.value.toLowerCase();
  const rows = fleet.value.runs.filter((row) => !wanted || `${row.run} ${row.goal} ${row.state}`.toLowerCase().includes(wanted));
  const taken = new Set<string>();
  return (
    <main id="main">
      <div class="title">
        <h1>Runs</h1>
        <input class="filter" type="search" placeholder="filter" aria-label="filter runs" onInput={(event) => (filter.value = event.currentTarget.value)} />
      </div>
      {fleet.value.runs.length === 0 && (
        <Empty title="No runs yet.">
          <p><code>./godwit run examples/sqlite-settings</code> makes one; it appears here by itself.</p>
        </Empty>
      )}
      {groups.map(([title, fits]) => {
        const mine = rows.filter((row) => !taken.has(row.folder) && fits(row));
        for (const row of mine) taken.add(row.folder);
        return mine.length > 0 && (
          <section key={title} aria-label={title}>
            <h2>{title} <span class="quiet num">{mine.length}</span></h2>
            <ul class="runs">{mine.slice(0, most.value).map((row) => <RunLine key={row.folder} row={row} />)}</ul>
            {mine.length > most.value && <button type="button" class="plain" onClick={() => (most.value += 500)}>show more of {mine.length}</button>}
          </section>
        );
      })}
    </main>
  );
}

function RunLine({ row }: { row: RunRow }) {
  return (
    <li>
      <a class="run" href={`#/run/${encodeURIComponent(row.run)}`}>
        <span class="goal"><bdi>{brief(row.goal) || row.run}</bdi></span>
        <span class="id quiet">{row.run}{row.started.startsWith("0001") ? "" : `, started ${new Date(row.started).toLocaleString([], { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" })}`}</span>
        <State state={row.state} />
        <span class="progress quiet"><bdi>{row.progress || row.reason}</bdi></span>
        <Budget row={row} />
        <span class="agents quiet num">{row.agents_at_work > 0 ? `${row.agents_at_work} at work` : ""}</span>
        <span class="last quiet num">{row.started.startsWith("0001") ? "" : <><Ago at={row.last_event} /> ago</>}</span>
        {row.asks > 0 && <span class="asks">{row.asks} waiting for you</span>}
      </a>
    </li>
  );
}
