import type { Change, MapEdge, MapNode, ServiceMap } from "./types";
import { port, rate, visible } from "./text";

/** An arrow as it is drawn: all ports between two nodes together. */
export interface Arrow {
  id: string;
  from: string;
  to: string;
  edges: MapEdge[];
  rate: number;
  dropRate: number;
  dropped: number;
  verdict: "passed" | "dropped" | "audited" | "mixed";
  label: string;
}

/** Beyond this many arrows a label on each says nothing. */
const LABELLED = 80;

export function arrows(edges: MapEdge[]): Arrow[] {
  const pairs = new Map<string, Arrow>();
  for (const edge of edges) {
    const id = `${edge.from}\n${edge.to}`;
    let arrow = pairs.get(id);
    if (arrow === undefined) {
      arrow = {
        id,
        from: edge.from,
        to: edge.to,
        edges: [],
        rate: 0,
        dropRate: 0,
        dropped: 0,
        verdict: "passed",
        label: "",
      };
      pairs.set(id, arrow);
    }
    arrow.edges.push(edge);
    arrow.rate += edge.rate;
    arrow.dropRate += edge.dropRate;
    arrow.dropped += edge.dropped;
  }
  const all = [...pairs.values()];
  for (const arrow of all) {
    arrow.verdict = verdictOf(arrow);
    arrow.label = all.length > LABELLED ? "" : labelOf(arrow);
  }
  return all;
}

function verdictOf(arrow: Arrow): Arrow["verdict"] {
  const passed = arrow.edges.some((edge) => edge.forwarded > 0);
  if (arrow.dropped > 0) return passed ? "mixed" : "dropped";
  return arrow.edges.some((edge) => edge.audited > 0) ? "audited" : "passed";
}

function labelOf(arrow: Arrow): string {
  const ports = arrow.edges.slice(0, 3).map((edge) => (edge.dropped > 0 ? "✗ " : "") + port(edge.protocol, edge.port));
  const more = arrow.edges.length > 3 ? ` +${arrow.edges.length - 3}` : "";
  return `${ports.join(", ")}${more}\n${rate(arrow.rate + arrow.dropRate)}`;
}

/** How wide an arrow is drawn, in pixels: a step more for each fourfold rate. */
export function width(perSecond: number): number {
  return Math.min(5, 1.5 + Math.log(1 + perSecond * 60) / Math.log(4) / 4);
}

/** Rows and columns for so many, a little wider than high, as names are. */
export function grid(count: number): { columns: number; rows: number } {
  const columns = Math.max(1, Math.ceil(Math.sqrt(count)));
  return { columns, rows: Math.max(1, Math.ceil(count / columns)) };
}

export interface Selection {
  /** Part of a node's name; of others only neighbours are kept. */
  search: string;
  /** A node whose neighbourhood alone is wanted. */
  focus: string;
  droppedOnly: boolean;
}

/** What of a map is drawn: a search keeps what matches and whom that talks to. */
export function select(map: ServiceMap, { search, focus, droppedOnly }: Selection): ServiceMap {
  let edges = droppedOnly ? map.edges.filter((edge) => edge.dropped > 0) : map.edges;
  const wanted = search.trim().toLowerCase();
  if (wanted === "" && focus === "" && !droppedOnly) return map;
  const hit = new Set(
    map.nodes
      .filter((node) => (focus === "" ? node.id.toLowerCase().includes(wanted) : node.id === focus))
      .map((node) => node.id),
  );
  if (wanted !== "" || focus !== "") edges = edges.filter((edge) => hit.has(edge.from) || hit.has(edge.to));
  const kept = new Set(wanted !== "" || focus !== "" ? hit : []);
  for (const edge of edges) kept.add(edge.from).add(edge.to);
  return { ...map, edges, nodes: map.nodes.filter((node) => kept.has(node.id)) };
}

export interface Element {
  group: "nodes" | "edges";
  data: Record<string, string | number>;
  classes: string;
}

/** What the graph library draws. Namespaces are boxes around what is in them. */
export function elements(map: ServiceMap): Element[] {
  const found: Element[] = [];
  const boxed = map.by !== "namespace";
  const boxes = new Set<string>();
  for (const node of map.nodes) {
    if (boxed && node.namespace !== "" && !boxes.has(node.namespace)) {
      boxes.add(node.namespace);
      found.push({
        group: "nodes",
        data: { id: "ns:" + node.namespace, label: visible(node.namespace) },
        classes: "box",
      });
    }
    found.push(element(node, boxed));
  }
  for (const arrow of arrows(map.edges)) {
    found.push({
      group: "edges",
      data: {
        id: arrow.id,
        source: arrow.from,
        target: arrow.to,
        label: arrow.label,
        width: width(arrow.rate + arrow.dropRate),
      },
      classes: arrow.verdict + (arrow.rate + arrow.dropRate === 0 ? " quiet" : ""),
    });
  }
  return found;
}

function element(node: MapNode, boxed: boolean): Element {
  const data: Record<string, string | number> = { id: node.id, label: title(node) };
  if (boxed && node.namespace !== "") data["parent"] = "ns:" + node.namespace;
  return { group: "nodes", data, classes: node.kind };
}

/** A name with how many it stands for. */
export function title(node: MapNode): string {
  const name = visible(node.label);
  if (node.kind === "entity") return name;
  const parts: string[] = [];
  if (node.machines > 0) parts.push(node.machines === 1 ? "VM" : `${node.machines} VMs`);
  if (node.pods > 1 || (node.pods === 1 && node.machines > 0))
    parts.push(node.pods === 1 ? "1 pod" : `${node.pods} pods`);
  return parts.length === 0 ? name : `${name}\n${parts.join(" · ")}`;
}

/** The arrows that a change of policies opens and closes, as a map of their own. */
export function changed(changes: Change[]): Element[] {
  const found: Element[] = [];
  const ends = new Set<string>();
  for (const change of changes) {
    ends.add(change.from).add(change.to);
    for (const [word, ports] of [
      ["opened", change.opened],
      ["closed", change.closed],
    ] as const) {
      if (ports === "") continue;
      found.push({
        group: "edges",
        data: {
          id: `${word}\n${change.from}\n${change.to}`,
          source: change.from,
          target: change.to,
          label: `${word === "opened" ? "+" : "−"} ${ports.length > 40 ? ports.slice(0, 39) + "…" : ports}`,
          width: 2.5,
        },
        classes: word,
      });
    }
  }
  const nodes: Element[] = [...ends].map((id) => ({
    group: "nodes",
    data: { id, label: visible(id) },
    classes: id.startsWith("(") ? "entity" : id.startsWith("vm ") ? "vm" : "pod",
  }));
  return [...nodes, ...found];
}
