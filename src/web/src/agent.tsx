// One agent among three hundred: its transcript, live, and a word to it.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Row, RowPage } from "./api";
import { get } from "./api";
import { ChangesView } from "./changes";
import { AskCard } from "./inbox";
import { Ago, Button, Empty, Say, dollars } from "./parts";
import { Rows } from "./rows";
import { useRun } from "./run";
import { act, may } from "./state";

/** A part is `changes`, or the entry of the journal that is to be shown. */
export function AgentPage({ id, name, part }: { id: string; name: string; part: string }) {
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
  const entry = Number(part) || null;
  useEffect(() => void (async () => {
    await load();
    // A line that was found is further up.
    for (let page = 0; entry && hasMore.value && (older.value[0]?.seq ?? 0) > entry && page < 40; page++) await load(older.value[0]?.seq);
  })().catch(() => undefined), [id, name, run.generation.value]);

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
        {agent && <><span>{agent.calls === 1 ? "1 call" : `${agent.calls} calls`}</span> <span>{dollars(agent.dollars)}</span> <span>last active <Ago at={agent.last_event} /> ago</span></>}
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
      {agent && (
        <nav class="tabs" aria-label="parts of the agent">
          <a href={`${base}/agent/${encodeURIComponent(name)}`} aria-current={part === "changes" ? undefined : "page"}>transcript</a>
          <a href={`${base}/agent/${encodeURIComponent(name)}/changes`} aria-current={part === "changes" ? "page" : undefined}>changes</a>
        </nav>
      )}
      {part === "changes" && agent
        ? <ChangesView run={id} agent={name} isAtWork={!isOver && state.can_be_steered} moment={agent.last_event.slice(0, 18)} />
        : rows.length === 0
          ? <Empty title={agent ? "Nothing yet." : `No agent '${name}' in this run.`} />
          : <Rows rows={rows} run={id} withAgent={false} hasMore={hasMore.value} at={entry} onOlder={() => void load(older.value[0]?.seq)} />}
    </main>
  );
}
