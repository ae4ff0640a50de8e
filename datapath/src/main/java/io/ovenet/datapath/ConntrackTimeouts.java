package io.ovenet.datapath;

import java.time.Duration;

/**
 * How long a connection is remembered after its last packet.
 *
 * @param tcpNew nothing came back yet
 * @param tcpClosing one side sent FIN
 * @param tcpClosed both did, or one sent RST
 * @param otherNew UDP and SCTP, nothing came back yet
 */
public record ConntrackTimeouts(
    Duration tcpNew,
    Duration tcpEstablished,
    Duration tcpClosing,
    Duration tcpClosed,
    Duration otherNew,
    Duration otherEstablished,
    Duration icmp) {
  public static final ConntrackTimeouts DEFAULT =
      new ConntrackTimeouts(
          Duration.ofSeconds(60),
          Duration.ofSeconds(8000),
          Duration.ofSeconds(120),
          Duration.ofSeconds(10),
          Duration.ofSeconds(30),
          Duration.ofSeconds(120),
          Duration.ofSeconds(30));
}
