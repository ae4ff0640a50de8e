import { describe, expect, it } from "vitest";
import { notices } from "../../main/web/states";
import type { Liveness } from "../../main/web/live";
import type { State } from "../../main/web/types";

const NOW = 1_800_000_000_000;

function state(): State {
  return {
    now: NOW,
    relay: {
      connected: true,
      server: "unix:///r.sock",
      since: NOW,
      failure: "",
      lost: 0,
      newest: NOW,
      aheadMillis: 0,
      unavailable: "",
      flows: 1,
      kept: 1,
    },
    cluster: { known: true, failure: "", remedy: "" },
  };
}

function told(change: (s: State) => void, extra: Partial<Liveness> = {}): string[] {
  const s = state();
  change(s);
  return notices({ state: s, heard: NOW, away: false, ...extra }).map((n) => `${n.what} ${n.remedy}`);
}

describe("each state says what to do", () => {
  it("says nothing where all is well", () => {
    expect(told(() => {})).toEqual([]);
  });

  it("tells that the page's server is away, and of nothing that only it knew", () => {
    const said = told((s) => (s.relay.connected = false), { away: true });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("`ovenet ui`");
  });

  it("tells that the relay is away, why, and where to look", () => {
    const [said] = told((s) => {
      s.relay.connected = false;
      s.relay.failure = "UNAVAILABLE: io exception";
    });
    expect(said).toContain("UNAVAILABLE: io exception");
    expect(said).toContain("ovenet lab status");
  });

  it("names nodes that the relay doesn't reach", () => {
    expect(told((s) => (s.relay.unavailable = "node-2"))[0]).toContain("node-2");
  });

  it("tells that a token has expired with the remedy of the server", () => {
    const [said] = told((s) => {
      s.cluster.failure = "GET /api/v1/pods: 401";
      s.cluster.remedy = "its token has expired or is none: get a new one";
    });
    expect(said).toContain("get a new one");
  });

  it("tells of clocks that are apart, the browser's and a node's", () => {
    expect(told(() => {}, { heard: NOW - 60_000 })[0]).toContain("60 s apart");
    expect(told((s) => (s.relay.aheadMillis = 90_000))[0]).toContain("90 s ahead");
    expect(told(() => {}, { heard: NOW - 2_000 })).toEqual([]);
  });
});
