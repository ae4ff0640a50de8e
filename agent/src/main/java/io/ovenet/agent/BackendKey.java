package io.ovenet.agent;

import io.ovenet.datapath.Backend;
import java.net.InetAddress;

/**
 * What makes a backend the same one: where it is, and who is there.
 *
 * @param protocol IANA's number
 * @param generation 16 bits of a hash of the uid of the pod that is there, so that another pod at
 *     the same address is another backend
 */
record BackendKey(InetAddress address, int port, int protocol, int generation)
    implements Comparable<BackendKey> {
  static BackendKey of(InetAddress address, int port, int protocol, String uid) {
    int hash = uid.hashCode();
    return new BackendKey(address, port, protocol, (hash ^ hash >>> 16) & 0xffff);
  }

  static BackendKey of(Backend backend) {
    return new BackendKey(
        backend.address(), backend.port(), backend.protocol(), backend.generation());
  }

  /** By address and port: the same order on every node. */
  @Override
  public int compareTo(BackendKey other) {
    int order = java.util.Arrays.compareUnsigned(address.getAddress(), other.address.getAddress());
    if (order == 0) {
      order = Integer.compare(port, other.port);
    }
    if (order == 0) {
      order = Integer.compare(protocol, other.protocol);
    }
    return order == 0 ? Integer.compare(generation, other.generation) : order;
  }
}
