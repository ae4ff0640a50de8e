package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct backend}: who serves. 24 bytes:
 *
 * <pre>
 *   0              16          18         19      20           22
 *   | address (16) | port (be) | protocol | flags | generation | reserved (2)
 * </pre>
 *
 * @param protocol IANA's number
 * @param generation another one when the number comes to mean another backend; 16 bits
 */
public record Backend(InetAddress address, int port, int protocol, int flags, int generation) {
  /**
   * Of {@code flags}: terminating or not ready. It keeps its TCP connections; all else goes
   * elsewhere, where there is somebody.
   */
  public static final int TERMINATING = 1;

  /** On this node. */
  public static final int LOCAL = 2;

  public static final Codec<Backend> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 24;
        }

        @Override
        public void write(Backend value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.address);
          to.set(Bytes.U64, offset + 16, 0);
          to.set(Bytes.U16_BE, offset + 16, (short) value.port);
          to.set(Bytes.U8, offset + 18, (byte) value.protocol);
          to.set(Bytes.U8, offset + 19, (byte) value.flags);
          to.set(Bytes.U16, offset + 20, (short) value.generation);
        }

        @Override
        public Backend read(MemorySegment from, long offset) {
          return new Backend(
              Bytes.address(from, offset),
              Bytes.u16Be(from, offset + 16),
              Bytes.u8(from, offset + 18),
              Bytes.u8(from, offset + 19),
              Bytes.u16(from, offset + 20));
        }
      };
}
