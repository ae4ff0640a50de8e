import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Drawing } from "./drawing";
import { arrows, elements, select, type Arrow } from "./graph";
import { useLive } from "./live";
import { Link, go, type Place } from "./router";
import { TimeAxis, minutes, usePast } from "./past";
import { Failure, Notices, Nothing } from "./states";
import { count, port, rate, visible } from "./text";
import type { ServiceMap } from "./types";

const LEVELS = ["namespace", "application", "pod"] as const;
const LISTED = 200;

/** Who talks to whom. */
export function MapView({ place }: { place: Place }): JSX.Element {
  const { by = "application", namespace = "", search = "", focus = "", dropped = "", quiet = "" } = place.search;
  const at = /^\d{1,15}$/.test(place.search["at"] ?? "") ? Number(place.search["at"]) : null;
  const [live, setLive] = useState<ServiceMap | null>(null);
  const past = usePast(at, by, namespace);
  const map = at === null ? live : past.map;
  const [picked, setPicked] = useState<string | null>(null);
  const liveness = useLive({ view: "map", by, namespace, quiet }, { map: setLive });
  const set = (changes: Record<string, string>) => go("/map", { ...place.search, ...changes }, true);
  const shown = useMemo(
    () => (map === null ? null : select(map, { search, focus, droppedOnly: dropped === "yes" })),
    [map, search, focus, dropped],
  );
  const drawn = useMemo(() => (shown === null ? [] : elements(shown)), [shown]);
  const all = useMemo(() => (shown === null ? [] : arrows(shown.edges).toSorted(worstFirst)), [shown]);
  const namespaces = useMemo(
    () => [...new Set((map?.nodes ?? []).map((node) => node.namespace).filter((name) => name !== ""))].toSorted(),
    [map],
  );
  return (
    <div class="view map">
      <h1>Service map</h1>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Group by{" "}
          <select value={by} onChange={(event) => set({ by: event.currentTarget.value })}>
            {LEVELS.map((level) => (
              <option key={level} value={level}>
                {level === "pod" ? "pod or VM" : level}
              </option>
            ))}
          </select>
        </label>
        <label>
          Namespace{" "}
          <select value={namespace} onChange={(event) => set({ namespace: event.currentTarget.value })}>
            <option value="">all</option>
            {(namespace === "" || namespaces.includes(namespace) ? namespaces : [namespace, ...namespaces]).map(
              (name) => (
                <option key={name} value={name}>
                  {visible(name)}
                </option>
              ),
            )}
          </select>
        </label>
        <label>
          Search{" "}
          <input
            type="search"
            value={search}
            placeholder="part of a name"
            onInput={(event) => set({ search: event.currentTarget.value, focus: "" })}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={dropped === "yes"}
            onChange={(event) => set({ dropped: event.currentTarget.checked ? "yes" : "" })}
          />{" "}
          only with drops
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={quiet === "no"}
            onChange={(event) => set({ quiet: event.currentTarget.checked ? "no" : "" })}
          />{" "}
          hide silent workloads
        </label>
        {focus === "" ? null : (
          <button type="button" onClick={() => set({ focus: "" })}>
            Show all again
          </button>
        )}
      </form>
      <TimeAxis at={at} onChange={(chosen) => set({ at: chosen === null ? "" : String(chosen) })} />
      <Notices liveness={liveness} />
      {past.error === null ? null : <Failure error={past.error} />}
      {at === null || map === null ? null : (
        <p class="notice" role="status">
          <strong>
            {day(at)} {minutes(at)} to {minutes(map.until ?? at)}
          </strong>{" "}
          as the nodes' ledgers have it: counts are of connections. {(map.notes ?? []).map(visible).join("; ")}
        </p>
      )}
      {map?.tooMany === undefined ? null : (
        <p class="notice warning" role="status">
          <strong>
            {count(map.tooMany)} {map.wanted === "pod" ? "pods and VMs" : "applications"} are more than one can read:
          </strong>{" "}
          shown by {map.by}. Choose a namespace to see what is in it.
        </p>
      )}
      {map !== null && map.nodes.length === 0 ? (
        <Nothing
          what={at === null ? "Nothing here yet." : "No connections then."}
          remedy={
            at === null
              ? "No pods, and no flows. Start a workload, or look at another namespace; `ovenet lab status` and `kubectl get pods -A` say what there is."
              : "The ledger holds 24 hours of what policies decided. Move to another time, or back to live."
          }
        />
      ) : (
        <div class="split">
          <div class="graph">
            <Legend />
            <Drawing
              elements={drawn}
              label={`Service map: ${shown?.nodes.length ?? 0} nodes, ${all.length} arrows; the list beside it says the same`}
              {...(picked === null ? {} : { selected: picked })}
              onPick={setPicked}
            />
          </div>
          <Side all={all} picked={picked} map={shown} onPick={setPicked} place={place} />
        </div>
      )}
    </div>
  );
}

function day(millis: number): string {
  return new Date(millis).toLocaleDateString();
}

function worstFirst(a: Arrow, b: Arrow): number {
  return b.dropRate - a.dropRate || b.dropped - a.dropped || b.rate - a.rate || a.id.localeCompare(b.id);
}

function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <span class="dot pod" /> container
      </li>
      <li>
        <span class="dot vm" /> virtual machine
      </li>
      <li>
        <span class="dot mixed" /> both
      </li>
      <li>
        <span class="dot entity" /> host, world …
      </li>
      <li>
        <span class="stroke passed" /> passed
      </li>
      <li>
        <span class="stroke mixed" /> passed and dropped
      </li>
      <li>
        <span class="stroke dropped" /> dropped
      </li>
    </ul>
  );
}

interface SideProps {
  all: Arrow[];
  picked: string | null;
  map: ServiceMap | null;
  onPick: (id: string | null) => void;
  place: Place;
}

function Side({ all, picked, map, onPick, place }: SideProps): JSX.Element {
  const node = map?.nodes.find((candidate) => candidate.id === picked);
  const list =
    picked === null || picked.startsWith("ns:")
      ? all
      : all.filter((arrow) => arrow.id === picked || arrow.from === picked || arrow.to === picked);
  return (
    <aside class="side" aria-label="Connections">
      <h2>
        {picked === null || list === all ? "Connections" : node ? visible(node.id) : "Chosen connection"}{" "}
        <small>{count(list.length)}</small>
      </h2>
      {picked === null ? null : (
        <p class="actions">
          {node ? (
            <Link path="/map" search={{ ...place.search, focus: node.id, search: "" }}>
              Only its neighbours
            </Link>
          ) : null}
          <button type="button" onClick={() => onPick(null)}>
            All connections
          </button>
        </p>
      )}
      <ol class="arrows">
        {list.slice(0, LISTED).map((arrow) => (
          <li key={arrow.id} class={arrow.verdict}>
            <button type="button" class="pick" aria-pressed={picked === arrow.id} onClick={() => onPick(arrow.id)}>
              {visible(arrow.from)} → {visible(arrow.to)}
            </button>
            <ul>
              {arrow.edges.slice(0, picked === arrow.id ? undefined : 4).map((edge) => (
                <li key={edge.protocol + edge.port}>
                  <Link
                    path="/flows"
                    search={{ from: bare(edge.from), to: bare(edge.to), port: String(edge.port) }}
                    title="Its flows"
                  >
                    {port(edge.protocol, edge.port) || "other"}
                  </Link>{" "}
                  {edge.forwarded > 0 ? <span class="ok">✓ {rate(edge.rate)}</span> : null}{" "}
                  {edge.audited > 0 ? <span class="audited">audited {count(edge.audited)}</span> : null}{" "}
                  {edge.dropped > 0 ? (
                    <span class="bad">
                      ✗ {count(edge.dropped)} dropped{edge.reason ? `: ${edge.reason}` : ""}
                    </span>
                  ) : null}{" "}
                  {edge.latencyMicros ? <span>{(edge.latencyMicros / 1000).toFixed(1)} ms</span> : null}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
      {list.length > LISTED ? <p>The first {LISTED}: search, or choose a node, to see others.</p> : null}
    </aside>
  );
}

/** As the flow table's filter takes it. */
function bare(id: string): string {
  return id.replace(/^\((.*)\)$/, "$1");
}
