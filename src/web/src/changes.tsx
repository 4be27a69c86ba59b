// What was changed, as a patch that can be read on a phone; a line of an agent's can be commented, and the agent reads that at its next step.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { get } from "./api";
import type { Changes } from "./api";
import { Button, Empty } from "./parts";
import { act, may } from "./state";

interface Line { kind: "add" | "del" | "same" | "hunk"; old: number | null; now: number | null; text: string }
interface FileChange { path: string; state: string; added: number; removed: number; lines: Line[] }

/** The files of a patch as git writes it. */
export function parse(patch: string): FileChange[] {
  const files: FileChange[] = [];
  let file: FileChange | null = null;
  let [old, now] = [0, 0];
  let isInHunk = false;
  for (const text of patch.split("\n")) {
    if (text.startsWith("diff --git ")) {
      const names = /^diff --git "?a\/(.*?)"? "?b\/(.*?)"?$/.exec(text);
      file = { path: names?.[2] ?? text.slice(11), state: "changed", added: 0, removed: 0, lines: [] };
      files.push(file);
      isInHunk = false;
    } else if (!file) continue;
    else if (text.startsWith("@@ ")) {
      const at = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(text);
      [old, now] = [Number(at?.[1] ?? 0), Number(at?.[2] ?? 0)];
      isInHunk = true;
      file.lines.push({ kind: "hunk", old: null, now: null, text });
    } else if (!isInHunk) {
      // A name in the first line may have the other's beginning in it; these lines have one name each.
      const named = /^(?:\+\+\+ "?b\/|--- "?a\/|rename to "?)(.*?)"?\t?$/.exec(text)?.[1];
      if (named) file.path = named;
      if (text.startsWith("new file")) file.state = "new";
      else if (text.startsWith("deleted file")) file.state = "deleted";
      else if (text.startsWith("rename from ")) file.state = `renamed from ${text.slice(12)}`;
      else if (text.startsWith("Binary files")) file.state = `${file.state}, binary`;
    } else if (text.startsWith("+")) {
      file.added++;
      file.lines.push({ kind: "add", old: null, now: now++, text: text.slice(1) });
    } else if (text.startsWith("-")) {
      file.removed++;
      file.lines.push({ kind: "del", old: old++, now: null, text: text.slice(1) });
    } else if (text.startsWith(" ")) file.lines.push({ kind: "same", old: old++, now: now++, text: text.slice(1) });
  }
  return files;
}

// Longer files are opened on request.
const longFile = 400;

interface Props {
  run: string;
  /** Whose changes; null for what the run hands over. */
  agent: string | null;
  /** Whether the agent still reads what is said to it. */
  isAtWork: boolean;
  /** Changes when there may be more to see. */
  moment: string;
}

export function ChangesView({ run, agent, isAtWork, moment }: Props) {
  const changes = useSignal<Changes | null>(null);
  const problem = useSignal("");
  useEffect(() => {
    const about = agent === null ? "" : `?agent=${encodeURIComponent(agent)}`;
    get<Changes>(`/api/runs/${encodeURIComponent(run)}/changes${about}`)
      .then((all) => { if (all.tree !== changes.value?.tree) changes.value = all; problem.value = ""; })
      .catch((error: Error) => (problem.value = error.message));
  }, [run, agent, moment]);
  if (problem.value) return <Empty title={problem.value} />;
  if (!changes.value) return <p class="quiet">reading the changes …</p>;
  const files = parse(changes.value.patch);
  if (files.length === 0) return <Empty title="Nothing is changed." />;
  return (
    <div class="changes">
      <p class="quiet">
        {files.length === 1 ? "1 file" : `${files.length} files`},{" "}
        <span class="added">+{files.reduce((sum, file) => sum + file.added, 0)}</span>{" "}
        <span class="removed">−{files.reduce((sum, file) => sum + file.removed, 0)}</span>
        {changes.value.is_cut && ", cut: the patch is longer than a page can show"}
        {agent !== null && isAtWork && may("answer") && ". Choose a line's number to comment it; the agent reads it at its next step."}
      </p>
      {files.map((file) => (
        <FileView key={file.path} file={file} onComment={agent !== null && isAtWork && may("answer")
          ? (line, words) => act(`/api/runs/${encodeURIComponent(run)}/say`, { agent, words: `${file.path}:${line.now ?? line.old}: \`${line.text.trim().slice(0, 200)}\`\n${words}` })
          : null}
        />
      ))}
    </div>
  );
}

function FileView({ file, onComment }: { file: FileChange; onComment: ((line: Line, words: string) => Promise<boolean>) | null }) {
  const isOpen = useSignal(file.lines.length <= longFile);
  const at = useSignal<number | null>(null);
  return (
    <section class="file" aria-label={file.path}>
      <header>
        <button type="button" class="plain" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}><bdi>{file.path}</bdi></button>
        <span class="quiet">{file.state !== "changed" && <bdi>{file.state}</bdi>} <span class="added">+{file.added}</span> <span class="removed">−{file.removed}</span></span>
      </header>
      {isOpen.value && file.lines.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label={`changes of ${file.path}`}>
          <table class="patch">
            <tbody>
              {file.lines.map((line, index) => (
                <>
                  <tr key={index} class={line.kind}>
                    <td class="num">{line.old ?? ""}</td>
                    <td class="num">
                      {onComment && line.kind !== "hunk"
                        ? <button type="button" class="plain" aria-label={`comment line ${line.now ?? line.old}`} onClick={() => (at.value = at.value === index ? null : index)}>{line.now ?? "·"}</button>
                        : line.now ?? ""}
                    </td>
                    <td class="sign" aria-hidden="true">{line.kind === "add" ? "+" : line.kind === "del" ? "−" : ""}</td>
                    <td class="code"><bdi>{line.text}</bdi></td>
                  </tr>
                  {at.value === index && onComment && (
                    <tr key={`${index}/comment`}><td colSpan={4}><Comment onDone={() => (at.value = null)} onSend={(words) => onComment(line, words)} /></td></tr>
                  )}
                </>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Comment({ onSend, onDone }: { onSend: (words: string) => Promise<boolean>; onDone: () => void }) {
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), []);
  const send = async () => {
    const words = box.current!.value.trim();
    if (words && (await onSend(words))) onDone();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") onDone();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
  };
  return (
    <div class="comment">
      <textarea ref={box} rows={2} aria-label="comment" placeholder="what the agent should know about this line" maxLength={3500} onKeyDown={keys} />
      <div class="buttons"><Button kind="primary" onClick={send}>Send to the agent</Button><Button onClick={onDone}>Close</Button></div>
    </div>
  );
}
