package io.ovenet.datapath;

import java.time.Duration;

/**
 * Which packets of standing connections are told of. What begins and what is refused always is, and
 * so is the first answer.
 *
 * @param received also where packets come in, before anything is known of them
 * @param interval each direction of a connection is told of once in it, while there are packets;
 *     zero: each packet. Kept to about an eighth of a second
 * @param tcpFlags those of the TCP header's flags (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE
 *     64, CWR 128) of which the first packet of a direction that has it is told of
 * @param nothing no event is written, since nobody reads them; drops are still counted
 */
public record Reporting(boolean received, Duration interval, int tcpFlags, boolean nothing) {
  /** Half of what the kernel's counter of ticks can tell apart, and more than anybody waits. */
  public static final Duration LONGEST = Duration.ofHours(1);

  public static final int FIN = 1;
  public static final int SYN = 2;
  public static final int RST = 4;

  /** Once in five seconds, and SYN, FIN and RST. */
  public static final Reporting DEFAULT =
      new Reporting(false, Duration.ofSeconds(5), FIN | SYN | RST);

  public static final Reporting NOTHING = new Reporting(false, LONGEST, 0, true);

  /** {@code REPORT_TICK_SHIFT} */
  static final int TICK_SHIFT = 27;

  public Reporting {
    if (interval.isNegative() || interval.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("interval " + interval + ": from 0 to " + LONGEST);
    }
    if (tcpFlags < 0 || tcpFlags > 0xff) {
      throw new IllegalArgumentException("TCP flags " + tcpFlags + ": from 0 to 255");
    }
  }

  public Reporting(boolean received, Duration interval, int tcpFlags) {
    this(received, interval, tcpFlags, false);
  }

  /** The interval in the kernel's ticks; one at least, unless it is zero. */
  int ticks() {
    return interval.isZero() ? 0 : (int) Math.max(1, interval.toNanos() >> TICK_SHIFT);
  }
}
