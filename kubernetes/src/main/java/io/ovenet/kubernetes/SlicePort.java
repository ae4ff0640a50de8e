package io.ovenet.kubernetes;

/**
 * A port of all endpoints of a slice.
 *
 * @param name of the service's port; empty where that has none
 * @param protocol TCP, UDP or SCTP
 * @param port 1 to 65535
 */
public record SlicePort(String name, String protocol, int port) {}
