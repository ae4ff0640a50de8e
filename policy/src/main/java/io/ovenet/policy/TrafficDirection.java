package io.ovenet.policy;

/** Seen from the endpoint whose policy decides: into it or out of it. */
public enum TrafficDirection {
  INGRESS,
  EGRESS
}
