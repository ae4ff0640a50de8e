package io.ovenet.bpf;

import org.jspecify.annotations.Nullable;

/**
 * A network device as the kernel describes it.
 *
 * @param kind such as {@code veth}; empty for devices without one
 * @param mac null for devices without Ethernet addresses
 * @param up whether it was set up
 * @param running whether it is up and its lower layer (a veth's peer) is too
 * @param lower the device it is tied to: a veth's peer, in that one's namespace; 0 for none
 * @param master the bridge or bond that it belongs to, 0 for none
 */
public record Link(
    int ifindex,
    String name,
    String kind,
    @Nullable MacAddress mac,
    int mtu,
    boolean up,
    boolean running,
    int lower,
    int master) {}
