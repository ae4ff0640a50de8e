import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get } from "./api";
import { useLive } from "./live";
import { Link, go, type Place } from "./router";
import { Failure, Notices, Nothing } from "./states";
import { clock, count, port, visible } from "./text";
import type { End, Flow } from "./types";

/** Rows that stand in the table; older ones are a page away. */
const SHOWN = 150;

const FIELDS = [
  ["namespace", "Namespace", "of either end"],
  ["from", "From", "part of a name, or address"],
  ["to", "To", "part of a name, or address"],
  ["port", "Port", "443"],
  ["type", "Type", "policy-verdict"],
  ["node", "Node", ""],
  ["policy", "Policy", "part of its name"],
  ["text", "Anything", "part of the row"],
] as const;

const VERDICTS = ["", "DROPPED", "FORWARDED", "AUDIT", "REDIRECTED", "ERROR"];
const PROTOCOLS = ["", "TCP", "UDP", "ICMP", "ICMPv6", "SCTP"];

/** Newer rows before older ones, no more than fit. */
export function merge(newer: Flow[], older: Flow[], most: number): Flow[] {
  const known = new Set(newer.map((flow) => flow.seq));
  return [...newer.toSorted((a, b) => b.seq - a.seq), ...older.filter((flow) => !known.has(flow.seq))].slice(0, most);
}

/** The flow table; its filters are the address. */
export function FlowsView({ place }: { place: Place }): JSX.Element {
  const { before = "", ...filters } = place.search;
  const paused = before !== "";
  const [rows, setRows] = useState<Flow[] | null>(null);
  const [held, setHeld] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [skipped, setSkipped] = useState(0);
  const stopped = useRef(false);
  stopped.current = held || paused;
  const key = JSON.stringify({ ...filters, before });
  useEffect(() => {
    const aborted = new AbortController();
    setRows(null);
    setSkipped(0);
    setError(null);
    get<{ flows: Flow[] }>("flows", { ...filters, before, count: String(SHOWN) }, aborted.signal).then(
      ({ flows }) => setRows((now) => merge(now ?? [], flows, SHOWN)),
      (failure: unknown) => {
        if (failure instanceof ApiError) setError(failure);
      },
    );
    return () => aborted.abort();
  }, [key]);
  const liveness = useLive(
    { view: "flows", ...filters },
    {
      flows: (flows, left) => {
        if (stopped.current) return;
        setSkipped((sum) => sum + left);
        setRows((now) => merge(flows, now ?? [], SHOWN));
      },
    },
  );
  const set = (name: string, value: string) => go("/flows", { ...filters, [name]: value }, true);
  const last = rows?.at(-1);
  return (
    <div class="view flows">
      <h1>Flows</h1>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Verdict{" "}
          <select value={filters["verdict"] ?? ""} onChange={(event) => set("verdict", event.currentTarget.value)}>
            {VERDICTS.map((verdict) => (
              <option key={verdict} value={verdict}>
                {verdict === "" ? "any" : verdict}
              </option>
            ))}
          </select>
        </label>
        <label>
          Protocol{" "}
          <select value={filters["protocol"] ?? ""} onChange={(event) => set("protocol", event.currentTarget.value)}>
            {PROTOCOLS.map((protocol) => (
              <option key={protocol} value={protocol}>
                {protocol === "" ? "any" : protocol}
              </option>
            ))}
          </select>
        </label>
        {FIELDS.map(([name, title, hint]) => (
          <label key={name}>
            {title}{" "}
            <input
              type="search"
              value={filters[name] ?? ""}
              placeholder={hint}
              size={name === "port" ? 6 : 16}
              onInput={(event) => set(name, event.currentTarget.value)}
            />
          </label>
        ))}
        <button type="button" aria-pressed={held} onClick={() => setHeld(!held)} disabled={paused}>
          {held ? "Go on" : "Hold"}
        </button>
        <button type="button" onClick={() => go("/flows")}>
          Clear
        </button>
      </form>
      <Notices liveness={liveness} />
      {error === null ? null : <Failure error={error} />}
      {skipped > 0 ? (
        <p class="notice" role="status">
          {count(skipped)} more came than can be shown; they are counted on the map. Filter to see those that matter.
        </p>
      ) : null}
      {liveness.state !== null && liveness.state.relay.lost > 0 ? (
        <p class="notice warning" role="status">
          <strong>{count(liveness.state.relay.lost)} events were lost</strong> on the way here, by what the nodes tell.
        </p>
      ) : null}
      {rows !== null && rows.length === 0 ? (
        <Nothing
          what="No flows match."
          remedy={
            Object.keys(filters).length === 0
              ? "Nothing was sent yet. Open a connection from a pod, and it stands here."
              : "Take a filter away, or wait: those that match appear by themselves."
          }
        />
      ) : (
        <FlowTable flows={rows ?? []} />
      )}
      <p class="actions">
        {paused ? (
          <Link path="/flows" search={filters}>
            ← Newest
          </Link>
        ) : null}{" "}
        {rows !== null && rows.length === SHOWN && last ? (
          <Link path="/flows" search={{ ...filters, before: String(last.seq) }}>
            Older →
          </Link>
        ) : null}
      </p>
    </div>
  );
}

/** Rows of flows; `brief` where there is little room: those who talk, where, and by which policy. */
export function FlowTable({ flows, brief = false }: { flows: Flow[]; brief?: boolean }): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Flows">
      <table class="flow-table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Source</th>
            <th scope="col">Destination</th>
            <th scope="col">Port</th>
            {brief ? null : (
              <>
                <th scope="col">Type</th>
                <th scope="col">Verdict</th>
              </>
            )}
            <th scope="col">Policy</th>
            {brief ? null : <th scope="col">Summary</th>}
          </tr>
        </thead>
        <tbody>
          {flows.map((flow) => (
            <Row key={flow.seq} flow={flow} brief={brief} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ flow, brief }: { flow: Flow; brief: boolean }): JSX.Element {
  return (
    <tr class={tone(flow.verdict)}>
      <td class="time">
        <Link path={"/flow/" + encodeURIComponent(flow.id)} title="Why, and what would allow it">
          {clock(flow.time)}
        </Link>
      </td>
      <td>
        <EndName end={flow.source} />
      </td>
      <td>
        {flow.reply === true ? <span title="answer">↩ </span> : null}
        <EndName end={flow.destination} />
      </td>
      <td class="port">{port(flow.protocol, flow.destination.port)}</td>
      {brief ? null : (
        <>
          <td class="type">{visible(flow.type)}</td>
          <td class="verdict">{verdict(flow.verdict)}</td>
        </>
      )}
      <td>{(flow.policies ?? []).map(visible).join(", ")}</td>
      {brief ? null : <td>{visible(flow.summary)}</td>}
    </tr>
  );
}

export function tone(word: string): string {
  return word === "DROPPED" || word === "ERROR" ? "bad" : word === "AUDIT" ? "audited" : "ok";
}

/** With a sign, so that it is no matter of colour alone. */
export function verdict(word: string): string {
  return (word === "DROPPED" || word === "ERROR" ? "✗ " : word === "AUDIT" ? "! " : "✓ ") + word;
}

export function EndName({ end }: { end: End }): JSX.Element {
  if (end.kind === "entity")
    return (
      <span>
        <span class="dot entity" /> {visible(end.name)} <small>{visible(end.address)}</small>
      </span>
    );
  return (
    <span>
      <span class={"dot " + end.kind} title={end.kind === "vm" ? "virtual machine" : "container"} />{" "}
      {end.kind === "vm" ? <abbr title="virtual machine">VM</abbr> : null} <small>{visible(end.namespace)}/</small>
      {visible(end.name)}
    </span>
  );
}
