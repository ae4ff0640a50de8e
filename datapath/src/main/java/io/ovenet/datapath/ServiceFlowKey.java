package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct service_flow_key}: a connection through a service, as its client sends it. 40
 * bytes:
 *
 * <pre>
 *   0        16         32                 34                   36         37             38
 *   | client | frontend | client port (be) | frontend port (be) | protocol | reserved (1) | network
 * </pre>
 */
public record ServiceFlowKey(
    InetAddress client,
    InetAddress frontend,
    int clientPort,
    int frontendPort,
    int protocol,
    int network) {
  public static final Codec<ServiceFlowKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 40;
        }

        @Override
        public void write(ServiceFlowKey value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.client);
          Bytes.putAddress(to, offset + 16, value.frontend);
          to.set(Bytes.U16_BE, offset + 32, (short) value.clientPort);
          to.set(Bytes.U16_BE, offset + 34, (short) value.frontendPort);
          to.set(Bytes.U8, offset + 36, (byte) value.protocol);
          to.set(Bytes.U8, offset + 37, (byte) 0);
          to.set(Bytes.U16, offset + 38, (short) value.network);
        }

        @Override
        public ServiceFlowKey read(MemorySegment from, long offset) {
          return new ServiceFlowKey(
              Bytes.address(from, offset),
              Bytes.address(from, offset + 16),
              Bytes.u16Be(from, offset + 32),
              Bytes.u16Be(from, offset + 34),
              Bytes.u8(from, offset + 36),
              Bytes.u16(from, offset + 38));
        }
      };
}
