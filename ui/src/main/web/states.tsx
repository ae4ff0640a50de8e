import type { JSX } from "preact";
import type { Liveness } from "./live";
import { clock, span, visible } from "./text";

/** Clocks further apart than this make times misleading. */
const APART = 5_000;

export interface Notice {
  severity: "error" | "warning";
  what: string;
  remedy: string;
}

/** What is the matter, the worst first, each with what to do. */
export function notices({ state, heard, away }: Liveness): Notice[] {
  const found: Notice[] = [];
  if (away) {
    found.push({
      severity: "error",
      what: heard === null ? "The page's server doesn't answer." : `The page's server is away since ${clock(heard)}.`,
      remedy: "Is `ovenet ui` still running? What stands here is what was known; it goes on by itself.",
    });
  }
  if (state === null) return found;
  const { relay, cluster } = state;
  if (!relay.connected && !away) {
    found.push({
      severity: "error",
      what: `No flows since ${clock(relay.since)}: the Hubble server at ${visible(relay.server)} is away${
        relay.failure === "" ? "" : ` (${visible(relay.failure)})`
      }.`,
      remedy: "Look at the relay: `ovenet lab status`, or `kubectl -n kube-system logs deploy/hubble-relay`.",
    });
  }
  if (relay.unavailable !== "") {
    found.push({
      severity: "warning",
      what: `Flows are missing of ${visible(relay.unavailable)}: the relay doesn't reach them.`,
      remedy: "See Nodes, and the log of the agent there.",
    });
  }
  if (cluster.failure !== "") {
    found.push({
      severity: "warning",
      what: `The cluster can't be read: ${visible(cluster.failure)}.`,
      remedy: `${cluster.remedy.charAt(0).toUpperCase()}${cluster.remedy.slice(1)}. Flows go on; policies, pods and reasons are ${cluster.known ? "as last known" : "missing"}.`,
    });
  }
  const apart = heard === null ? 0 : state.now - heard;
  if (Math.abs(apart) > APART || relay.aheadMillis > APART) {
    const which =
      relay.aheadMillis > APART
        ? `A node's clock is ${span(relay.aheadMillis)} ahead of this page's server`
        : `Your clock and the server's are ${span(apart)} apart`;
    found.push({
      severity: "warning",
      what: `${which}: times and order mislead.`,
      remedy: "Set the clocks by NTP (`chronyc tracking` tells).",
    });
  }
  return found;
}

export function Notices({ liveness }: { liveness: Liveness }): JSX.Element {
  const all = notices(liveness);
  return (
    <div class="notices" role="status" aria-live="polite">
      {all.map((notice) => (
        <p key={notice.what} class={"notice " + notice.severity}>
          <strong>{notice.what}</strong> {notice.remedy}
        </p>
      ))}
    </div>
  );
}

/** Instead of a view that has nothing to show. */
export function Nothing({ what, remedy }: { what: string; remedy: string }): JSX.Element {
  return (
    <div class="nothing">
      <p>
        <strong>{what}</strong>
      </p>
      <p>{remedy}</p>
    </div>
  );
}

export function Failure({ error }: { error: { message: string; remedy?: string } }): JSX.Element {
  return (
    <p class="notice error" role="alert">
      <strong>{visible(error.message)}</strong> {error.remedy}
    </p>
  );
}
