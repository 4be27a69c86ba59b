// Steps a second of an agent's loop in LangGraph.js with its SQLite checkpointer: a model that answers at once and a tool that does
// nothing, in turn, over a conversation that grows; every step is checkpointed.
// usage: node peers_langgraph_agent.mjs TURNS AGENTS [DATABASE]
import { StateGraph, MessagesAnnotation, START, END } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";

const [turns, agents] = [Number(process.argv[2] ?? 250), Number(process.argv[3] ?? 1)];
const saver = SqliteSaver.fromConnString(process.argv[4] ?? "langgraph-agent.db");
saver.db.pragma("journal_mode = WAL");
saver.db.pragma("synchronous = FULL");
const graph = new StateGraph(MessagesAnnotation)
  .addNode("model", async ({ messages }) => {
    const turn = messages.filter((message) => message.getType() === "ai").length + 1;
    return { messages: [new AIMessage({ content: "", tool_calls: turn > turns ? [] : [{ id: `c${turn}`, name: "run", args: { command: `${turn}` } }] })] };
  })
  .addNode("tool", async ({ messages }) => {
    const call = messages.at(-1).tool_calls[0];
    return { messages: [new ToolMessage({ tool_call_id: call.id, content: `exit code 0 ${call.args.command}` })] };
  })
  .addEdge(START, "model")
  .addConditionalEdges("model", ({ messages }) => (messages.at(-1).tool_calls?.length ? "tool" : END))
  .addEdge("tool", "model")
  .compile({ checkpointer: saver });
const start = process.hrtime.bigint();
await Promise.all(Array.from({ length: agents }, (_, agent) =>
  graph.invoke({ messages: [new HumanMessage(`Work as agent ${agent}`)] }, { configurable: { thread_id: `${agent}` }, recursionLimit: 2 * turns + 10, durability: "sync" })));
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const steps = agents * (2 * turns + 1);
console.log(`langgraph, ${agents} agents' loops: ${steps} steps in ${seconds.toFixed(2)} s: ${(steps / seconds).toFixed(0)} /s`);
