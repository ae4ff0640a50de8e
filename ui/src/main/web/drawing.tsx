import cytoscape from "cytoscape";
import fcose from "cytoscape-fcose";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { grid, type Element } from "./graph";

cytoscape.use(fcose);

/** Beyond this many nodes the quick layout is taken, and arrows are straight. */
const MANY = 150;

/** Up to so many nodes each one's name is shown however far away it is, of more only those of boxes. */
const NAMED = 60;

/** What a node and its name take of a box, in pixels of the drawing. */
const CELL = { width: 110, height: 70 };

interface Props {
  elements: Element[];
  label: string;
  selected?: string;
  onPick?: (id: string | null) => void;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

type Style = cytoscape.StylesheetJson;

/** What the drawing's own pixels are multiplied with, so that it grows with the text around it. */
function scale(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 14 || 1;
}

function style(many: boolean): Style {
  const px = (length: number) => length * scale();
  const edge = (name: string) => ({ "line-color": colour(name), "target-arrow-color": colour(name) });
  return [
    {
      selector: "node",
      style: {
        label: "data(label)",
        color: colour("--text"),
        "font-size": px(11),
        "font-family": "system-ui, sans-serif",
        "text-wrap": "wrap",
        "text-max-width": `${px(130)}px`,
        "text-valign": "bottom",
        "text-margin-y": px(4),
        "min-zoomed-font-size": 7,
        "text-background-color": colour("--surface"),
        "text-background-opacity": 0.8,
        "text-background-padding": "1px",
        "text-background-shape": "roundrectangle",
        width: px(26),
        height: px(26),
        "background-color": colour("--pod"),
        "border-width": 2,
        "border-color": colour("--surface"),
      },
    },
    {
      selector: "node.vm",
      style: {
        shape: "round-rectangle",
        width: px(34),
        height: px(28),
        "background-color": colour("--vm"),
        "border-color": colour("--vm-edge"),
        "border-width": 3,
      },
    },
    { selector: "node.mixed", style: { shape: "cut-rectangle", width: px(34), "background-color": colour("--mixed") } },
    { selector: "node.entity", style: { shape: "hexagon", width: px(32), "background-color": colour("--entity") } },
    {
      selector: "node.box",
      style: {
        shape: "round-rectangle",
        "background-color": colour("--box"),
        "background-opacity": 0.55,
        "border-width": 1,
        "border-color": colour("--line"),
        "text-valign": "top",
        "text-margin-y": -4,
        "font-size": px(13),
        "font-weight": "bold",
        padding: "18px",
        "text-background-opacity": 0,
      },
    },
    {
      selector: "node.box[width]",
      style: { width: "data(width)", height: "data(height)", padding: "0px", "z-compound-depth": "bottom" },
    },
    {
      selector: "edge",
      style: {
        width: "data(width)",
        "curve-style": many ? "straight" : "bezier",
        "target-arrow-shape": "triangle",
        "arrow-scale": 0.9,
        "line-opacity": many ? 0.5 : 0.8,
        ...edge("--passed"),
      },
    },
    {
      // Apart, since each property of thousands of arrows is time.
      selector: "edge[label != '']",
      style: {
        label: "data(label)",
        "font-size": px(10),
        "min-zoomed-font-size": 8,
        color: colour("--text"),
        "text-wrap": "wrap",
        "text-background-color": colour("--surface"),
        "text-background-opacity": 1,
        "text-background-padding": "2px",
      },
    },
    { selector: "edge.quiet", style: { "line-opacity": 0.5 } },
    { selector: "edge.audited", style: { ...edge("--audited"), "line-style": "dotted" } },
    { selector: "edge.mixed", style: { ...edge("--dropped") } },
    { selector: "edge.dropped", style: { ...edge("--dropped"), "line-style": "dashed" } },
    { selector: "edge.opened", style: { ...edge("--passed"), color: colour("--passed") } },
    {
      selector: "edge.closed",
      style: { ...edge("--dropped"), color: colour("--dropped"), "line-style": "dashed" },
    },
    { selector: "node:selected", style: { "border-color": colour("--accent"), "border-width": 4 } },
    { selector: "edge:selected", style: { "underlay-color": colour("--accent"), "underlay-opacity": 0.35 } },
  ] as Style;
}

function forces(quality: "default" | "draft"): cytoscape.LayoutOptions {
  return {
    name: "fcose",
    quality,
    animate: false,
    randomize: true,
    nodeSeparation: 90 * scale(),
    idealEdgeLength: 130 * scale(),
    nodeRepulsion: 20_000,
    nodeDimensionsIncludeLabels: true,
    packComponents: true,
    padding: 30,
  } as cytoscape.LayoutOptions;
}

function arrange(graph: cytoscape.Core): void {
  if (graph.nodes().length > MANY) arrangeBoxes(graph);
  else graph.layout(forces("default")).run();
  graph.fit(undefined, 30);
  if (graph.zoom() > 1.6) {
    graph.zoom(1.6);
    graph.center();
  }
}

/**
 * Many nodes are not the drawing's children of their boxes, which only lie behind them: with children, each property
 * of each node has the drawing look at all that is around it, and that takes longer than all else.
 */
function flat(element: Element): Element {
  const { parent, ...data } = element.data;
  return parent === undefined ? element : { ...element, data: { ...data, box: parent } };
}

function boxOf(node: cytoscape.NodeSingular): string {
  return (node.data("box") as string | undefined) ?? node.id();
}

/** Of many nodes, those of a box stand in rows, and the boxes as who talks to whom wants it. */
function arrangeBoxes(graph: cytoscape.Core): void {
  const boxes = new Map<string, cytoscape.NodeSingular[]>();
  graph.nodes().forEach((node) => {
    if (node.hasClass("box")) return;
    const box = boxOf(node);
    boxes.set(box, [...(boxes.get(box) ?? []), node]);
  });
  const edges = new Map<string, { source: string; target: string }>();
  graph.edges().forEach((edge) => {
    const [source, target] = [edge.source(), edge.target()].map(boxOf) as [string, string];
    if (source !== target) edges.set([source, target].toSorted().join("\n"), { source, target });
  });
  const cell = { width: CELL.width * scale(), height: CELL.height * scale() };
  const places = cytoscape({
    headless: true,
    styleEnabled: true,
    style: [{ selector: "node", style: { width: "data(width)", height: "data(height)" } }],
    elements: [
      ...[...boxes].map(([id, nodes]) => {
        const { columns, rows } = grid(nodes.length);
        return { data: { id, width: (columns + 1) * cell.width, height: (rows + 2) * cell.height } };
      }),
      ...[...edges.values()].map((data) => ({ data })),
    ],
  });
  places.layout(forces(boxes.size > MANY ? "draft" : "default")).run();
  graph.batch(() => {
    for (const [id, nodes] of boxes) {
      const { x, y } = places.getElementById(id).position();
      const { columns, rows } = grid(nodes.length);
      const box = graph.getElementById(id);
      if (box.hasClass("box")) box.data({ width: columns * cell.width, height: rows * cell.height }).position({ x, y });
      nodes.forEach((node, at) =>
        node.position({
          x: x + ((at % columns) - (columns - 1) / 2) * cell.width,
          y: y + (Math.floor(at / columns) - (rows - 1) / 2) * cell.height,
        }),
      );
    }
  });
  places.destroy();
}

/** Names of so many nodes, or else of the boxes around them, are legible from any distance. */
function keepNamesLegible(graph: cytoscape.Core): void {
  // In steps, since each is a new drawing of the text.
  const factor = 2 ** (Math.ceil(Math.log2(Math.max(1, 1 / graph.zoom())) * 4) / 4);
  const named = graph.nodes().length > NAMED ? graph.nodes(".box") : graph.nodes();
  graph.batch(() => {
    named.forEach((node) => {
      const size = scale() * (node.hasClass("box") ? 13 : 11) * factor;
      if (node.numericStyle("font-size") !== size) node.style("font-size", size);
    });
  });
}

/** Brings the drawing up to date; whether nodes came or went. */
function renew(graph: cytoscape.Core, elements: Element[]): boolean {
  const wanted = new Map(elements.map((element) => [element.data["id"] as string, element]));
  let moved = false;
  graph.batch(() => {
    graph.elements().forEach((old) => {
      if (!wanted.has(old.id()) && old.inside()) {
        moved ||= old.isNode();
        old.remove();
      }
    });
    for (const [id, element] of wanted) {
      const known = graph.getElementById(id);
      if (known.empty()) {
        moved ||= element.group === "nodes";
        graph.add(element as cytoscape.ElementDefinition);
      } else {
        known.data(element.data);
        known.classes(element.classes);
      }
    }
  });
  return moved;
}

/** The graph. The list beside it says the same to those who don't see it. */
export function Drawing({ elements, label, selected, onPick }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const graph = useRef<cytoscape.Core | null>(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  useEffect(() => {
    if (box.current === null) return;
    const made = cytoscape({
      container: box.current,
      style: style(false),
      minZoom: 0.08,
      maxZoom: 4,
      boxSelectionEnabled: false,
      autounselectify: false,
    });
    graph.current = made;
    made.on("tap", (event) => {
      const target = event.target as cytoscape.Core | cytoscape.SingularElementReturnValue;
      pick.current?.(target === made ? null : (target as cytoscape.SingularElementReturnValue).id());
    });
    let naming = 0;
    made.on("zoom", () => {
      cancelAnimationFrame(naming);
      naming = requestAnimationFrame(() => keepNamesLegible(made));
    });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => made.style(style(made.nodes().length > MANY));
    dark.addEventListener("change", repaint);
    addEventListener("ovenet-theme", repaint);
    let scaled = scale();
    const resized = new ResizeObserver(() => {
      made.resize();
      if (scale() === scaled) return;
      scaled = scale();
      repaint();
      arrange(made);
    });
    resized.observe(box.current);
    return () => {
      dark.removeEventListener("change", repaint);
      removeEventListener("ovenet-theme", repaint);
      resized.disconnect();
      cancelAnimationFrame(naming);
      made.destroy();
      graph.current = null;
    };
  }, []);
  useEffect(() => {
    const made = graph.current;
    if (made === null) return;
    const many = elements.filter((element) => element.group === "nodes").length > MANY;
    // Before they come, or each would be styled twice.
    if (many !== made.nodes().length > MANY) {
      made.elements().remove();
      made.autoungrabify(many);
      made.style(style(many));
    }
    if (renew(made, many ? elements.map(flat) : elements)) {
      arrange(made);
      keepNamesLegible(made);
    }
  }, [elements]);
  useEffect(() => {
    const made = graph.current;
    if (made === null) return;
    made.elements().unselect();
    if (selected !== undefined && selected !== "") made.getElementById(selected).select();
  }, [selected, elements]);
  return (
    <div class="drawing">
      <div class="canvas" ref={box} role="img" aria-label={label} />
      <div class="zoom">
        <button type="button" onClick={() => graph.current?.fit(undefined, 30)} title="Fit">
          Fit
        </button>
        <button type="button" onClick={() => graph.current && arrange(graph.current)} title="Lay out anew">
          Arrange
        </button>
        <button
          type="button"
          aria-label="Zoom in"
          onClick={() => graph.current?.zoom({ level: graph.current.zoom() * 1.3, renderedPosition: middle(box) })}
        >
          +
        </button>
        <button
          type="button"
          aria-label="Zoom out"
          onClick={() => graph.current?.zoom({ level: graph.current.zoom() / 1.3, renderedPosition: middle(box) })}
        >
          −
        </button>
      </div>
    </div>
  );
}

function middle(box: { current: HTMLDivElement | null }): cytoscape.Position {
  return { x: (box.current?.clientWidth ?? 0) / 2, y: (box.current?.clientHeight ?? 0) / 2 };
}
