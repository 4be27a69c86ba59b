// What waits for a person, of all runs. Made for a phone first.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Ask } from "./api";
import { Ago, Button, Empty, brief, useKeys } from "./parts";
import { act, asks, may } from "./state";

// A key acts only on what has stood still under the eyes for so long.
const still = 700;

const needs = (ask: Ask) => (ask.kind === "parked" ? "own" : "answer");

export async function answer(ask: Ask, grant: boolean, words: string | null): Promise<boolean> {
  return act(`/api/runs/${encodeURIComponent(ask.run)}/answer`, { id: ask.id, hash: ask.hash, grant, words: words || null, plan: null });
}

const labels: Record<string, [string, string]> = {
  approval: ["Approve", "Deny"], question: ["Yes", "No"], plan: ["Approve plan", "Reject"], parked: ["Retry", "Fail"],
};

export function AskCard({ ask, withRun, isFocused = false }: { ask: Ask; withRun: boolean; isFocused?: boolean }) {
  const words = useRef<HTMLTextAreaElement>(null);
  const isBusy = useSignal(false);
  const [yes, no] = labels[ask.kind] ?? ["Yes", "No"];
  const decide = async (grant: boolean) => {
    isBusy.value = true;
    await answer(ask, grant, words.current?.value.trim() ?? null);
    isBusy.value = false;
  };
  return (
    <article class={isFocused ? "ask focused" : "ask"} aria-label={`${ask.who ?? ask.run} ${ask.title}`} data-hash={ask.hash}>
      <header>
        <span class={`kind ${ask.kind}`}>{ask.kind}</span>
        <bdi class="strong">{ask.who ?? "the run"}</bdi> <bdi>{ask.title}</bdi>
        <span class="quiet push"><Ago at={ask.since} /></span>
      </header>
      {withRun && <p class="quiet"><a href={`#/run/${encodeURIComponent(ask.run)}`}>{ask.run}</a> · <bdi>{brief(ask.goal)}</bdi></p>}
      <pre class="asked"><bdi>{ask.detail}</bdi></pre>
      {ask.is_advisory && <p class="warn">This run has no sandbox: a "no" is advice that nothing enforces.</p>}
      <p class="quiet">
        {ask.rule && <>asked by rule <bdi class="strong">{ask.rule}</bdi> · </>}
        {ask.deadline ? <>denied automatically at {new Date(ask.deadline).toLocaleTimeString()}</> : "no deadline"}
      </p>
      {may(needs(ask))
        ? (
          <>
            <textarea ref={words} rows={1} aria-label="message" placeholder={ask.kind === "plan" ? "what should change; a plan that is rejected without words ends the run" : "message to the agent (optional)"} />
            <div class="buttons">
              <Button kind="primary" disabled={isBusy.value} onClick={() => decide(true)}>{yes}</Button>
              <Button kind="danger" disabled={isBusy.value} onClick={() => decide(false)}>{no}</Button>
            </div>
          </>
        )
        : <p class="quiet">This browser can only watch.</p>}
    </article>
  );
}

export function Inbox() {
  const focused = useSignal<string | null>(null);
  const since = useRef({ hash: "", at: 0 });
  const sent = useRef(new Set<string>());
  const all = asks.value;
  // The focus stays on its action; where that is answered it goes to the next, and doesn't act before that has been seen.
  const at = Math.max(0, all.findIndex((ask) => ask.hash === focused.value));
  const current = all[at];
  useEffect(() => {
    if (current && since.current.hash !== current.hash) since.current = { hash: current.hash, at: Date.now() };
    if (current && focused.value !== current.hash) focused.value = current.hash;
  }, [current?.hash]);
  useKeys((key, event) => {
    if (key === "j" || key === "k") {
      const next = all[Math.max(0, Math.min(all.length - 1, at + (key === "j" ? 1 : -1)))];
      if (next) focused.value = next.hash;
      document.querySelector(`[data-hash="${next?.hash}"]`)?.scrollIntoView({ block: "nearest" });
    } else if (key === "d" && current?.kind === "plan") {
      // Without words a rejected plan ends its run: a key alone doesn't do that.
      event.preventDefault();
      document.querySelector<HTMLTextAreaElement>(`[data-hash="${current.hash}"] textarea`)?.focus();
    } else if ((key === "a" || key === "d") && current && may(needs(current))) {
      const { hash, at: from } = since.current;
      if (hash === current.hash && Date.now() - from >= still && !sent.current.has(hash)) {
        sent.current.add(hash);
        void answer(current, key === "a", null).then((taken) => !taken && sent.current.delete(hash));
      }
    } else if (key === "e" && current) {
      event.preventDefault();
      document.querySelector<HTMLTextAreaElement>(`[data-hash="${current.hash}"] textarea`)?.focus();
    }
  });

  return (
    <main id="main">
      <h1>Inbox</h1>
      {all.length === 0 && <Empty title="Nothing is waiting for you."><p>Approvals, questions, plans and parked steps of all runs appear here.</p></Empty>}
      {all.length > 0 && <p class="quiet keys"><kbd>j</kbd> <kbd>k</kbd> move · <kbd>a</kbd> approve · <kbd>d</kbd> deny · <kbd>e</kbd> add a message</p>}
      {all.map((ask) => <AskCard key={ask.hash} ask={ask} withRun isFocused={ask.hash === current?.hash} />)}
    </main>
  );
}
