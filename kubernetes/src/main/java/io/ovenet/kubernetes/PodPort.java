package io.ovenet.kubernetes;

/**
 * A port that a container of a pod says it serves.
 *
 * @param name empty if it has none
 * @param port 1 to 65535
 * @param protocol upper case, TCP where the pod says nothing
 * @param hostPort port of the node that leads to it; 0: none
 * @param hostIp address of the node at which that is; empty: at all
 */
public record PodPort(String name, int port, String protocol, int hostPort, String hostIp) {}
