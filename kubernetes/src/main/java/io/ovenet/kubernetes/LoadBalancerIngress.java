package io.ovenet.kubernetes;

/**
 * An address that a load balancer has given a service.
 *
 * @param proxied whether packets for it have to pass the load balancer itself ({@code ipMode:
 *     Proxy}), also those of the cluster
 */
public record LoadBalancerIngress(String ip, boolean proxied) {}
