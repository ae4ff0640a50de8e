package io.ovenet.bpf;

import org.jspecify.annotations.Nullable;

/**
 * One end of a device to be made.
 *
 * @param name at most 15 bytes, no slash or space
 * @param ifindex the index it is to have, 0 for the kernel's choice
 * @param mac null for the kernel's choice
 * @param mtu bytes, 0 for the kind's default
 * @param namespace where it is to be, null for the namespace of the Netlink that makes it
 */
public record LinkSpec(
    String name,
    int ifindex,
    @Nullable MacAddress mac,
    int mtu,
    @Nullable NetworkNamespace namespace) {
  public LinkSpec {
    Links.requireName(name);
    if (ifindex < 0 || mtu < 0) {
      throw new IllegalArgumentException("index and MTU of " + name + " are not negative");
    }
  }

  /** A device of this name, all else as the kernel chooses. */
  public static LinkSpec named(String name) {
    return new LinkSpec(name, 0, null, 0, null);
  }

  public LinkSpec withIfindex(int chosen) {
    return new LinkSpec(name, chosen, mac, mtu, namespace);
  }

  public LinkSpec withMac(MacAddress chosen) {
    return new LinkSpec(name, ifindex, chosen, mtu, namespace);
  }

  public LinkSpec withMtu(int chosen) {
    return new LinkSpec(name, ifindex, mac, chosen, namespace);
  }

  public LinkSpec in(NetworkNamespace chosen) {
    return new LinkSpec(name, ifindex, mac, mtu, chosen);
  }
}
