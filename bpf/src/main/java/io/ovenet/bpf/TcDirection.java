package io.ovenet.bpf;

/** Which packets of a device a tc program sees: those it receives, or those it sends. */
public enum TcDirection {
  INGRESS,
  EGRESS
}
