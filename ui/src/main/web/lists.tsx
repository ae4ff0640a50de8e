import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, get } from "./api";
import { Link, go, type Place } from "./router";
import { Failure, Nothing } from "./states";
import { count, rate, span, visible } from "./text";
import type { ClusterNode, Service, Workload } from "./types";

const AGAIN_MILLIS = 3_000;

/** Asks at once and then every few seconds. */
function useAgain<T>(path: string): { answer: T | null; error: ApiError | null } {
  const [answer, setAnswer] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const ask = () => {
      get<T>(path)
        .then(
          (told) => {
            if (gone) return;
            setAnswer(told);
            setError(null);
          },
          (failure: unknown) => {
            if (failure instanceof ApiError && !gone) setError(failure);
          },
        )
        .finally(() => {
          if (!gone) timer = setTimeout(ask, AGAIN_MILLIS);
        });
    };
    ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [path]);
  return { answer, error };
}

export function NodesView(): JSX.Element {
  const { answer, error } = useAgain<{ nodes: ClusterNode[]; relayFailure?: string }>("nodes");
  return (
    <div class="view">
      <h1>Nodes</h1>
      {error === null ? null : <Failure error={error} />}
      {answer?.relayFailure === undefined ? null : (
        <p class="notice warning">
          <strong>The Hubble server knows no nodes ({answer.relayFailure}):</strong> it is an agent's, or away. Name the
          relay with --server to see whom it reaches.
        </p>
      )}
      {answer !== null && answer.nodes.length === 0 ? (
        <Nothing what="No nodes." remedy="Is the operator running, and an agent on each node?" />
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Nodes">
          <table>
            <thead>
              <tr>
                <th scope="col">Node</th>
                <th scope="col">Hubble</th>
                <th scope="col">Addresses</th>
                <th scope="col">Pod prefixes</th>
                <th scope="col">Containers</th>
                <th scope="col">VMs</th>
                <th scope="col">Flows kept</th>
                <th scope="col">Flows seen</th>
                <th scope="col">Up for</th>
              </tr>
            </thead>
            <tbody>
              {(answer?.nodes ?? []).map((node) => (
                <tr key={node.name}>
                  <th scope="row">
                    <Link path="/flows" search={{ node: node.name }}>
                      {visible(node.name)}
                    </Link>
                  </th>
                  <td class={node.state === "connected" ? "ok" : "bad"}>
                    {node.state === "connected" ? "✓ reached" : `✗ ${node.state}`}
                  </td>
                  <td>{(node.addresses ?? []).map(visible).join(", ")}</td>
                  <td>{(node.podCidrs ?? []).map(visible).join(", ")}</td>
                  <td>{count(node.pods)}</td>
                  <td>{count(node.machines)}</td>
                  <td>{node.flows === undefined ? "–" : `${count(node.flows)} of ${count(node.maxFlows ?? 0)}`}</td>
                  <td>{node.seenFlows === undefined ? "–" : count(node.seenFlows)}</td>
                  <td>{node.uptimeSeconds === undefined ? "–" : span(node.uptimeSeconds * 1000)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

const MOST_ROWS = 500;

export function WorkloadsView({ place }: { place: Place }): JSX.Element {
  const { search = "", kind = "" } = place.search;
  const { answer, error } = useAgain<{ workloads: Workload[] }>("workloads");
  const wanted = search.toLowerCase();
  const rows = (answer?.workloads ?? [])
    .filter((row) => (kind === "" || row.kind === kind) && row.id.toLowerCase().includes(wanted))
    .toSorted((a, b) => b.dropRate - a.dropRate || b.rate - a.rate || a.id.localeCompare(b.id));
  const set = (changes: Record<string, string>) => go("/workloads", { ...place.search, ...changes }, true);
  return (
    <div class="view">
      <h1>Pods and virtual machines</h1>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Search <input type="search" value={search} onInput={(event) => set({ search: event.currentTarget.value })} />
        </label>
        <label>
          Kind{" "}
          <select value={kind} onChange={(event) => set({ kind: event.currentTarget.value })}>
            <option value="">all</option>
            <option value="pod">containers</option>
            <option value="vm">virtual machines</option>
          </select>
        </label>
      </form>
      {error === null ? null : <Failure error={error} />}
      {answer !== null && rows.length === 0 ? (
        <Nothing
          what="None."
          remedy={
            answer.workloads.length === 0 ? "The cluster runs no pods yet: `kubectl get pods -A`." : "Widen the search."
          }
        />
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Pods and virtual machines">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Kind</th>
                <th scope="col">Application</th>
                <th scope="col">Address</th>
                <th scope="col">Flows, last minute</th>
                <th scope="col">Drops, last minute</th>
                <th scope="col">Passed</th>
                <th scope="col">Dropped</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, MOST_ROWS).map((row) => (
                <tr key={row.id}>
                  <th scope="row">
                    <Link path="/flows" search={{ text: `${row.namespace}/${row.pod}` }}>
                      <span class={"dot " + row.kind} /> {visible(row.namespace)}/{visible(row.name)}
                    </Link>
                  </th>
                  <td>{row.kind === "vm" ? "virtual machine" : "container"}</td>
                  <td>{visible(row.application)}</td>
                  <td>{visible(row.address)}</td>
                  <td>{rate(row.rate)}</td>
                  <td class={row.dropRate > 0 ? "bad" : ""}>{rate(row.dropRate)}</td>
                  <td>{count(row.forwarded)}</td>
                  <td class={row.dropped > 0 ? "bad" : ""}>{count(row.dropped)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > MOST_ROWS ? (
        <p>
          The first {MOST_ROWS} of {count(rows.length)}, those with drops first: search to see others.
        </p>
      ) : null}
    </div>
  );
}

export function ServicesView(): JSX.Element {
  const { answer, error } = useAgain<{ services: Service[] }>("services");
  return (
    <div class="view">
      <h1>Services</h1>
      {error === null ? null : <Failure error={error} />}
      {answer !== null && answer.services.length === 0 ? (
        <Nothing what="No services." remedy="`kubectl get services -A` says the same." />
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Services">
          <table>
            <thead>
              <tr>
                <th scope="col">Service</th>
                <th scope="col">Type</th>
                <th scope="col">Cluster address</th>
                <th scope="col">Ports</th>
                <th scope="col">From outside</th>
                <th scope="col">Announced by</th>
                <th scope="col">Backends</th>
              </tr>
            </thead>
            <tbody>
              {(answer?.services ?? []).map((service) => (
                <tr key={service.namespace + "/" + service.name}>
                  <th scope="row">
                    {visible(service.namespace)}/{visible(service.name)}
                  </th>
                  <td>{visible(service.type)}</td>
                  <td>{visible(service.clusterAddress)}</td>
                  <td>{service.ports.join(", ")}</td>
                  <td>{service.outside.map(visible).join(", ") || "–"}</td>
                  <td>{visible(service.announcedBy) || "–"}</td>
                  <td>
                    <Backends service={service} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Backends({ service }: { service: Service }): JSX.Element {
  const ready = service.backends.filter((backend) => backend.ready).length;
  if (service.backends.length === 0) return <span class="bad">✗ none</span>;
  return (
    <details>
      <summary class={ready === 0 ? "bad" : "ok"}>
        {ready === 0 ? "✗" : "✓"} {ready} of {service.backends.length} ready
      </summary>
      <ul>
        {service.backends.map((backend) => (
          <li key={backend.addresses.join()}>
            {backend.ready ? "✓" : "✗"} {visible(backend.target)} {backend.addresses.map(visible).join(", ")}{" "}
            <small>{visible(backend.node)}</small>
          </li>
        ))}
      </ul>
    </details>
  );
}
