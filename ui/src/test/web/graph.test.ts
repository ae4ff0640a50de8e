import { describe, expect, it } from "vitest";
import { arrows, changed, elements, select, title, width, grid } from "../../main/web/graph";
import type { MapEdge, MapNode, ServiceMap } from "../../main/web/types";

function edge(from: string, to: string, extra: Partial<MapEdge> = {}): MapEdge {
  return {
    from,
    to,
    protocol: "TCP",
    port: 80,
    forwarded: 1,
    dropped: 0,
    audited: 0,
    rate: 1,
    dropRate: 0,
    last: 0,
    ...extra,
  };
}

function node(id: string, extra: Partial<MapNode> = {}): MapNode {
  const [namespace = "", label = ""] = id.split("/");
  return { id, label, namespace, kind: "pod", pods: 1, machines: 0, ...extra };
}

function map(edges: MapEdge[], nodes: MapNode[]): ServiceMap {
  return { by: "application", namespace: "", at: 0, nodes, edges, forgotten: 0 };
}

const NONE = { search: "", focus: "", droppedOnly: false };

describe("arrows", () => {
  it("joins the ports between two ends", () => {
    const [only, ...others] = arrows([edge("a/x", "a/y"), edge("a/x", "a/y", { port: 443, rate: 2 })]);
    expect(others).toEqual([]);
    expect(only?.rate).toBe(3);
    expect(only?.label).toBe("80/TCP, 443/TCP\n3.0/s");
  });

  it("says what passed, what was dropped, and both", () => {
    const verdict = (...edges: MapEdge[]) => arrows(edges)[0]?.verdict;
    expect(verdict(edge("a/x", "a/y"))).toBe("passed");
    expect(verdict(edge("a/x", "a/y", { forwarded: 0, dropped: 2 }))).toBe("dropped");
    expect(verdict(edge("a/x", "a/y", { dropped: 2 }))).toBe("mixed");
    expect(verdict(edge("a/x", "a/y", { forwarded: 0, audited: 1 }))).toBe("audited");
  });

  it("leaves labels away where there are too many to read", () => {
    const many = Array.from({ length: 100 }, (_, i) => edge("a/x", `a/y${i}`));
    expect(arrows(many).every((arrow) => arrow.label === "")).toBe(true);
  });

  it("is wider with the rate, and never too wide", () => {
    expect(width(0)).toBe(1.5);
    expect(width(10)).toBeGreaterThan(width(1));
    expect(width(1e9)).toBe(5);
  });
});

describe("grid", () => {
  it("has room for all, and no row too many", () => {
    for (let count = 1; count <= 300; count++) {
      const { columns, rows } = grid(count);
      expect(columns * rows).toBeGreaterThanOrEqual(count);
      expect(columns * (rows - 1)).toBeLessThan(count);
      expect(columns).toBeGreaterThanOrEqual(rows);
    }
  });
});

describe("select", () => {
  const world = map(
    [edge("a/x", "a/y"), edge("a/y", "b/z", { dropped: 1 })],
    [node("a/x"), node("a/y"), node("b/z"), node("b/alone")],
  );

  it("keeps everything where nothing is asked", () => {
    expect(select(world, NONE)).toBe(world);
  });

  it("keeps what matches a search and whom that talks to", () => {
    const found = select(world, { ...NONE, search: "A/X" });
    expect(found.nodes.map((n) => n.id)).toEqual(["a/x", "a/y"]);
    expect(found.edges).toHaveLength(1);
  });

  it("keeps a lonely match", () => {
    expect(select(world, { ...NONE, search: "alone" }).nodes.map((n) => n.id)).toEqual(["b/alone"]);
  });

  it("focuses on exactly one", () => {
    expect(select(world, { ...NONE, focus: "b/z" }).nodes.map((n) => n.id)).toEqual(["a/y", "b/z"]);
  });

  it("keeps only what has drops", () => {
    expect(select(world, { ...NONE, droppedOnly: true }).nodes.map((n) => n.id)).toEqual(["a/y", "b/z"]);
  });
});

describe("elements", () => {
  it("puts what is in a namespace into its box, and the world into none", () => {
    const all = elements(map([], [node("a/x"), node("(world)", { namespace: "", label: "world", kind: "entity" })]));
    expect(all.map((e) => e.data["id"])).toEqual(["ns:a", "a/x", "(world)"]);
    expect(all[1]?.data["parent"]).toBe("ns:a");
    expect(all[2]?.data["parent"]).toBeUndefined();
  });

  it("draws no boxes around namespaces themselves", () => {
    expect(elements({ ...map([], [node("a/a", { id: "a" })]), by: "namespace" })).toHaveLength(1);
  });

  it("tells machines and pods apart by class and in words", () => {
    expect(title(node("a/x", { kind: "vm", pods: 0, machines: 1 }))).toBe("x\nVM");
    expect(title(node("a/x", { kind: "mixed", pods: 3, machines: 2 }))).toBe("x\n2 VMs · 3 pods");
    expect(title(node("a/x"))).toBe("x");
  });
});

describe("changed", () => {
  it("has an arrow for what opens and one for what closes", () => {
    const all = changed([{ from: "a/x", to: "b/y", opened: "80/TCP", closed: "443/TCP", pairs: 1 }]);
    expect(all.filter((e) => e.group === "edges").map((e) => [e.classes, e.data["label"]])).toEqual([
      ["opened", "+ 80/TCP"],
      ["closed", "− 443/TCP"],
    ]);
    expect(all.filter((e) => e.group === "nodes")).toHaveLength(2);
  });
});
