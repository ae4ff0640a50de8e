package io.ovenet.flow;

import java.util.List;

/** A record as another one, but for what DNS said in it. */
final class FlowRecordBuilder {
  private final FlowRecord from;
  private String query = "";

  FlowRecordBuilder(FlowRecord from) {
    this.from = from;
  }

  /** An answer about a name, with everything in it of its own. */
  FlowRecordBuilder dns(String name) {
    query = name;
    return this;
  }

  FlowRecord build() {
    var address = new Dns.Address(1, query.hashCode());
    var dns =
        new Dns(
            true,
            1,
            query,
            List.of(new String("A")),
            List.of(address, new Dns.Address(2, query.hashCode())),
            30,
            List.of(query + ".alias."),
            0,
            List.of(new String("A"), new String("CNAME")),
            1);
    return new FlowRecord(
        from.sequence(),
        from.time(),
        from.kind(),
        from.verdict(),
        from.subtype(),
        from.direction(),
        from.flags(),
        from.protocol(),
        from.tcpFlags(),
        from.match(),
        from.traceReason(),
        from.dropReason(),
        from.reply(),
        from.sourceHigh(),
        from.sourceLow(),
        from.destinationHigh(),
        from.destinationLow(),
        from.sourcePort(),
        from.destinationPort(),
        from.sourceMac(),
        from.destinationMac(),
        from.ifindex(),
        from.count(),
        from.rule(),
        from.source(),
        from.destination(),
        from.sourceNames(),
        from.destinationNames(),
        from.origin(),
        from.interfaceName(),
        from.service(),
        dns);
  }
}
