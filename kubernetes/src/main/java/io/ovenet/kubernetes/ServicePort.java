package io.ovenet.kubernetes;

/**
 * A port of a service.
 *
 * @param protocol TCP, UDP or SCTP
 */
public record ServicePort(String name, String protocol, int port) {}
