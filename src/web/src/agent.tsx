// One agent among three hundred: its transcript, live, and a word to it.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Row, RowPage } from "./api";
import { get } from "./api";
import { AskCard } from "./inbox";
import { Ago, Button, Empty, Say, dollars } from "./parts";
import { Rows } from "./rows";
import { useRun } from "./run";
import { act, may } from "./state";

export function AgentPage({ id, name }: { id: string; name: string }) {
  const run = useRun(id);
  const older = useSignal<Row[]>([]);
  const hasMore = useSignal(false);
  const path = `/api/runs/${encodeURIComponent(id)}`;
  const isLoading = useRef(false);
  const load = async (before?: number) => {
    if (isLoading.current) return;
    isLoading.current = true;
    try {
      await loadPage(before);
    } finally {
      isLoading.current = false;
    }
  };
  const loadPage = async (before?: number) => {
    const from = before === undefined ? "" : `&before=${before}`;
    const page = await get<RowPage>(`${path}/rows?agent=${encodeURIComponent(name)}&most=500${from}`);
    older.value = before === undefined ? page.rows : [...page.rows, ...older.value];
    hasMore.value = page.has_more;
  };
  useEffect(() => void load().catch(() => undefined), [id, name, run.generation.value]);

  const state = run.state.value;
  const base = `#/run/${encodeURIComponent(id)}`;
  if (run.error.value) return <main id="main"><h1>{run.error.value}</h1><p><a href="#/">all runs</a></p></main>;
  if (!state) return <main id="main"><h1>{name}</h1><p class="quiet">reading the journal …</p></main>;
  const agent = run.agent(name);
  const last = older.value.at(-1)?.seq ?? 0;
  const rows = [...older.value, ...run.rows.value.filter((row) => row.agent === name && row.seq > last)];
  const asked = state.asks.filter((ask) => ask.who === name);
  const isOver = agent?.state === "ended";
  return (
    <main id="main" class="run-page">
      <div class="title">
        <h1><bdi>{name}</bdi></h1>
        {agent && <span class={`agent-state ${agent.state}`}>{agent.state}</span>}
      </div>
      <p class="quiet facts">
        <a href={base}>{id}</a>
        {agent && <><span>{agent.calls} calls</span> <span>{dollars(agent.dollars)}</span> <span>last active <Ago at={agent.last_event} /> ago</span></>}
      </p>
      {!isOver && agent && state.can_be_steered && (
        <div class="controls">
          {may("answer") && <Say label={`message to ${name}`} onSay={(words) => act(`${path}/say`, { agent: name, words })} />}
          {may("answer") && (agent.state === "paused"
            ? <Button onClick={() => act(`${path}/unpause`, { agent: name, words: null })}>Resume</Button>
            : <Button onClick={() => act(`${path}/pause`, { agent: name, words: null })}>Pause</Button>)}
          {may("own") && <Button kind="danger" onClick={() => act(`${path}/cancel`, { agent: name, words: null })}>Cancel agent</Button>}
        </div>
      )}
      {asked.map((ask) => <AskCard key={ask.hash} ask={ask} withRun={false} />)}
      {rows.length === 0
        ? <Empty title={agent ? "Nothing yet." : `No agent '${name}' in this run.`} />
        : <Rows rows={rows} run={id} withAgent={false} hasMore={hasMore.value} onOlder={() => void load(older.value[0]?.seq)} />}
    </main>
  );
}
