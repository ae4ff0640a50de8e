package io.ovenet.kubernetes;

/**
 * A port that a container of a pod has given a name, so that policies may use the name.
 *
 * @param port 1 to 65535
 * @param protocol upper case, TCP where the pod says nothing
 */
public record ContainerPort(String name, int port, String protocol) {}
