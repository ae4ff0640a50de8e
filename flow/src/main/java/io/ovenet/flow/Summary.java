package io.ovenet.flow;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.ovenet.datapath.FlowEvent;
import java.util.StringJoiner;

/** The one line that says what a packet was, in Hubble's words. */
final class Summary {
  /** In the order that Hubble names them, with their bits in the TCP header. */
  private static final String[] FLAGS = {"SYN", "ACK", "RST", "FIN", "PSH", "URG", "ECE", "CWR"};

  private static final int[] BITS = {0x02, 0x10, 0x04, 0x01, 0x08, 0x20, 0x40, 0x80};

  private static final byte[][] TCP = new byte[256][];
  private static final byte[] UDP = "UDP".getBytes(US_ASCII);
  private static final byte[] SCTP = "SCTP".getBytes(US_ASCII);
  private static final byte[] IPV4 = "IPv4".getBytes(US_ASCII);
  private static final byte[] IPV6 = "IPv6".getBytes(US_ASCII);
  private static final byte[] ETHERNET = "Ethernet".getBytes(US_ASCII);

  static {
    for (int flags = 0; flags < TCP.length; flags++) {
      var names = new StringJoiner(", ", "TCP Flags: ", "");
      for (int i = 0; i < FLAGS.length; i++) {
        if ((flags & BITS[i]) != 0) {
          names.add(FLAGS[i]);
        }
      }
      TCP[flags] = names.toString().getBytes(US_ASCII);
    }
  }

  private Summary() {}

  static byte[] of(FlowRecord flow) {
    if (flow.dns() != null) {
      return flow.dns().summary().getBytes(US_ASCII);
    }
    if (!flow.has(FlowEvent.HAS_L3)) {
      return ETHERNET;
    }
    byte[] network = flow.has(FlowEvent.IPV6) ? IPV6 : IPV4;
    if (!flow.has(FlowEvent.HAS_PORTS)) {
      return network;
    }
    int type = flow.sourcePort() >> 8;
    int code = flow.sourcePort() & 0xff;
    return switch (flow.protocol()) {
      case FlowRecord.TCP -> TCP[Byte.toUnsignedInt(flow.tcpFlags())];
      case FlowRecord.UDP -> UDP;
      case FlowRecord.SCTP -> SCTP;
      case FlowRecord.ICMP -> ("ICMPv4 " + icmp4(type, code)).getBytes(US_ASCII);
      case FlowRecord.ICMPV6 -> ("ICMPv6 " + icmp6(type, code)).getBytes(US_ASCII);
      default -> network;
    };
  }

  /** The name of an ICMP message's type. */
  static String icmpType(FlowRecord flow) {
    int type = flow.sourcePort() >> 8;
    int code = flow.sourcePort() & 0xff;
    return flow.protocol() == FlowRecord.ICMP ? icmp4(type, code) : icmp6(type, code);
  }

  private static String icmp4(int type, int code) {
    return switch (type) {
      case 0 -> named("EchoReply", code);
      case 3 ->
          named(
              "DestinationUnreachable",
              code,
              "Net",
              "Host",
              "Protocol",
              "Port",
              "FragmentationNeeded",
              "SourceRoutingFailed",
              "NetUnknown",
              "HostUnknown",
              "SourceIsolated",
              "NetAdminProhibited",
              "HostAdminProhibited",
              "NetTOS",
              "HostTOS",
              "CommAdminProhibited",
              "HostPrecedence",
              "PrecedenceCutoff");
      case 4 -> named("SourceQuench", code);
      case 5 -> named("Redirect", code, "Net", "Host", "TOS+Net", "TOS+Host");
      case 8 -> named("EchoRequest", code);
      case 9 -> named("RouterAdvertisement", code);
      case 10 -> named("RouterSolicitation", code);
      case 11 -> named("TimeExceeded", code, "TTLExceeded", "FragmentReassemblyTimeExceeded");
      case 12 ->
          named("ParameterProblem", code, "PointerIndicatesError", "MissingOption", "BadLength");
      case 13 -> named("TimestampRequest", code);
      case 14 -> named("TimestampReply", code);
      default -> type + "(" + code + ")";
    };
  }

  private static String icmp6(int type, int code) {
    return switch (type) {
      case 1 ->
          named(
              "DestinationUnreachable",
              code,
              "NoRouteToDst",
              "AdminProhibited",
              "BeyondScopeOfSrc",
              "AddressUnreachable",
              "PortUnreachable",
              "SrcAddressFailedPolicy",
              "RejectRouteToDst");
      case 2 -> named("PacketTooBig", code);
      case 3 -> named("TimeExceeded", code, "HopLimitExceeded", "FragmentReassemblyTimeExceeded");
      case 4 ->
          named(
              "ParameterProblem",
              code,
              "ErroneousHeader",
              "UnrecognizedNextHeader",
              "UnrecognizedIPv6Option");
      case 128 -> named("EchoRequest", code);
      case 129 -> named("EchoReply", code);
      case 133 -> named("RouterSolicitation", code);
      case 134 -> named("RouterAdvertisement", code);
      case 135 -> named("NeighborSolicitation", code);
      case 136 -> named("NeighborAdvertisement", code);
      case 137 -> named("Redirect", code);
      default -> type + "(" + code + ")";
    };
  }

  private static String named(String type, int code, String... codes) {
    if (codes.length == 0 && code == 0) {
      return type;
    }
    return type + "(" + (code < codes.length ? codes[code] : "Code: " + code) + ")";
  }
}
