// One run: what it needs, what it is to prove, its plan, its agents, what happened, and its evidence.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { AgentRow, RunState, Verdict } from "./api";
import { download, get } from "./api";
import { Graph } from "./graph";
import { AskCard } from "./inbox";
import { Ago, Budget, Button, Empty, Say, State, brief, dollars, span } from "./parts";
import { ChangesView } from "./changes";
import { Plots } from "./plots";
import { Rows } from "./rows";
import { LiveRun, act, lastSeen, markSeen, may, tell } from "./state";
import { TimelineView } from "./timeline";
import { TrialTable } from "./trials";

const tabs = ["overview", "agents", "events", "changes", "evidence"] as const;

interface Assertion { id: string; says: string; on_tip: boolean; verified: boolean | null }
interface Finding { id: string; file: string; line: number; priority: string; claim: string; blocks: boolean; state: string }

export function useRun(id: string): LiveRun {
  const run = useMemo(() => new LiveRun(id), [id]);
  useEffect(() => () => run.dispose(), [run]);
  return run;
}

export function RunPage({ id, tab, about }: { id: string; tab: string; about: string }) {
  const run = useRun(id);
  const state = run.state.value;
  const here = tabs.find((one) => one === tab) ?? "overview";
  const base = `#/run/${encodeURIComponent(id)}`;
  if (run.error.value) return <main id="main"><h1>{run.error.value}</h1><p><a href="#/">all runs</a></p></main>;
  if (!state) return <main id="main"><h1>{id}</h1><p class="quiet">reading the journal …</p></main>;
  return (
    <main id="main" class="run-page">
      <div class="title">
        <h1><bdi>{brief(state.row.goal)}</bdi></h1>
        <State state={state.row.state} />
      </div>
      <p class="quiet facts">
        <span>{id}</span> <span>{state.row.playbook}</span> <span>started <Ago at={state.row.started} /> ago</span>
        {!["running", "waiting", "parked", "stopped"].includes(state.row.state) && <span>took {span(Date.parse(state.row.last_event) - Date.parse(state.row.started))}</span>} <Budget row={state.row} />
        {state.row.agents_at_work > 0 && <span>{state.row.agents_at_work === 1 ? "1 agent" : `${state.row.agents_at_work} agents`} at work</span>}
      </p>
      <Controls run={run} state={state} />
      <Fresh id={id} state={state} base={base} />
      <nav class="tabs" aria-label="parts of the run">
        {tabs.map((one) => (
          <a key={one} href={`${base}/${one}`} aria-current={one === here ? "page" : undefined}>
            {one}{one === "agents" ? ` ${state.agents.length}` : ""}
          </a>
        ))}
      </nav>
      {here === "overview" && <Overview state={state} base={base} />}
      {here === "agents" && (
        <>
          <Agents key={about} state={state} base={base} about={about} />
          {state.agents.length > 0 && <TimelineView run={id} base={base} moment={moment(state)} />}
        </>
      )}
      {here === "changes" && <ChangesView run={id} agent={null} isAtWork={false} moment={state.row.state} />}
      {here === "events" && (
        <Rows rows={run.rows.value} run={id} withAgent hasMore={run.hasMore.value} onOlder={() => void run.older()} />
      )}
      {here === "evidence" && <Evidence state={state} />}
    </main>
  );
}

/** What is drawn of the whole run is drawn again now and then, and at its end. */
const moment = (state: RunState) => `${state.row.state} ${state.row.last_event.slice(0, 16)}`;

/** How much has happened since this browser looked at the run last. */
function Fresh({ id, state, base }: { id: string; state: RunState; base: string }) {
  const before = useMemo(() => lastSeen(id), [id]);
  const first = useMemo(() => Number(state.head.split(":")[1]), [id]);
  const latest = useRef(first);
  latest.current = Number(state.head.split(":")[1]);
  useEffect(() => {
    const mark = () => markSeen(id, latest.current);
    addEventListener("pagehide", mark);
    return () => { removeEventListener("pagehide", mark); mark(); };
  }, [id]);
  if (before === undefined || before >= first) return null;
  return <p class="fresh"><a href={`${base}/events`}>{first - before} new {first - before === 1 ? "entry" : "entries"}</a> since you last looked</p>;
}

function Controls({ run, state }: { run: LiveRun; state: RunState }) {
  const path = `/api/runs/${encodeURIComponent(run.id)}`;
  const isSure = useSignal(false);
  const isPaused = state.agents.some((agent) => agent.state === "paused");
  const isOver = !["running", "waiting", "parked", "stopped"].includes(state.row.state);
  return (
    <div class="controls">
      {state.can_be_steered && !isOver && state.has_owner && may("answer") && (
        <>
          <Say label="message to all agents" onSay={(words) => act(`${path}/say`, { agent: null, words })} />
          {isPaused
            ? <Button onClick={() => act(`${path}/unpause`, { agent: null, words: null })}>Resume agents</Button>
            : <Button onClick={() => act(`${path}/pause`, { agent: null, words: null })}>Pause agents</Button>}
        </>
      )}
      {may("own") && state.has_owner && <Button kind="danger" onClick={() => act(`${path}/stop`, {})}>Stop</Button>}
      {may("own") && !isOver && !state.has_owner && <Button kind="primary" onClick={() => act(`${path}/resume`, {})}>Resume</Button>}
      {may("own") && isOver && state.can_be_applied && state.row.state === "verified" && (
        isSure.value
          ? <><Button kind="primary" onClick={() => { isSure.value = false; return act(`${path}/apply`, {}); }}>Merge it into the checkout</Button><Button onClick={() => (isSure.value = false)}>Cancel</Button></>
          : <Button kind="primary" onClick={() => (isSure.value = true)}>Apply …</Button>
      )}
      <Button onClick={() => void download(`${path}/report`).catch((error: Error) => tell(error.message, true))}>Report</Button>
    </div>
  );
}

function Overview({ state, base }: { state: RunState; base: string }) {
  const detail = state.detail as { assertions?: Assertion[]; findings?: Finding[] };
  const known = new Set(detail.assertions?.map((one) => one.id));
  const tasks = new Set(state.tasks.map((task) => task.id));
  const lines = state.lines.filter((line) => !known.has(line.label) && !tasks.has(line.label) && !(state.trials && (line.label === "trial" || line.label === "")));
  const standing = lines.length > 0 && (
    <section aria-label="summary">
      <h2>Summary</h2>
      <dl class="lines">
        {lines.slice(0, 60).map((line, index) => (
          <div key={index} class={`tone-${line.tone}`}><dt>{line.label}</dt><dd><bdi>{line.text}</bdi></dd></div>
        ))}
      </dl>
    </section>
  );
  return (
    <div class="overview">
      {state.asks.map((ask) => <AskCard key={ask.hash} ask={ask} withRun={false} />)}
      {detail.assertions && (
        <section aria-label="assertions">
          <h2>Assertions</h2>
          <ul class="assertions">
            {detail.assertions.map((one) => {
              const [word, tone] = one.verified === true ? ["verified", "verified"] : one.verified === false ? ["doesn't hold", "failed"]
                : one.on_tip ? ["holds on the tip", "claimed"] : ["not yet", "open"];
              return (
                <li key={one.id}>
                  <span class={`mark ${tone}`}>{word}</span> <span class="strong">{one.id}</span> <bdi>{one.says}</bdi>
                </li>
              );
            })}
          </ul>
        </section>
      )}
      {state.trials && standing}
      {state.trials && <Plots run={state.row.run} moment={moment(state)} />}
      {state.tasks.length > 0 && (
        <section aria-label="plan">
          <h2>Plan</h2>
          <Graph tasks={state.tasks} onOpen={(task) => (location.hash = `${base}/agents/${task}`)} />
        </section>
      )}
      {state.trials && state.trials.trials.length > 0 && (
        <section aria-label="trials">
          <h2>Trials</h2>
          <TrialTable trials={state.trials} />
        </section>
      )}
      {detail.findings && detail.findings.length > 0 && (
        <section aria-label="findings">
          <h2>Findings</h2>
          <ul class="findings">
            {detail.findings.map((one) => (
              <li key={one.id}>
                <span class={`mark ${one.blocks ? (one.state === "closed" ? "verified" : "failed") : "open"}`}>
                  {one.blocks ? (one.state === "closed" ? "mended" : "blocks") : "doesn't block"}
                </span>{" "}
                <span class="strong">{one.id}</span> <span class="quiet">{one.priority}</span> <code><bdi>{one.file}:{one.line}</bdi></code> <bdi>{one.claim}</bdi>
              </li>
            ))}
          </ul>
        </section>
      )}
      {!state.trials && standing}
      {!state.trials && <Plots run={state.row.run} moment={moment(state)} />}
    </div>
  );
}

function Agents({ state, base, about }: { state: RunState; base: string; about: string }) {
  const filter = useSignal(about);
  const order: Record<string, number> = { waiting: 0, working: 1, paused: 2, ended: 3 };
  const rows = state.agents.filter((agent) => agent.name.toLowerCase().includes(filter.value.toLowerCase()))
    .sort((one, other) => (order[one.state] ?? 9) - (order[other.state] ?? 9) || other.last_event.localeCompare(one.last_event));
  if (state.agents.length === 0) return <Empty title="This run has no agents." />;
  return (
    <section aria-label="agents">
      <input class="filter" type="search" placeholder={`filter ${state.agents.length} agents`} aria-label="filter agents" value={filter.value} onInput={(event) => (filter.value = event.currentTarget.value)} />
      <div class="scroll" tabIndex={0} role="group" aria-label="table of agents">
        <table>
          <thead><tr><th>agent</th><th>state</th><th class="num">calls</th><th class="num">cost</th><th>last</th><th class="num">ago</th></tr></thead>
          <tbody>{rows.slice(0, 400).map((agent) => <AgentLine key={agent.name} agent={agent} base={base} />)}</tbody>
        </table>
      </div>
      {rows.length > 400 && <p class="quiet">and {rows.length - 400} more; filter to see them</p>}
    </section>
  );
}

function AgentLine({ agent, base }: { agent: AgentRow; base: string }) {
  return (
    <tr>
      <td><a href={`${base}/agent/${encodeURIComponent(agent.name)}`}><bdi>{agent.name}</bdi></a></td>
      <td><span class={`agent-state ${agent.state}`}>{agent.state}</span></td>
      <td class="num">{agent.calls}</td>
      <td class="num">{dollars(agent.dollars)}</td>
      <td class="cut"><bdi>{agent.last}</bdi></td>
      <td class="num quiet"><Ago at={agent.last_event} /></td>
    </tr>
  );
}

function Evidence({ state }: { state: RunState }) {
  const verdict = useSignal<Verdict | null>(null);
  const isBusy = useSignal(false);
  if (!state.evidence) {
    return <Empty title="No evidence."><p>A run signs evidence once its result is proven; until then nothing counts.</p></Empty>;
  }
  const path = `/api/runs/${encodeURIComponent(state.row.run)}`;
  const verify = async () => {
    isBusy.value = true;
    try {
      verdict.value = await get<Verdict>(`${path}/verify`);
    } catch (error) {
      tell((error as Error).message, true);
    }
    isBusy.value = false;
  };
  return (
    <section aria-label="evidence">
      <p><code>{state.evidence}</code></p>
      <div class="buttons">
        <Button kind="primary" disabled={isBusy.value} onClick={() => void verify()}>{isBusy.value ? "Verifying …" : "Verify"}</Button>
        <Button onClick={() => void download(`${path}/evidence`).catch((error: Error) => tell(error.message, true))}>Download</Button>
      </div>
      <p class="quiet">Verify runs <code>godwit verify</code> on this machine, now: the same command that anybody can run offline.</p>
      {verdict.value && (
        <pre class={verdict.value.holds ? "verdict good" : "verdict bad"} role="status">{verdict.value.lines.join("\n")}</pre>
      )}
    </section>
  );
}
