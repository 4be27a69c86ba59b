// What can stand at a place of a goal file, as its JSON schema says.

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  then?: Schema;
  else?: Schema;
}

export interface Completion {
  name: string;
  about: string;
  insert: string;
  /** How many letters of it stand there already. */
  typed: number;
}

const indentOf = (line: string) => /^ */.exec(line)![0].length;
const keyOf = (line: string) => /^\s*(?:- )?["']?([\w.-]+)["']?\s*:/.exec(line)?.[1];

/** The keys above a line, the outermost first: those that are indented less; an item of a list is `[]`. */
function pathTo(lines: string[], index: number, indent: number): string[] {
  const path: string[] = [];
  let below = indent;
  for (let at = index - 1; at >= 0 && below > 0; at--) {
    const line = lines[at]!;
    if (!line.trim() || line.trim().startsWith("#")) continue;
    const isItem = /^\s*- /.test(line);
    const inner = isItem ? indentOf(line) + 2 : indentOf(line);
    if (isItem && inner === below) {
      path.unshift("[]");
      below = indentOf(line);
      continue;
    }
    const key = keyOf(line);
    if (indentOf(line) < below && key && !isItem) {
      path.unshift(key);
      below = indentOf(line);
    }
  }
  return path;
}

function* variants(root: Schema, schema: Schema | undefined, playbook: string): Generator<Schema> {
  if (!schema) return;
  if (schema.$ref) yield* variants(root, root.$defs?.[schema.$ref.replace("#/$defs/", "")], playbook);
  if (schema.then) yield* variants(root, playbook === "build" ? schema.then : schema.else, playbook);
  for (const one of schema.anyOf ?? []) yield* variants(root, one, playbook);
  yield schema;
}

function step(root: Schema, schemas: Schema[], key: string, playbook: string): Schema[] {
  const next = schemas.flatMap((schema) => {
    // Where one thing may stand, a list of such things may, too.
    if (key === "[]") return [...(schema.items ? [schema.items] : []), ...(schema.properties ? [schema] : [])];
    const found = schema.properties?.[key] ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
    return found ? [found] : [];
  });
  return next.flatMap((schema) => [...variants(root, schema, playbook)]);
}

/** Keys, or a key's values, that can stand where the cursor is. */
export function completionsAt(root: Schema, text: string, cursor: number): Completion[] {
  const before = text.slice(0, cursor);
  const lines = before.split("\n");
  const line = lines.at(-1)!;
  if (line.trimStart().startsWith("#")) return [];
  const playbook = /^playbook:\s*(\w+)/m.exec(text)?.[1] ?? "optimise";
  const start = [...variants(root, root, playbook)];
  const value = /^(\s*)(- )?([\w.-]+):\s+([\w.-]*)$/.exec(line);
  if (value) {
    const [, space, dash, key, typed] = value as unknown as [string, string, string | undefined, string, string];
    const path = [...pathTo(lines, lines.length - 1, space.length + (dash ? 2 : 0)), ...(dash ? ["[]"] : []), key];
    const found = path.reduce((schemas, one) => step(root, schemas, one, playbook), start);
    const values = [...new Set(found.flatMap((schema) => schema.enum ?? []).map(String))];
    return values.filter((one) => one.startsWith(typed) && one !== typed).map((name) => ({ name, about: "", insert: name, typed: typed.length }));
  }
  const word = /^(\s*)(- )?([\w.-]*)$/.exec(line);
  if (!word) return [];
  const [, space, dash, typed] = word as unknown as [string, string, string | undefined, string];
  const above = pathTo(lines, lines.length - 1, space.length + (dash ? 2 : 0));
  const path = dash && above.at(-1) !== "[]" ? [...above, "[]"] : above;
  const found = path.reduce((schemas, one) => step(root, schemas, one, playbook), start);
  const keys = new Map(found.flatMap((schema) => Object.entries(schema.properties ?? {})));
  // A key of the file itself stands there once.
  const isTaken = (name: string) => space === "" && !dash && text.split("\n").some((one) => keyOf(one) === name && indentOf(one) === 0);
  return [...keys].filter(([name]) => name.startsWith(typed) && name !== typed && !isTaken(name))
    .map(([name, schema]) => ({ name, about: (schema.description ?? "").split(". ")[0]!, insert: `${name}: `, typed: typed.length }));
}
