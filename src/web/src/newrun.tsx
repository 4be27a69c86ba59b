// Starting a run: a goal file is picked or written, checked as one types, and shown with what it would do and cost at most.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { GoalPreview } from "./api";
import { get, send } from "./api";
import { type Completion, type Schema, completionsAt } from "./complete";
import { Button, Empty } from "./parts";
import { may, tell } from "./state";

const typing = 400;
const template = "goal: \nplaybook: build\nchecks:\n  - {name: tests, run: \"\"}\nacceptance:\n  - {id: A1, says: \"\", run: \"\"}\nbudget: {dollars: 5, time: 1h}\n";

export function NewRun() {
  const goals = useSignal<string[] | null>(null);
  const path = useSignal("");
  const before = useSignal<string | null>(null);
  const text = useSignal<string | null>(null);
  const problems = useSignal<string[]>([]);
  const preview = useSignal<GoalPreview | null>(null);
  const isBusy = useSignal(false);
  const isChecked = useSignal(false);
  const schema = useSignal<Schema | null>(null);
  const refused = useSignal("");
  const load = () => void get<string[]>("/api/goals").then((all) => (goals.value = all)).catch((error: Error) => (refused.value = error.message));
  useEffect(() => {
    load();
    void get<Schema>("/api/goal/schema").then((all) => (schema.value = all)).catch(() => undefined);
  }, []);

  const busily = async (work: () => Promise<void>) => {
    isBusy.value = true;
    try {
      await work();
    } catch (error) {
      tell((error as Error).message, true);
    }
    isBusy.value = false;
  };
  const look = (which: string) => busily(async () => {
    const found = await get<GoalPreview>(`/api/goal?path=${encodeURIComponent(which)}`);
    [path.value, before.value, text.value, problems.value, preview.value, isChecked.value] = [which, found.text, found.text, found.problems, found, true];
  });
  /** What a run of the file as it stands would do; unless something else is shown by then. */
  const showPlan = async (which: string) => {
    const found = await get<GoalPreview>(`/api/goal?path=${encodeURIComponent(which)}`);
    if (path.value === which && text.value === found.text) [problems.value, preview.value, isChecked.value] = [found.problems, found, true];
  };
  const save = () => busily(async () => {
    const sent = text.value;
    tell((await send<{ message: string }>("/api/goal", { path: path.value, text: sent, before: before.value })).message);
    before.value = sent;
    load();
    await showPlan(path.value);
  });
  const start = () => busily(async () => {
    const { run } = await send<{ run: string }>("/api/runs", { path: path.value });
    location.hash = `#/run/${encodeURIComponent(run)}`;
  });

  // What is wrong is told while one types, a moment after the last letter.
  useEffect(() => {
    if (text.value === null || !path.value || (text.value === before.value && preview.value)) return;
    if (text.value === before.value) {
      void showPlan(path.value).catch(() => undefined);
      return;
    }
    preview.value = null;
    isChecked.value = false;
    let isStale = false;
    const timer = setTimeout(() => {
      const told = (found: string[]) => { if (!isStale) [problems.value, isChecked.value] = [found, true]; };
      void send<{ problems: string[] }>("/api/goal/check", { path: path.value, text: text.value, before: before.value })
        .then((found) => told(found.problems)).catch((error: Error) => told([error.message]));
    }, typing);
    return () => { isStale = true; clearTimeout(timer); };
  }, [text.value, path.value]);

  /** Whether nothing would be lost by showing another goal. */
  const isFree = () => {
    const isKept = text.value === null || text.value === (before.value ?? template);
    if (!isKept) tell("this goal isn't saved yet: save it, or discard the changes", true);
    return isKept;
  };
  if (!may("own")) return <main id="main"><h1>This browser can't start runs.</h1></main>;
  const isChanged = text.value !== null && text.value !== before.value;
  return (
    <main id="main">
      <h1>New run</h1>
      {refused.value && <Empty title="No run can be started here."><p>{refused.value}</p></Empty>}
      {goals.value?.length === 0 && text.value === null && <Empty title="No goal files below that folder." />}
      <ul class="goals">
        {goals.value?.map((one) => (
          <li key={one}><button type="button" class="plain" aria-pressed={path.value === one} onClick={() => isFree() && void look(one)}>{one}</button></li>
        ))}
        {goals.value && <li><button type="button" class="plain" onClick={() => { if (isFree()) [path.value, before.value, text.value, preview.value, problems.value] = ["godwit.yaml", null, template, null, []]; }}>+ write a new one</button></li>}
      </ul>
      {isBusy.value && <p class="quiet" role="status">checking the goal …</p>}
      {text.value !== null && (
        <section aria-label="the goal" class="goal-edit">
          {before.value === null
            ? <p><label>file, below the folder that was given <input value={path.value} onInput={(event) => (path.value = event.currentTarget.value.trim())} /></label></p>
            : <h2>{path.value}</h2>}
          <Editor text={text.value} schema={schema.value} onChange={(now) => (text.value = now)} />
          {problems.value.length > 0 && <pre class="verdict bad" role="alert">{problems.value.join("\n")}</pre>}
          {isChanged && isChecked.value && problems.value.length === 0 && <p class="quiet" role="status">no mistakes in it; save it to see what it would do</p>}
          {preview.value && problems.value.length === 0 && <pre class="verdict">{preview.value.plan.join("\n")}</pre>}
          <div class="buttons">
            {isChanged && <Button kind={problems.value.length === 0 ? "primary" : ""} disabled={isBusy.value} onClick={save}>Save</Button>}
            {isChanged && <Button onClick={() => { [text.value, problems.value] = [before.value, []]; }}>Discard changes</Button>}
            <Button kind={isChanged ? "" : "primary"} disabled={isChanged || isBusy.value || !preview.value || problems.value.length > 0} onClick={start}>Start the run</Button>
          </div>
        </section>
      )}
    </main>
  );
}

/** A plain text box with the schema's keys and values at hand: Ctrl-Space shows them, arrows choose, Enter or Tab takes. */
function Editor({ text, schema, onChange }: { text: string; schema: Schema | null; onChange: (text: string) => void }) {
  const box = useRef<HTMLTextAreaElement>(null);
  const offers = useSignal<Completion[]>([]);
  const at = useSignal(0);
  const look = (isAsked: boolean) => {
    const element = box.current!;
    const found = schema ? completionsAt(schema, element.value, element.selectionStart) : [];
    offers.value = found.length > 0 && (isAsked || found[0]!.typed > 0) ? found.slice(0, 12) : [];
    at.value = 0;
  };
  const take = (offer: Completion) => {
    const element = box.current!;
    element.focus();
    element.setSelectionRange(element.selectionStart - offer.typed, element.selectionStart);
    // Deprecated, and the one way by which Ctrl-Z takes it back.
    if (!document.execCommand("insertText", false, offer.insert)) element.setRangeText(offer.insert, element.selectionStart, element.selectionEnd, "end");
    onChange(element.value);
    offers.value = [];
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === " " && event.ctrlKey) look(true);
    else if (offers.value.length === 0) return;
    else if (event.key === "ArrowDown") at.value = Math.min(offers.value.length - 1, at.value + 1);
    else if (event.key === "ArrowUp") at.value = Math.max(0, at.value - 1);
    else if (event.key === "Enter" || event.key === "Tab") take(offers.value[at.value]!);
    else if (event.key === "Escape") offers.value = [];
    else return;
    event.preventDefault();
  };
  return (
    <div class="editor">
      <textarea
        ref={box} spellcheck={false} rows={Math.min(32, Math.max(12, text.split("\n").length + 1))} aria-label="the goal file" value={text}
        aria-controls="offers" aria-autocomplete="list"
        aria-activedescendant={offers.value.length > 0 ? `offer-${at.value}` : undefined}
        onInput={(event) => { onChange(event.currentTarget.value); look(false); }} onKeyDown={keys} onBlur={() => setTimeout(() => (offers.value = []), 150)}
      />
      <ul id="offers" class="offers" role="listbox" aria-label="keys and values" hidden={offers.value.length === 0}>
        {offers.value.map((offer, index) => (
          <li key={offer.name} id={`offer-${index}`} role="option" aria-selected={index === at.value} onMouseDown={(event) => { event.preventDefault(); take(offer); }}>
            <span class="strong">{offer.name}</span> <span class="quiet">{offer.about}</span>
          </li>
        ))}
      </ul>
      <p class="quiet keys"><kbd>Ctrl</kbd> <kbd>Space</kbd> shows the keys that can stand here</p>
    </div>
  );
}
