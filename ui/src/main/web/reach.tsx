import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, get } from "./api";
import { Why } from "./flow";
import { go, type Place } from "./router";
import { Failure, Nothing } from "./states";
import { count, visible } from "./text";
import type { Connection, Reach, ReachCell } from "./types";

/** Who can reach whom, and why. */
export function ReachView({ place }: { place: Place }): JSX.Element {
  const { by = "namespace" } = place.search;
  const [reach, setReach] = useState<Reach | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [chosen, setChosen] = useState<ReachCell | null>(null);
  useEffect(() => {
    setReach(null);
    setChosen(null);
    setError(null);
    get<Reach>("reach", { by }).then(setReach, (failure: unknown) => {
      if (failure instanceof ApiError) setError(failure);
    });
  }, [by]);
  const cells = useMemo(() => new Map((reach?.cells ?? []).map((cell) => [`${cell.from}\n${cell.to}`, cell])), [reach]);
  return (
    <div class="view reach">
      <h1>Reach</h1>
      <p>What policies of both sides let pass. Rows are who opens a connection, columns to whom.</p>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          By{" "}
          <select value={by} onChange={(event) => go("/reach", { by: event.currentTarget.value })}>
            <option value="namespace">namespace</option>
            <option value="application">application</option>
          </select>
        </label>
      </form>
      {error === null ? null : <Failure error={error} />}
      {reach === null ? (
        error === null ? (
          <p>Reading…</p>
        ) : null
      ) : reach.groups.length <= 2 ? (
        <Nothing what="No pods." remedy="Once there are some, this says who may reach whom." />
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Reach">
          <table class="matrix">
            <thead>
              <tr>
                <td>From ╲ to</td>
                {reach.groups.map((group) => (
                  <th key={group} scope="col">
                    <span>{visible(group)}</span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {reach.groups.map((from) => (
                <tr key={from}>
                  <th scope="row">{visible(from)}</th>
                  {reach.groups.map((to) => (
                    <Cell key={to} cell={cells.get(`${from}\n${to}`)} chosen={chosen} onChoose={setChosen} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {chosen === null ? null : (
        <section aria-label="Chosen" aria-live="polite">
          <h2>
            {visible(chosen.from)} → {visible(chosen.to)}
          </h2>
          <p>
            {chosen.state === "closed" ? "Nothing passes." : `Open: ${chosen.open}`}
            {chosen.everywhere ? "" : " – not for all pairs"} ({count(chosen.openPairs)} of {count(chosen.pairs)} pairs)
          </p>
        </section>
      )}
      <Ask place={place} />
    </div>
  );
}

interface CellProps {
  cell: ReachCell | undefined;
  chosen: ReachCell | null;
  onChoose: (cell: ReachCell) => void;
}

function Cell({ cell, chosen, onChoose }: CellProps): JSX.Element {
  if (cell === undefined) return <td />;
  const sign = cell.state === "closed" ? "–" : cell.state === "all" ? "all" : shorten(cell.open);
  return (
    <td class={"cell " + cell.state}>
      <button
        type="button"
        aria-pressed={chosen === cell}
        title={`${cell.from} → ${cell.to}: ${cell.state === "closed" ? "nothing" : cell.open}`}
        onClick={() => onChoose(cell)}
      >
        {sign}
        {cell.everywhere ? "" : " *"}
      </button>
    </td>
  );
}

function shorten(text: string): string {
  return text.length > 14 ? text.slice(0, 13) + "…" : text;
}

/** Why a connection passes or not, as `ovenet policy why` puts it. */
function Ask({ place }: { place: Place }): JSX.Element {
  const [from, setFrom] = useState(place.search["from"] ?? "");
  const [to, setTo] = useState(place.search["to"] ?? "");
  const [answer, setAnswer] = useState<Connection[] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const ask = () => {
    setAnswer(null);
    setError(null);
    get<{ connections: Connection[] }>("why", { from, to }).then(
      (told) => setAnswer(told.connections),
      (failure: unknown) => {
        if (failure instanceof ApiError) setError(failure);
      },
    );
  };
  return (
    <section aria-label="Why">
      <h2>Would it pass, and why?</h2>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        <label>
          From{" "}
          <input
            value={from}
            size={28}
            placeholder="shop/web-1, vm/shop/db, app=web"
            onInput={(event) => setFrom(event.currentTarget.value)}
          />
        </label>
        <label>
          To{" "}
          <input
            value={to}
            size={28}
            placeholder="shop/db:5432/TCP"
            onInput={(event) => setTo(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={from === "" || to === ""}>
          Ask
        </button>
      </form>
      {error === null ? null : <Failure error={error} />}
      {(answer ?? []).map((connection) => (
        <div key={connection.from + connection.to}>
          <h3>
            {connection.allowed ? "✓" : "✗"} {visible(connection.from)} → {visible(connection.to)}
          </h3>
          <Why connection={connection} />
        </div>
      ))}
    </section>
  );
}
