package io.ovenet.kubernetes;

import java.util.List;

/**
 * A part of the endpoints of a service.
 *
 * @param service name of the service, of the same namespace; empty if it is no service's
 * @param ipv4 whether the addresses are IPv4; else IPv6
 * @param ports which every endpoint has
 * @param errors what could not be read and was left out, with its field
 */
public record EndpointSliceRecord(
    ObjectKey key,
    String service,
    boolean ipv4,
    List<SlicePort> ports,
    List<SliceEndpoint> endpoints,
    List<String> errors)
    implements KubernetesRecord {
  public EndpointSliceRecord {
    ports = List.copyOf(ports);
    endpoints = List.copyOf(endpoints);
    errors = List.copyOf(errors);
  }
}
