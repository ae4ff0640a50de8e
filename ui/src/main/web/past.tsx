import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, get } from "./api";
import { count, port, visible } from "./text";
import type { Past, ServiceMap } from "./types";

/** The ledger's periods: what is shown of a moment is the quarter of an hour around it. */
const PERIOD = 15 * 60_000;
const PERIODS = 96;

/** Begin of the period so many before the running one. */
export function periodBefore(now: number, periods: number): number {
  return now - (now % PERIOD) - periods * PERIOD;
}

/** How many periods before the running one a moment is, within what the ledger holds. */
export function periodsAgo(now: number, at: number): number {
  return Math.min(PERIODS, Math.max(0, (periodBefore(now, 0) - periodBefore(at, 0)) / PERIOD));
}

/** Hours and minutes, in the browser's own zone. */
export function minutes(millis: number): string {
  const date = new Date(millis);
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

interface AxisProps {
  /** Begin of the period that is shown; null: live. */
  at: number | null;
  onChange: (at: number | null) => void;
}

/** Goes back in time, a quarter of an hour a step; at its right end it is now. */
export function TimeAxis({ at, onChange }: AxisProps): JSX.Element {
  const now = Date.now();
  // 0 is live; 1 the running period, of which the ledger knows so far, and so on.
  const back = at === null ? 0 : periodsAgo(now, at) + 1;
  const text = at === null ? "live" : `${minutes(at)}–${minutes(at + PERIOD)}`;
  return (
    <div class="axis">
      <label>
        Time{" "}
        <input
          type="range"
          min={-PERIODS}
          max={0}
          step={1}
          value={-back}
          aria-valuetext={text}
          onChange={(event) => {
            const chosen = -Number(event.currentTarget.value);
            onChange(chosen === 0 ? null : periodBefore(Date.now(), chosen - 1));
          }}
        />
      </label>
      <output>{text}</output>
      {at === null ? null : (
        <button type="button" onClick={() => onChange(null)}>
          Live
        </button>
      )}
    </div>
  );
}

/** The map of a time gone by; nothing while it is live. */
export function usePast(
  at: number | null,
  by: string,
  namespace: string,
): { map: ServiceMap | null; error: ApiError | null } {
  const [map, setMap] = useState<ServiceMap | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    setMap(null);
    setError(null);
    if (at === null) return;
    const aborted = new AbortController();
    get<ServiceMap>("past", { at: String(at), by, namespace }, aborted.signal).then(setMap, (failure: unknown) => {
      if (failure instanceof ApiError) setError(failure);
    });
    return () => aborted.abort();
  }, [at, by, namespace]);
  return { map, error };
}

/** Which connections of the last hours a change would have stopped. */
export function PastEffect({ past }: { past: Past }): JSX.Element {
  return (
    <>
      <p class={past.brokenCount > 0 ? "notice error" : "notice"}>
        <strong>
          {minutes(past.since)} until now: {count(past.brokenCount)} of {count(past.seen)} kinds of connections
        </strong>{" "}
        would have been stopped ({count(past.connections)} connections).
        {past.unknown > 0
          ? ` ${count(past.unknown)} can't be told: an address outside decides, or the policies of now stop them already.`
          : ""}
        {past.notes.map((note) => (
          <small key={note}> {visible(note)}.</small>
        ))}
      </p>
      {past.broken.length === 0 ? null : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Connections of the last hours">
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col">To</th>
                <th scope="col">Port</th>
                <th scope="col">Times</th>
                <th scope="col">Last</th>
              </tr>
            </thead>
            <tbody>
              {past.broken.map((row) => (
                <tr key={`${row.from}\n${row.to}\n${row.protocol}\n${row.port}\n${row.last}`}>
                  <td>{visible(row.from)}</td>
                  <td>{visible(row.to)}</td>
                  <td class="port">{port(row.protocol, row.port)}</td>
                  <td>{count(row.connections)}</td>
                  <td>{minutes(row.last)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
