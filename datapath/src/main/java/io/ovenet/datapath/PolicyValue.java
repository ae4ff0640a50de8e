package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct policy_value}: what an entry decides, and why. 16 bytes.
 *
 * <pre>
 *   0         1                2       3          4       8      12
 *   | verdict | authentication | match | reserved | proxy | rule | log cookie
 * </pre>
 *
 * @param match Hubble's policy_match_type
 * @param rule node-local number of what decided; 0: none
 */
public record PolicyValue(
    Verdict verdict, int authentication, int match, int proxy, int rule, int logCookie) {
  public static final Codec<PolicyValue> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 16;
        }

        @Override
        public void write(PolicyValue value, MemorySegment to, long offset) {
          to.set(Bytes.U8, offset, (byte) value.verdict.number());
          to.set(Bytes.U8, offset + 1, (byte) value.authentication);
          to.set(Bytes.U8, offset + 2, (byte) value.match);
          to.set(Bytes.U8, offset + 3, (byte) 0);
          to.set(Bytes.U32, offset + 4, value.proxy);
          to.set(Bytes.U32, offset + 8, value.rule);
          to.set(Bytes.U32, offset + 12, value.logCookie);
        }

        @Override
        public PolicyValue read(MemorySegment from, long offset) {
          Verdict verdict = Verdict.of(Bytes.u8(from, offset));
          return new PolicyValue(
              verdict == null ? Verdict.DEFAULT : verdict, // as the packet path takes it
              Bytes.u8(from, offset + 1),
              Bytes.u8(from, offset + 2),
              from.get(Bytes.U32, offset + 4),
              from.get(Bytes.U32, offset + 8),
              from.get(Bytes.U32, offset + 12));
        }
      };

  /** Without authentication, proxy or log cookie. */
  public PolicyValue(Verdict verdict, int match, int rule) {
    this(verdict, 0, match, 0, rule, 0);
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof PolicyValue that
            && authentication == that.authentication
            && match == that.match
            && proxy == that.proxy
            && rule == that.rule
            && logCookie == that.logCookie
            && verdict == that.verdict);
  }

  @Override
  public int hashCode() {
    return 31
            * (31 * (31 * (31 * (31 * verdict.hashCode() + authentication) + match) + proxy) + rule)
        + logCookie;
  }
}
