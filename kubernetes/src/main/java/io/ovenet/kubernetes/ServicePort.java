package io.ovenet.kubernetes;

/**
 * A port of a service.
 *
 * @param protocol TCP, UDP or SCTP
 * @param targetPort number or name at the pods; empty: the same as {@code port}
 * @param nodePort on every node; 0: none
 * @param appProtocol empty if not said
 */
public record ServicePort(
    String name, String protocol, int port, String targetPort, int nodePort, String appProtocol) {}
