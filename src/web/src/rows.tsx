// What happened, a line each: as many as there are, and only those on the screen are drawn.
import { signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Row } from "./api";
import { get } from "./api";
import { clock } from "./parts";

const height = 26;
const spare = 12;

interface Props {
  rows: Row[];
  run: string;
  withAgent: boolean;
  hasMore: boolean;
  /** The entry of a line that is to be shown; null for the end. */
  at?: number | null;
  onOlder: () => void;
}

/** Stays at the end while it is at the end; else it stays where it is, whatever is added at either side. */
export function Rows({ rows, run, withAgent, hasMore, at = null, onOlder }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, size: 600 });
  const chosen = useSignal<Row | null>(null);
  const isAtEnd = useRef(true);
  const before = useRef<{ first: number | undefined; count: number }>({ first: undefined, count: 0 });

  const isFound = useRef(at === null);
  useLayoutEffect(() => {
    const element = box.current!;
    const wanted = isFound.current ? -1 : rows.findIndex((row) => row.seq === at);
    if (wanted >= 0) {
      isFound.current = true;
      isAtEnd.current = false;
      chosen.value = rows[wanted]!;
      element.scrollTop = Math.max(0, (wanted - 4) * height);
    }
    const { first, count } = before.current;
    const added = first !== undefined && rows[0]?.seq !== first ? rows.length - count : 0;
    if (isAtEnd.current) element.scrollTop = element.scrollHeight;
    else if (added > 0) element.scrollTop += added * height;
    before.current = { first: rows[0]?.seq, count: rows.length };
    view.value = { top: element.scrollTop, size: element.clientHeight };
  }, [rows]);

  const scrolled = () => {
    const element = box.current!;
    view.value = { top: element.scrollTop, size: element.clientHeight };
    isAtEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - height;
    if (element.scrollTop < 20 * height && hasMore) onOlder();
  };

  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 20, PageUp: -20 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = chosen.value ? rows.indexOf(chosen.value) : step > 0 ? -1 : rows.length;
    const next = Math.max(0, Math.min(rows.length - 1, at + step));
    chosen.value = rows[next] ?? null;
    const element = box.current!;
    if (next * height < element.scrollTop) element.scrollTop = next * height;
    else if ((next + 1) * height > element.scrollTop + element.clientHeight) element.scrollTop = (next + 1) * height - element.clientHeight;
  };

  const from = Math.max(0, Math.floor(view.value.top / height) - spare);
  const to = Math.min(rows.length, Math.ceil((view.value.top + view.value.size) / height) + spare);
  const active = chosen.value ? rows.indexOf(chosen.value) : -1;
  return (
    <div class="rows-and-detail">
      <div
        class="rows" ref={box} onScroll={scrolled} onKeyDown={keys} tabIndex={0} role="listbox" aria-label="what happened"
        aria-activedescendant={active >= from && active < to ? `row-${active}` : undefined}
      >
        <div style={{ height: `${rows.length * height}px` }}>
          {rows.slice(from, to).map((row, index) => (
            <div
              key={`${row.seq}/${row.part}/${row.what}/${from + index}`} id={`row-${from + index}`} role="option" aria-selected={row === chosen.value}
              class={`row tone-${row.tone} what-${row.what.replace(/[^a-z]/gi, "")}`} style={{ top: `${(from + index) * height}px` }}
              onClick={() => (chosen.value = row)}
            >
              <span class="at num">{clock(row.at)}</span>
              {withAgent && <span class="who">{row.agent ?? ""}</span>}
              <span class="what">{row.what}</span>
              <bdi class="text">{row.text}</bdi>
            </div>
          ))}
        </div>
      </div>
      {chosen.value && <Detail row={chosen.value} run={run} onClose={() => (chosen.value = null)} />}
    </div>
  );
}

const texts = signal(new Map<string, string>());

function Detail({ row, run, onClose }: { row: Row; run: string; onClose: () => void }) {
  const key = `${run}/${row.seq}/${row.part}`;
  useEffect(() => {
    if (!row.is_cut || row.part < 0 || texts.value.has(key)) return;
    get<{ text: string }>(`/api/runs/${encodeURIComponent(run)}/rows/${row.seq}/${row.part}`)
      .then((whole) => (texts.value = new Map([...texts.value].slice(-50)).set(key, whole.text)))
      .catch((error: Error) => (texts.value = new Map(texts.value).set(key, error.message)));
  }, [key]);
  return (
    <aside class="detail" aria-label="the whole of a line">
      <header>
        <span class="strong">{row.agent ?? "run"}</span> <span class="quiet">{row.what}, entry {row.seq}, {clock(row.at)}</span>
        <button type="button" class="plain" aria-label="close" onClick={onClose}>×</button>
      </header>
      <pre><bdi>{row.is_cut && row.part >= 0 ? texts.value.get(key) ?? "…" : row.text}</bdi></pre>
    </aside>
  );
}
