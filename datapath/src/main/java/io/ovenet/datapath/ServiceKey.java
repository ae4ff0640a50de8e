package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.List;

/**
 * {@code struct service_key}: a frontend, as it is called. 24 bytes:
 *
 * <pre>
 *   0              16          18         19      20        22
 *   | address (16) | port (be) | protocol | scope | network | reserved (2)
 * </pre>
 *
 * @param protocol IANA's number
 * @param scope {@link #CLUSTER}, or {@link #OUTSIDE} where what comes from there goes elsewhere, or
 *     {@link #UNREDIRECTED}, or {@link #OTHER_NODES} with {@link #ANY_ADDRESS}
 * @param network 0: the pod network
 */
public record ServiceKey(InetAddress address, int port, int protocol, int scope, int network) {
  /** As pods and nodes see it, and the outside where it has no entry of its own. */
  public static final int CLUSTER = 0;

  public static final int OUTSIDE = 1;

  /** Of a service with a local redirect: as the pods see it that answer for the redirect. */
  public static final int UNREDIRECTED = 2;

  /** As pods and nodes see it at any address that another node has. */
  public static final int OTHER_NODES = 3;

  /** The address of what is at many. */
  public static final InetAddress ANY_ADDRESS = InetAddress.ofLiteral("0.0.0.0");

  /** All scopes. */
  public static final List<Integer> SCOPES = List.of(CLUSTER, OUTSIDE, UNREDIRECTED, OTHER_NODES);

  public static final Codec<ServiceKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 24;
        }

        @Override
        public void write(ServiceKey value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.address);
          to.set(Bytes.U64, offset + 16, 0);
          to.set(Bytes.U16_BE, offset + 16, (short) value.port);
          to.set(Bytes.U8, offset + 18, (byte) value.protocol);
          to.set(Bytes.U8, offset + 19, (byte) value.scope);
          to.set(Bytes.U16, offset + 20, (short) value.network);
        }

        @Override
        public ServiceKey read(MemorySegment from, long offset) {
          return new ServiceKey(
              Bytes.address(from, offset),
              Bytes.u16Be(from, offset + 16),
              Bytes.u8(from, offset + 18),
              Bytes.u8(from, offset + 19),
              Bytes.u16(from, offset + 20));
        }
      };

  /** The same in another scope. */
  public ServiceKey in(int other) {
    return new ServiceKey(address, port, protocol, other, network);
  }

  /** In the pod network, as pods and nodes see it. */
  public ServiceKey(InetAddress address, int port, int protocol) {
    this(address, port, protocol, CLUSTER, 0);
  }
}
