import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, get } from "./api";
import { EndName, tone, verdict } from "./flows";
import { Link } from "./router";
import { Failure, Nothing } from "./states";
import { port, visible } from "./text";
import type { Connection, FlowDetail, RuleText, Side } from "./types";

/** One flow: both identities, the rule, why, and what would allow it. */
export function FlowView({ id }: { id: string }): JSX.Element {
  const [flow, setFlow] = useState<FlowDetail | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    setFlow(null);
    setError(null);
    get<FlowDetail>("flow", { id }).then(setFlow, (failure: unknown) => {
      if (failure instanceof ApiError) setError(failure);
    });
  }, [id]);
  if (error !== null)
    return (
      <div class="view">
        <h1>Flow</h1>
        <Failure error={error} />
        <Link path="/flows">All flows</Link>
      </div>
    );
  if (flow === null)
    return (
      <div class="view">
        <h1>Flow</h1>
        <p>Reading…</p>
      </div>
    );
  return (
    <div class="view flow">
      <h1>
        <span class={"badge " + tone(flow.verdict)}>{verdict(flow.verdict)}</span> {visible(flow.source.name)} →{" "}
        {visible(flow.destination.name)} {port(flow.protocol, flow.destination.port)}
      </h1>
      <dl class="facts">
        <dt>Time</dt>
        <dd>{new Date(flow.time).toISOString()}</dd>
        <dt>Node</dt>
        <dd>{visible(flow.node)}</dd>
        <dt>Seen as</dt>
        <dd>
          {visible(flow.type)}
          {flow.reply === undefined ? "" : flow.reply ? ", an answer" : ", a request"}
        </dd>
        <dt>Direction</dt>
        <dd>{flow.direction.toLowerCase().replaceAll("_", " ")}</dd>
        {flow.reason ? (
          <>
            <dt>Reason</dt>
            <dd>{visible(flow.reason)}</dd>
          </>
        ) : null}
        <dt>Summary</dt>
        <dd>{visible(flow.summary) || "–"}</dd>
        <dt>Decided by</dt>
        <dd>
          {flow.decidedBy.length === 0
            ? "no policy"
            : flow.decidedBy.map((policy) => (
                <div key={policy.kind + policy.namespace + policy.name}>
                  {visible(policy.kind)}{" "}
                  {visible(policy.namespace === "" ? policy.name : `${policy.namespace}/${policy.name}`)}{" "}
                  <small>revision {policy.revision}, as the kernel wrote it</small>
                </div>
              ))}
        </dd>
      </dl>
      <div class="ends">
        <section aria-label="Source">
          <h2>Source</h2>
          <EndFacts flow={flow} source />
        </section>
        <section aria-label="Destination">
          <h2>Destination</h2>
          <EndFacts flow={flow} source={false} />
        </section>
      </div>
      <TraceLink flow={flow} />
      <h2>
        Why{" "}
        <small>
          by the policies of now; the kernel's own record of the rule is above under <em>Decided by</em>
        </small>
      </h2>
      {flow.why && flow.why.unknown === undefined ? (
        <Why connection={flow.why} />
      ) : (
        <Nothing
          what="It can't be explained here."
          remedy={flow.why?.unknown ?? `${flow.whyFailure ?? ""} The cluster has to be readable for this.`}
        />
      )}
    </div>
  );
}

/** To send such a packet again; of an answer the question that it answers. */
function TraceLink({ flow }: { flow: FlowDetail }): JSX.Element | null {
  const [from, to] = flow.reply ? [flow.destination, flow.source] : [flow.source, flow.destination];
  if (from.pod === "" || to.address === "" || to.port === 0 || !["TCP", "UDP", "SCTP"].includes(flow.protocol))
    return null;
  const whom = to.pod === "" ? to.address : `pod/${to.namespace}/${to.pod}`;
  return (
    <p>
      <Link path="/trace" search={{ from: `${from.namespace}/${from.pod}`, to: `${whom}:${to.port}/${flow.protocol}` }}>
        Trace a packet on this way
      </Link>
    </p>
  );
}

function EndFacts({ flow, source }: { flow: FlowDetail; source: boolean }): JSX.Element {
  const end = source ? flow.source : flow.destination;
  const labels = source ? flow.sourceLabels : flow.destinationLabels;
  return (
    <>
      <p>
        <EndName end={end} />
      </p>
      <dl class="facts">
        <dt>Address</dt>
        <dd>
          {visible(end.address)}
          {end.port > 0 ? `:${end.port}` : ""}
        </dd>
        <dt>Identity</dt>
        <dd>{end.identity}</dd>
        {end.pod === "" ? null : (
          <>
            <dt>Pod</dt>
            <dd>
              {visible(end.namespace)}/{visible(end.pod)}
            </dd>
          </>
        )}
        <dt>Labels</dt>
        <dd>
          <ul class="labels">
            {labels.map((label) => (
              <li key={label}>{visible(label)}</li>
            ))}
          </ul>
        </dd>
      </dl>
      <Link path="/flows" search={source ? { from: end.pod || end.address } : { to: end.pod || end.address }}>
        {source ? "Flows from it" : "Flows to it"}
      </Link>
    </>
  );
}

export function Why({ connection }: { connection: Connection }): JSX.Element {
  return (
    <div class="why">
      {connection.sides.map((side) => (
        <SideView key={side.direction} side={side} />
      ))}
    </div>
  );
}

function SideView({ side }: { side: Side }): JSX.Element {
  return (
    <section class={"side-view " + (side.allowed ? "ok" : "bad")}>
      <h3>
        {side.allowed ? "✓" : "✗"} {side.direction === "egress" ? "Egress of" : "Ingress of"} {visible(side.subject)}:{" "}
        {side.verdict}
      </h3>
      <ul>
        {side.details.map((line) => (
          <li key={line}>{visible(line)}</li>
        ))}
      </ul>
      {side.texts.map((text) => (
        <Marked key={text.policy + text.path} text={text} />
      ))}
      {side.proposalYaml === undefined ? null : (
        <>
          <h4>This would let it pass; it opens {side.opens}:</h4>
          <Copied text={side.proposalYaml} />
          <p>
            <Link path="/policies" search={{ yaml: side.proposalYaml }}>
              See what it would change
            </Link>
          </p>
        </>
      )}
    </section>
  );
}

/** A policy's text with the lines of one field marked. */
export function Marked({ text }: { text: RuleText }): JSX.Element {
  return (
    <details open={text.last - text.first < 60}>
      <summary>
        {visible(text.policy)}, {visible(text.path)}: lines {text.first}–{text.last}
      </summary>
      <pre class="yaml" tabIndex={0} aria-label={`${text.policy}, lines ${text.first} to ${text.last} marked`}>
        {text.yaml
          .trimEnd()
          .split("\n")
          .map((line, index) => (
            <span
              key={index}
              class={index + 1 >= text.first && index + 1 <= text.last ? "line marked" : "line"}
              data-line={index + 1}
            >
              {line + "\n"}
            </span>
          ))}
      </pre>
    </details>
  );
}

/** Text with a button that copies it. */
export function Copied({ text }: { text: string }): JSX.Element {
  const [said, say] = useState("Copy");
  return (
    <div class="copied">
      <button
        type="button"
        onClick={() =>
          navigator.clipboard.writeText(text).then(
            () => say("Copied"),
            () => say("Select it and copy"),
          )
        }
      >
        {said}
      </button>
      <pre class="yaml" tabIndex={0} aria-label="Policy, ready to apply">
        {text}
      </pre>
    </div>
  );
}
