package io.ovenet.datapath;

import io.ovenet.bpf.MacAddress;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.EnumSet;
import java.util.Set;

/**
 * {@code struct endpoint}: what the packet path knows of an endpoint of this node. 128 bytes, host
 * order:
 *
 * <pre>
 *   0        8         12         16       20      24           26        28    34            40
 *   | revision | ifindex | identity | policy | flags | generation | network | mac | gateway MAC | IPv4 (16)
 *   56         72        76      80
 *   | IPv6 (16) | variant | moves | reserved (48)
 * </pre>
 *
 * @param revision what was decided before this revision no longer holds for the endpoint
 * @param ifindex of the host's side of its veth: {@link Endpoint#ifindexOf} of its id
 * @param policy number in policy_map; 0: not in place yet, nothing passes
 * @param generation 16 bits; differs from that of whoever had the id before
 * @param network 0: the pod network
 * @param address6 {@code ::} if it has none
 * @param variant what stands in class_map for the identity; 0: the identity itself
 */
public record Endpoint(
    long revision,
    int ifindex,
    int identity,
    int policy,
    Set<Flag> flags,
    int generation,
    int network,
    MacAddress mac,
    MacAddress gatewayMac,
    InetAddress address4,
    InetAddress address6,
    int variant) {

  /** {@code enum endpoint_flags}. */
  public enum Flag {
    PRESENT(1),
    ENFORCE_INGRESS(2),
    ENFORCE_EGRESS(4);

    final int bit;

    Flag(int bit) {
      this.bit = bit;
    }

    static int bits(Set<Flag> flags) {
      int bits = 0;
      for (Flag flag : flags) {
        bits |= flag.bit;
      }
      return bits;
    }

    static Set<Flag> of(int bits) {
      var flags = EnumSet.noneOf(Flag.class);
      for (Flag flag : values()) {
        if ((bits & flag.bit) != 0) {
          flags.add(flag);
        }
      }
      return flags;
    }
  }

  /** Ids are from 1 to one less than this. */
  public static final int MAX_ENDPOINTS = 4096;

  /** The host's side of endpoint N's veth has interface index IFINDEX_BASE + N. */
  public static final int IFINDEX_BASE = 0x100000;

  static final int SIZE = 128;
  static final int REVISION = 0;
  static final int IFINDEX = 8;
  static final int IDENTITY = 12;
  static final int POLICY = 16;
  static final int FLAGS = 20;
  static final int GENERATION = 24;
  static final int NETWORK = 26;
  static final int MAC = 28;
  static final int GATEWAY_MAC = 34;
  static final int ADDRESS4 = 40;
  static final int ADDRESS6 = 56;
  static final int VARIANT = 72;
  static final int MOVES = 76;

  public static final Codec<Endpoint> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return SIZE;
        }

        @Override
        public void write(Endpoint value, MemorySegment to, long offset) {
          to.asSlice(offset, SIZE).fill((byte) 0);
          value.writeAllButFlags(to, offset);
          to.set(Bytes.U32, offset + FLAGS, Flag.bits(value.flags));
        }

        @Override
        public Endpoint read(MemorySegment from, long offset) {
          return new Endpoint(
              from.get(Bytes.U64, offset + REVISION),
              from.get(Bytes.U32, offset + IFINDEX),
              from.get(Bytes.U32, offset + IDENTITY),
              from.get(Bytes.U32, offset + POLICY),
              Flag.of(from.get(Bytes.U32, offset + FLAGS)),
              Bytes.u16(from, offset + GENERATION),
              Bytes.u16(from, offset + NETWORK),
              Bytes.mac(from, offset + MAC),
              Bytes.mac(from, offset + GATEWAY_MAC),
              Bytes.address(from, offset + ADDRESS4),
              Bytes.address(from, offset + ADDRESS6),
              from.get(Bytes.U32, offset + VARIANT));
        }
      };

  public Endpoint {
    flags = Set.copyOf(flags);
  }

  /** Without a variant. */
  public Endpoint(
      long revision,
      int ifindex,
      int identity,
      int policy,
      Set<Flag> flags,
      int generation,
      int network,
      MacAddress mac,
      MacAddress gatewayMac,
      InetAddress address4,
      InetAddress address6) {
    this(
        revision,
        ifindex,
        identity,
        policy,
        flags,
        generation,
        network,
        mac,
        gatewayMac,
        address4,
        address6,
        0);
  }

  /** The interface index that the host's side of the endpoint's veth has to have. */
  public static int ifindexOf(int id) {
    requireId(id);
    return IFINDEX_BASE + id;
  }

  static void requireId(int id) {
    if (id < 1 || id >= MAX_ENDPOINTS) {
      throw new IllegalArgumentException(
          "endpoint id " + id + " is not from 1 to " + (MAX_ENDPOINTS - 1));
    }
  }

  void writeAllButFlags(MemorySegment to, long offset) {
    to.set(Bytes.U64, offset + REVISION, revision);
    to.set(Bytes.U32, offset + IFINDEX, ifindex);
    to.set(Bytes.U32, offset + IDENTITY, identity);
    to.set(Bytes.U32, offset + POLICY, policy);
    to.set(Bytes.U16, offset + GENERATION, (short) generation);
    to.set(Bytes.U16, offset + NETWORK, (short) network);
    Bytes.putMac(to, offset + MAC, mac);
    Bytes.putMac(to, offset + GATEWAY_MAC, gatewayMac);
    Bytes.putAddress(to, offset + ADDRESS4, address4);
    Bytes.putAddress(to, offset + ADDRESS6, address6);
    to.set(Bytes.U32, offset + VARIANT, variant);
  }
}
