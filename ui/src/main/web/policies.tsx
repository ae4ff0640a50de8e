import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, get, post } from "./api";
import { Drawing } from "./drawing";
import { FlowTable } from "./flows";
import { changed } from "./graph";
import { PastEffect } from "./past";
import { type Place } from "./router";
import { Failure, Nothing } from "./states";
import { count, visible } from "./text";
import type { PolicySummary, WhatIf } from "./types";

/** A keystroke is answered once nobody typed for so long. */
const PAUSE_MILLIS = 250;

const EXAMPLE = `# Paste or write policies here: nothing is applied.
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: example
  namespace: default
spec:
  endpointSelector: {}
  ingress:
  - fromEndpoints:
    - {}
`;

/** Policies, what lint finds in them, and what a change would open and close. */
export function PoliciesView({ place }: { place: Place }): JSX.Element {
  const [policies, setPolicies] = useState<PolicySummary[] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [yaml, setYaml] = useState(place.search["yaml"] ?? EXAMPLE);
  const [by, setBy] = useState("application");
  const [hours, setHours] = useState(1);
  const [deleted, setDeleted] = useState("");
  const [answer, setAnswer] = useState<WhatIf | null>(null);
  const [asking, setAsking] = useState(false);
  const fail = (failure: unknown) => {
    if (failure instanceof ApiError) setError(failure);
  };
  useEffect(() => {
    get<{ policies: PolicySummary[] }>("policies").then((told) => setPolicies(told.policies), fail);
  }, []);
  useEffect(() => {
    const aborted = new AbortController();
    setAsking(true);
    const timer = setTimeout(() => {
      post<WhatIf>("what-if", { yaml, by, hours, deleted: deleted === "" ? [] : [deleted] }, aborted.signal).then(
        (told) => {
          setAnswer(told);
          setAsking(false);
          setError(null);
        },
        fail,
      );
    }, PAUSE_MILLIS);
    return () => {
      clearTimeout(timer);
      aborted.abort();
    };
  }, [yaml, by, hours, deleted]);
  const open = (policy: PolicySummary) =>
    get<{ yaml: string }>("policy", { kind: policy.kind, namespace: policy.namespace, name: policy.name }).then(
      (told) => {
        setDeleted("");
        setYaml(told.yaml);
      },
      fail,
    );
  return (
    <div class="view policies">
      <h1>Policies</h1>
      {error === null ? null : <Failure error={error} />}
      <div class="columns">
        <section class="policy-list" aria-label="Policies in the cluster">
          <h2>
            In the cluster <small>{policies === null ? "" : count(policies.length)}</small>
          </h2>
          {policies !== null && policies.length === 0 ? (
            <Nothing what="No policies." remedy="Everything may talk to everything. Try one at the right." />
          ) : (
            <ul>
              {(policies ?? []).map((policy) => (
                <PolicyItem
                  key={policy.kind + policy.namespace + policy.name}
                  policy={policy}
                  onOpen={() => void open(policy)}
                  onDelete={() => {
                    setYaml("");
                    setDeleted(keyOf(policy));
                  }}
                />
              ))}
            </ul>
          )}
        </section>
        <section class="editor" aria-label="What if">
          <h2>What if</h2>
          {deleted === "" ? null : (
            <p class="notice">
              Without <strong>{visible(deleted)}</strong>.{" "}
              <button type="button" onClick={() => setDeleted("")}>
                Keep it
              </button>
            </p>
          )}
          <label for="yaml">Policies as they would be applied (YAML)</label>
          <textarea
            id="yaml"
            spellcheck={false}
            value={yaml}
            rows={22}
            aria-describedby="problems"
            aria-invalid={(answer?.problems.length ?? 0) > 0}
            onInput={(event) => setYaml(event.currentTarget.value)}
          />
          <div id="problems" role="status" aria-live="polite">
            {(answer?.problems ?? []).map((problem) => (
              <p key={problem.message} class="notice error">
                <strong>Line {problem.line}:</strong> {visible(problem.message)} {visible(problem.remedy)}
              </p>
            ))}
          </div>
        </section>
        <section class="effect" aria-label="What it would change" aria-busy={asking}>
          <h2>
            It would change{" "}
            <label class="inline">
              by{" "}
              <select value={by} onChange={(event) => setBy(event.currentTarget.value)}>
                <option value="namespace">namespace</option>
                <option value="application">application</option>
                <option value="pod">pod or VM</option>
              </select>
            </label>{" "}
            <label class="inline">
              looking back{" "}
              <select value={hours} onChange={(event) => setHours(Number(event.currentTarget.value))}>
                <option value="1">1 hour</option>
                <option value="6">6 hours</option>
                <option value="24">24 hours</option>
              </select>
            </label>
          </h2>
          <Effect answer={answer} />
        </section>
      </div>
    </div>
  );
}

function keyOf(policy: PolicySummary): string {
  return policy.namespace === ""
    ? `${policy.kind} ${policy.name}`
    : `${policy.kind} ${policy.namespace}/${policy.name}`;
}

interface ItemProps {
  policy: PolicySummary;
  onOpen: () => void;
  onDelete: () => void;
}

function PolicyItem({ policy, onOpen, onDelete }: ItemProps): JSX.Element {
  return (
    <li>
      <button type="button" class="pick" onClick={onOpen}>
        {visible(policy.namespace === "" ? policy.name : `${policy.namespace}/${policy.name}`)}
      </button>{" "}
      <small>{policy.kind}</small> {policy.valid ? null : <strong class="bad">✗ not valid</strong>}{" "}
      <button type="button" class="plain" onClick={onDelete}>
        What if it were deleted
      </button>
      {policy.findings.length === 0 ? null : (
        <ul class="findings">
          {policy.findings.map((finding) => (
            <li key={finding.check + finding.path + finding.message}>
              <strong>{finding.check}</strong> <code>{visible(finding.path)}</code>: {visible(finding.message)}.{" "}
              {visible(finding.remedy)}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function Effect({ answer }: { answer: WhatIf | null }): JSX.Element {
  const changes = answer?.changes;
  const drawn = useMemo(() => (changes === undefined ? [] : changed(changes)), [changes]);
  if (answer === null) return <p>Asking…</p>;
  if (answer.problems.length > 0) return <p>Not before it is valid: see below the text.</p>;
  if (changes === undefined) return <p>Nothing is asked: write a policy, or choose one to go without.</p>;
  return (
    <>
      {changes.length === 0 ? (
        <p class="ok">✓ Nothing would open or close.</p>
      ) : (
        <>
          <Drawing elements={drawn} label={`${changes.length} pairs would change; the table below says the same`} />
          <div class="scroll" tabIndex={0} role="region" aria-label="Changes">
            <table>
              <thead>
                <tr>
                  <th scope="col">From</th>
                  <th scope="col">To</th>
                  <th scope="col">Opens</th>
                  <th scope="col">Closes</th>
                  <th scope="col">Pairs</th>
                </tr>
              </thead>
              <tbody>
                {changes.slice(0, 500).map((change) => (
                  <tr key={change.from + "\n" + change.to}>
                    <td>{visible(change.from)}</td>
                    <td>{visible(change.to)}</td>
                    <td class="ok">{change.opened === "" ? "" : "+ " + change.opened}</td>
                    <td class="bad">{change.closed === "" ? "" : "− " + change.closed}</td>
                    <td>{count(change.pairs)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {changes.length > 500 ? (
            <p>The first 500 of {count(changes.length)}: group by namespace to see all.</p>
          ) : null}
        </>
      )}
      <p class={answer.brokenCount ? "notice error" : "notice"}>
        <strong>
          {count(answer.brokenCount ?? 0)} of the {count(answer.seenPassing ?? 0)} connections that were seen passing
        </strong>{" "}
        would be stopped; {count(answer.mendedCount ?? 0)} of the {count(answer.seenDropped ?? 0)} that were dropped
        would pass.
      </p>
      {answer.broken && answer.broken.length > 0 ? <FlowTable flows={answer.broken} brief /> : null}
      {answer.past === undefined ? null : <PastEffect past={answer.past} />}
      {answer.pastFailure === undefined ? null : (
        <p class="notice warning">
          <strong>What it would have stopped in the last hours isn't known ({visible(answer.pastFailure)}).</strong> The
          ledger is the relay's: is it up, and does --server name it?
        </p>
      )}
    </>
  );
}
