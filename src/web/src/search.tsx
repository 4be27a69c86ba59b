// Words in the transcripts of all runs.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { SearchHit, SearchResult } from "./api";
import { get } from "./api";
import { Ago, Empty } from "./parts";
import { tell } from "./state";

export function SearchPage({ words }: { words: string }) {
  const result = useSignal<SearchResult | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    if (!words.trim()) { result.value = null; return; }
    let isOver = false;
    const ask = async () => {
      try {
        const found = await get<SearchResult>(`/api/search?words=${encodeURIComponent(words)}`);
        if (isOver) return;
        result.value = found;
        // Journals are read when search is first asked; there may be more in a moment.
        if (found.pending > 0) setTimeout(() => !isOver && void ask(), 2000);
      } catch (error) {
        tell((error as Error).message, true);
      }
    };
    void ask();
    return () => { isOver = true; };
  }, [words]);
  const submit = (event: Event) => {
    event.preventDefault();
    location.hash = `#/search/${encodeURIComponent(input.current!.value.trim())}`;
  };
  return (
    <main id="main">
      <h1>Search</h1>
      <form class="say searching" onSubmit={submit} role="search">
        <input ref={input} type="search" defaultValue={words} aria-label="words in transcripts" placeholder="words in the transcripts of all runs" />
        <button type="submit" class="primary">Search</button>
      </form>
      {result.value && result.value.pending > 0 && <p class="quiet" role="status">{result.value.pending} runs are still being read …</p>}
      {result.value?.hits.length === 0 && result.value.pending === 0 && <Empty title="Nothing found."><p>A word also finds those that begin with it; all words must appear in the same line.</p></Empty>}
      {!words && <Empty title="Every word of every agent."><p>What agents said, called and got, and the commands of goals, of all runs on this machine.</p></Empty>}
      <ul class="hits">{result.value?.hits.map((hit) => <Hit key={`${hit.run}/${hit.seq}/${hit.part}`} hit={hit} />)}</ul>
    </main>
  );
}

function Hit({ hit }: { hit: SearchHit }) {
  const base = `#/run/${encodeURIComponent(hit.run)}`;
  const href = hit.agent ? `${base}/agent/${encodeURIComponent(hit.agent)}/${hit.seq}` : `${base}/events`;
  return (
    <li>
      <a href={href}>
        <span class="strong"><bdi>{hit.agent || "run"}</bdi></span> <span class="quiet">{hit.what} · {hit.run} · <Ago at={hit.at} /> ago</span>
        <span class="words"><bdi>{marked(hit.text)}</bdi></span>
      </a>
    </li>
  );
}

/** The words that were found stand between two control characters. */
const marked = (text: string) => text.split("\u0002").flatMap((part, index) => {
  if (index === 0) return [part];
  const end = part.indexOf("\u0003");
  return end < 0 ? [part] : [<mark key={index}>{part.slice(0, end)}</mark>, part.slice(end + 1)];
});
