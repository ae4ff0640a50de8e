package io.ovenet.agent;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * A port of the node that leads to a pod of it.
 *
 * @param address of the node, at which it is; null: at all
 * @param protocol IANA's number
 * @param pod address of the pod
 */
record HostPort(
    @Nullable InetAddress address,
    int port,
    int protocol,
    InetAddress pod,
    int podPort,
    String uid) {}
