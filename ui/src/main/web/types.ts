/** What the server answers; see Api.java and Live.java. */

export interface End {
  kind: "pod" | "vm" | "entity";
  name: string;
  namespace: string;
  application: string;
  pod: string;
  machine: string;
  address: string;
  port: number;
  identity: number;
}

export interface Flow {
  seq: number;
  id: string;
  /** Milliseconds since 1970, by the node's clock. */
  time: number;
  node: string;
  verdict: string;
  type: string;
  direction: string;
  protocol: string;
  source: End;
  destination: End;
  reply?: boolean;
  reason?: string;
  summary: string;
  policies?: string[];
}

export interface State {
  now: number;
  relay: {
    connected: boolean;
    server: string;
    since: number;
    failure: string;
    lost: number;
    newest: number;
    aheadMillis: number;
    unavailable: string;
    flows: number;
    kept: number;
  };
  cluster: {
    known: boolean;
    failure: string;
    remedy: string;
    number?: number;
    pods?: number;
    policies?: number;
    cluster?: string;
  };
}

export type Level = "namespace" | "application" | "pod";

export interface MapNode {
  id: string;
  label: string;
  namespace: string;
  kind: "pod" | "vm" | "mixed" | "entity";
  pods: number;
  machines: number;
}

export interface MapEdge {
  from: string;
  to: string;
  protocol: string;
  port: number;
  forwarded: number;
  dropped: number;
  audited: number;
  /** Flow records a second, over the last minute. */
  rate: number;
  dropRate: number;
  last: number;
  reason?: string;
  latencyMicros?: number;
}

export interface ServiceMap {
  by: Level;
  /** What was asked for, where the server drew it coarser. */
  wanted?: Level;
  tooMany?: number;
  namespace: string;
  at: number;
  nodes: MapNode[];
  edges: MapEdge[];
  forgotten: number;
  /** Of a time gone by: its end, and what is missing. */
  until?: number;
  notes?: string[];
}

export interface RuleText {
  policy: string;
  path: string;
  yaml: string;
  first: number;
  last: number;
}

export interface Side {
  direction: "egress" | "ingress";
  subject: string;
  allowed: boolean;
  verdict: string;
  details: string[];
  texts: RuleText[];
  proposalYaml?: string;
  opens?: string;
}

export interface Connection {
  from: string;
  to: string;
  allowed: boolean;
  sides: Side[];
  unknown?: string;
}

export interface FlowDetail extends Flow {
  sourceLabels: string[];
  destinationLabels: string[];
  decidedBy: { kind: string; namespace: string; name: string; revision: number; labels: string[] }[];
  why?: Connection;
  whyFailure?: string;
}

export interface Finding {
  check: string;
  path: string;
  message: string;
  remedy: string;
}

export interface PolicySummary {
  kind: string;
  namespace: string;
  name: string;
  valid: boolean;
  findings: Finding[];
}

export interface Problem {
  line: number;
  message: string;
  remedy: string;
}

export interface Change {
  from: string;
  to: string;
  opened: string;
  closed: string;
  pairs: number;
}

export interface WhatIf {
  problems: Problem[];
  policies?: number;
  by?: Level;
  changes?: Change[];
  seenPassing?: number;
  broken?: Flow[];
  brokenCount?: number;
  seenDropped?: number;
  mended?: Flow[];
  mendedCount?: number;
  past?: Past;
  pastFailure?: string;
}

/** What a change would have stopped in a time gone by, by the ledger. */
export interface Past {
  since: number;
  until: number;
  /** Kinds of connections: who, to whom, on which port. */
  seen: number;
  unknown: number;
  brokenCount: number;
  /** How often those that would have been stopped were opened. */
  connections: number;
  broken: { from: string; to: string; protocol: string; port: number; connections: number; last: number }[];
  notes: string[];
}

export interface ReachCell {
  from: string;
  to: string;
  open: string;
  state: "closed" | "some" | "all";
  everywhere: boolean;
  openPairs: number;
  pairs: number;
}

export interface Reach {
  by: Level;
  groups: string[];
  cells: ReachCell[];
}

export interface ClusterNode {
  name: string;
  state: string;
  version?: string;
  address?: string;
  addresses?: string[];
  podCidrs?: string[];
  uptimeSeconds?: number;
  flows?: number;
  maxFlows?: number;
  seenFlows?: number;
  pods: number;
  machines: number;
}

export interface Workload {
  id: string;
  namespace: string;
  name: string;
  pod: string;
  kind: "pod" | "vm";
  application: string;
  address: string;
  rate: number;
  dropRate: number;
  forwarded: number;
  dropped: number;
}

export interface Trace {
  outcome: "passes" | "stopped" | "unknown";
  hops: { where: string; what: string }[];
  notes: string[];
}

export interface Service {
  namespace: string;
  name: string;
  type: string;
  clusterAddress: string;
  outside: string[];
  ports: string[];
  backends: { addresses: string[]; ready: boolean; node: string; target: string }[];
  announcedBy: string;
}
