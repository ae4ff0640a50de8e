package io.ovenet.kubernetes;

/**
 * An address of a node.
 *
 * @param type InternalIP, ExternalIP, Hostname or CiliumInternalIP
 * @param address as the API has it, not checked
 */
public record NodeAddress(String type, String address) {}
