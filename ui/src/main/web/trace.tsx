import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, get, post } from "./api";
import { go, type Place } from "./router";
import { Failure } from "./states";
import { visible } from "./text";
import type { Trace, Workload } from "./types";

const OUTCOMES: Record<Trace["outcome"], string> = {
  passes: "✓ It passes.",
  stopped: "✗ It is stopped on its way.",
  unknown: "Where it ends could not be found out.",
};

/** One real packet from a pod on its way, hop by hop. */
export function TraceView({ place }: { place: Place }): JSX.Element {
  const [from, setFrom] = useState(place.search["from"] ?? "");
  const [to, setTo] = useState(place.search["to"] ?? "");
  const [names, setNames] = useState<string[]>([]);
  const [sent, setSent] = useState(false);
  const [trace, setTrace] = useState<Trace | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    get<{ workloads: Workload[] }>("workloads").then(
      (told) => setNames(told.workloads.map(nameOf)),
      () => setNames([]), // names can be typed as well
    );
  }, []);
  const send = () => {
    go("/trace", { from, to }, true);
    setSent(true);
    setTrace(null);
    setError(null);
    post<Trace>("trace", { from, to })
      .then(setTrace, (failure: unknown) => {
        if (failure instanceof ApiError) setError(failure);
      })
      .finally(() => setSent(false));
  };
  return (
    <div class="view trace">
      <h1>Trace</h1>
      <p>
        One real packet in a pod&apos;s place, through the kernel&apos;s own programs and over the nodes&apos; network.
        It is dropped just before it would be delivered, and nothing is left of it.
      </p>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label>
          From{" "}
          <input
            list="ends"
            value={from}
            size={30}
            placeholder="shop/web-1, vm/shop/db"
            onInput={(event) => setFrom(event.currentTarget.value)}
          />
        </label>
        <label>
          To{" "}
          <input
            list="ends"
            value={to}
            size={34}
            placeholder="shop/db:5432/TCP, svc/shop/web:80"
            onInput={(event) => setTo(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={sent || from === "" || to === ""}>
          Send a packet
        </button>
        <datalist id="ends">
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </form>
      <div aria-live="polite">
        {sent ? <p>It is on its way…</p> : null}
        {error === null ? null : <Failure error={error} />}
        {trace === null ? null : <Way trace={trace} />}
      </div>
    </div>
  );
}

/** As the trace's ends are written. */
function nameOf(workload: Workload): string {
  const name = `${workload.namespace}/${workload.name}`;
  return workload.kind === "vm" ? `vm/${name}` : name;
}

function Way({ trace }: { trace: Trace }): JSX.Element {
  return (
    <section aria-label="Its way">
      <h2 class={trace.outcome}>{OUTCOMES[trace.outcome]}</h2>
      <ol class="hops">
        {trace.hops.map((hop, index) => (
          <li key={index} class={index === trace.hops.length - 1 ? "hop " + trace.outcome : "hop"}>
            <b>{visible(hop.where)}</b> {visible(hop.what)}
          </li>
        ))}
      </ol>
      {trace.notes.map((note) => (
        <p key={note}>{visible(note)}</p>
      ))}
    </section>
  );
}
