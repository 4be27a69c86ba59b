// Small pieces that all pages are made of.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { RunRow } from "./api";
import { now } from "./state";

const names: Record<string, string> = {
  running: "running", waiting: "waiting for you", parked: "parked", stopped: "stopped", verified: "verified", not_verified: "not verified",
  no_improvement: "no improvement", completed: "completed", failed: "failed",
};

/** How a run stands: executed, claimed and verified never look the same. */
export function State({ state }: { state: string }) {
  return <span class={`state ${state}`}>{names[state] ?? state}</span>;
}

/** A time in words, of milliseconds. */
export const span = (milliseconds: number) => {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : seconds < 86400
    ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
};

export function Ago({ at }: { at: string }) {
  return <time dateTime={at} title={new Date(at).toLocaleString()}>{span(now.value - Date.parse(at))}</time>;
}

export const clock = (at: string) => new Date(at).toLocaleTimeString([], { hour12: false });

export const dollars = (value: number) => `$${value < 0.01 && value > 0 ? value.toFixed(4) : value.toFixed(2)}`;

/** The first sentence of a goal. */
export const brief = (goal: string) => {
  const end = goal.indexOf(". ");
  return end > 0 && goal.length > 100 ? goal.slice(0, end + 1) : goal;
};

/** What is spent, what calls in flight may still cost, and the cap. */
export function Budget({ row }: { row: RunRow }) {
  if (row.most_dollars === null) return <span class="quiet num">{row.dollars > 0 ? dollars(row.dollars) : ""}</span>;
  const part = (value: number) => `${Math.min(100, (100 * value) / Math.max(row.most_dollars ?? 1, 1e-9))}%`;
  const text = `${dollars(row.dollars)} spent, ${dollars(row.reserved)} reserved, of ${dollars(row.most_dollars)}`;
  return (
    <span class="budget" title={text}>
      <span class="bar" role="img" aria-label={text}>
        <span class="spent" style={{ width: part(row.dollars) }} />
        <span class="reserved" style={{ width: part(row.reserved) }} />
      </span>
      <span class="num">{dollars(row.dollars)} / {dollars(row.most_dollars)}</span>
    </span>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="strong">{title}</p>
      {children}
    </div>
  );
}

export function Button({ kind = "", disabled = false, onClick, children }: {
  kind?: string; disabled?: boolean; onClick: () => unknown; children: ComponentChildren;
}) {
  return <button type="button" class={kind} disabled={disabled} onClick={() => void onClick()}>{children}</button>;
}

const goes: Record<string, string> = { r: "#/", i: "#/inbox", n: "#/new", d: "#/devices", s: "#/search", u: "#/usage", m: "#/models" };
const chords = new WeakMap<Event, string>();
let chordAt = 0;

// 'g' and a second key go to a page. It is told here, before anybody hears of the second key, so that it means nothing else.
addEventListener("keydown", (event) => {
  const href = goes[event.key];
  if (href && Date.now() - chordAt < 1000) chords.set(event, href);
  chordAt = event.key === "g" && !event.repeat ? Date.now() : 0;
}, true);

/** Where a key goes that followed a 'g'. */
export const chordOf = (event: KeyboardEvent) => chords.get(event);

/** Calls a handler for keys that aren't typed into something, nor held down, nor the second of a chord. */
export function useKeys(handler: (key: string, event: KeyboardEvent) => void, withChords = false): void {
  const latest = useRef(handler);
  latest.current = handler;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const isTyping = target.matches("input, textarea, select, [contenteditable]");
      const isOurs = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && !document.querySelector("[role=dialog]");
      if (!isTyping && isOurs && (withChords || !chords.has(event))) latest.current(event.key, event);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}

/** A box for words to agents. */
export function Say({ onSay, label }: { onSay: (words: string) => Promise<boolean>; label: string }) {
  const input = useRef<HTMLInputElement>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    const words = input.current!.value.trim();
    if (words && (await onSay(words))) input.current!.value = "";
  };
  return (
    <form class="say" onSubmit={submit}>
      <input ref={input} aria-label={label} placeholder={label} maxLength={4000} />
      <button type="submit">Send</button>
    </form>
  );
}
