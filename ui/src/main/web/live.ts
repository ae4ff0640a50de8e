import { useEffect, useRef, useState } from "preact/hooks";
import type { Parameters } from "./api";
import { query } from "./api";
import type { Flow, ServiceMap, State } from "./types";

export interface Handlers {
  flows?: (flows: Flow[], skipped: number) => void;
  map?: (map: ServiceMap) => void;
}

export interface Liveness {
  state: State | null;
  /** Browser time of the last word of the server, null before the first. */
  heard: number | null;
  /** The server doesn't answer. */
  away: boolean;
}

/** Follows the server while the component stands; the browser itself connects again. */
export function useLive(parameters: Parameters, handlers: Handlers): Liveness {
  const [liveness, set] = useState<Liveness>({ state: null, heard: null, away: false });
  const latest = useRef(handlers);
  latest.current = handlers;
  const search = query(parameters);
  useEffect(() => {
    const source = new EventSource("/api/live" + search);
    source.addEventListener("state", (event) =>
      set({ state: JSON.parse(event.data) as State, heard: Date.now(), away: false }),
    );
    source.addEventListener("flows", (event) => {
      const { flows, skipped } = JSON.parse(event.data) as { flows: Flow[]; skipped: number };
      latest.current.flows?.(flows, skipped);
    });
    source.addEventListener("map", (event) => latest.current.map?.(JSON.parse(event.data) as ServiceMap));
    let retry: ReturnType<typeof setTimeout> | undefined;
    source.addEventListener("error", () => {
      set((before) => ({ ...before, away: true }));
      // A refusal (not signed in any more, say) ends it for good: what is the matter shows anew.
      if (source.readyState === EventSource.CLOSED)
        retry = setTimeout(() => dispatchEvent(new Event("ovenet-refused")), 1000);
    });
    return () => {
      source.close();
      clearTimeout(retry);
    };
  }, [search]);
  return liveness;
}
