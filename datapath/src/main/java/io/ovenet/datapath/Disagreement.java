package io.ovenet.datapath;

/**
 * {@code enum disagreement}: in what the header of a packet from another node contradicts what this
 * node knows.
 */
public enum Disagreement {
  /** The outer source is no node of the cluster. */
  SENDER(0),
  /** The inner source is a pod here or behind another node. */
  POD(1),
  /** The inner source is a node, and not the one that sent it. */
  NODE(2),
  /** An identity that no node sends for a pod. */
  HEADER(3),
  /** Another identity than this node knows of the pod: its own node is believed. */
  IDENTITY(4);

  private final int number;

  Disagreement(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }
}
