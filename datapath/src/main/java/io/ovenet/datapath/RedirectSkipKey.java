package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct redirect_skip_key}: a pod whose calls of a service are not redirected. 24 bytes:
 *
 * <pre>
 *   0             16        20
 *   | client (16) | service | reserved (4)
 * </pre>
 *
 * @param service number of the frontend
 * @param client address of the pod
 */
public record RedirectSkipKey(int service, InetAddress client) {
  public static final Codec<RedirectSkipKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 24;
        }

        @Override
        public void write(RedirectSkipKey value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.client);
          to.set(Bytes.U32, offset + 16, value.service);
          to.set(Bytes.U32, offset + 20, 0);
        }

        @Override
        public RedirectSkipKey read(MemorySegment from, long offset) {
          return new RedirectSkipKey(from.get(Bytes.U32, offset + 16), Bytes.address(from, offset));
        }
      };
}
