package io.ovenet.flow;

import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.datapath.DnsMessage;
import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import io.ovenet.datapath.TraceReason;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * From the kernel's event to a flow with names. Never judges: verdict, reason, identities and rule
 * are those of the event; the names are those of the moment.
 *
 * <p>For the one thread that drains the ring.
 */
public final class FlowDecoder {
  static final int TO_ENDPOINT = 101;
  private static final int TRACE_REASON_REPLY = TraceReason.REPLY.number();

  /** By the number of the datapath's verdict; 0 where it has none. */
  private static final byte[] VERDICT_OF_POLICY = new byte[256];

  private static final byte[] DROP_REASON_OF_POLICY = new byte[256];

  static {
    for (var verdict : io.ovenet.datapath.Verdict.values()) {
      VERDICT_OF_POLICY[verdict.number()] =
          (byte)
              switch (verdict) {
                case ALLOW -> Verdict.FORWARDED_VALUE;
                case DENY, DEFAULT -> Verdict.DROPPED_VALUE;
                case REDIRECT -> Verdict.REDIRECTED_VALUE;
                case AUDIT -> Verdict.AUDIT_VALUE;
              };
      DROP_REASON_OF_POLICY[verdict.number()] =
          (byte)
              switch (verdict) {
                case DENY -> DropReason.POLICY_DENY_VALUE;
                case DEFAULT -> DropReason.POLICY_DENIED_VALUE;
                case ALLOW, REDIRECT, AUDIT -> 0;
              };
    }
  }

  private final Supplier<FlowNames> names;
  private final MonotonicClock clock;
  private final DnsDecoder dns = new DnsDecoder();
  private final DnsNames resolved = new DnsNames();
  private final byte[] payload = new byte[DnsMessage.PAYLOAD];

  /** What an event of the same record was decoded to: the names of both are the same. */
  private @Nullable FlowRecord packet;

  /**
   * From where names come.
   *
   * @param names asked for each event
   */
  public FlowDecoder(Supplier<FlowNames> names, MonotonicClock clock) {
    this.names = names;
    this.clock = clock;
  }

  /** Names that DNS gave, as far as this decoder saw it. */
  DnsNames resolved() {
    return resolved;
  }

  /**
   * Decodes one event.
   *
   * @return null where it is of no kind or verdict that is known: the kernel side is not ours
   */
  public @Nullable FlowRecord decode(FlowEvent event, long sequence) {
    if (!event.isFurther()) {
      packet = null;
    }
    int subtype = event.subtype();
    int verdict;
    int dropReason = 0;
    byte reply = FlowRecord.REPLY_UNKNOWN;
    int kind = event.kind();
    if (kind == EventKind.DROP.number()) {
      verdict = Verdict.DROPPED_VALUE;
      dropReason = subtype;
    } else if (kind == EventKind.TRACE.number()) {
      verdict = Verdict.FORWARDED_VALUE;
      subtype = subtype == 0 ? TO_ENDPOINT : subtype;
      reply = replyOfTrace(event);
    } else if (kind == EventKind.POLICY_VERDICT.number()) {
      verdict = VERDICT_OF_POLICY[subtype];
      dropReason = Byte.toUnsignedInt(DROP_REASON_OF_POLICY[subtype]);
      // A verdict is given for the first packet of a connection.
      reply = dropReason == 0 ? FlowRecord.REPLY_NO : FlowRecord.REPLY_UNKNOWN;
    } else {
      return null;
    }
    if (verdict == Verdict.VERDICT_UNKNOWN_VALUE) {
      return null;
    }
    FlowNames now = names.get();
    int rule = event.rule();
    RuleOrigin named = rule == 0 ? null : now.rule(rule);
    RuleOrigin origin = named == null ? RuleOrigin.NONE : named;
    FlowRecord same = packet;
    if (same != null) {
      return same.also(
          sequence,
          (byte) kind,
          (byte) verdict,
          (short) subtype,
          (byte) event.direction(),
          (byte) event.match(),
          (byte) event.traceReason(),
          (short) dropReason,
          reply,
          rule,
          origin);
    }
    int flags = event.flags();
    boolean addressed = (flags & FlowEvent.HAS_L3) != 0;
    int network = event.network();
    long sourceHigh = event.sourceHigh();
    long sourceLow = event.sourceLow();
    long destinationHigh = event.destinationHigh();
    long destinationLow = event.destinationLow();
    int ifindex = event.ifindex();
    long time = event.time();
    FlowEndpoint source =
        now.end(
            time,
            event.sourceEndpoint(),
            event.sourceIdentity(),
            addressed,
            network,
            sourceHigh,
            sourceLow);
    FlowEndpoint destination =
        now.end(
            time,
            event.destinationEndpoint(),
            event.destinationIdentity(),
            addressed,
            network,
            destinationHigh,
            destinationLow);
    FlowRecord made =
        new FlowRecord(
            sequence,
            clock.wallNanos(time),
            (byte) kind,
            (byte) verdict,
            (short) subtype,
            (byte) event.direction(),
            (byte) flags,
            (short) event.protocol(),
            (byte) event.tcpFlags(),
            (byte) event.match(),
            (byte) event.traceReason(),
            (short) dropReason,
            reply,
            sourceHigh,
            sourceLow,
            destinationHigh,
            destinationLow,
            event.sourcePort(),
            event.destinationPort(),
            event.sourceMac(),
            event.destinationMac(),
            ifindex,
            event.count(),
            rule,
            source,
            destination,
            addressed && source.isNoPod()
                ? names(now, network, sourceHigh, sourceLow, destinationHigh, destinationLow, time)
                : List.of(),
            addressed && destination.isNoPod()
                ? names(now, network, destinationHigh, destinationLow, sourceHigh, sourceLow, time)
                : List.of(),
            origin,
            ifindex == 0 ? "" : now.interfaceName(ifindex),
            service(now, event.service()),
            null);
    packet = made;
    return made;
  }

  /** What the other end calls an address. */
  private List<String> names(
      FlowNames now, int network, long high, long low, long otherHigh, long otherLow, long time) {
    List<String> known = now.dnsNames(network, high, low);
    return known.isEmpty() ? resolved.names(otherHigh, otherLow, high, low, time) : known;
  }

  /**
   * A question or an answer of DNS, as a flow of layer 7. Addresses that answers name are called by
   * that name from then on.
   *
   * @return null where it is no message of DNS, or an answer that nobody asked for
   */
  public @Nullable FlowRecord decode(DnsMessage message, long sequence) {
    message.payload(payload);
    Dns said = dns.decode(payload, message.captured());
    if (said == null) {
      return null;
    }
    long time = message.time();
    long sourceHigh = message.sourceHigh();
    long sourceLow = message.sourceLow();
    long destinationHigh = message.destinationHigh();
    long destinationLow = message.destinationLow();
    if (said.response()) {
      long latency =
          resolved.answered(destinationHigh, destinationLow, message.destinationPort(), said, time);
      if (latency < 0) {
        return null;
      }
      said = said.answered(latency);
    } else {
      resolved.asked(sourceHigh, sourceLow, message.sourcePort(), said, time);
    }
    FlowNames now = names.get();
    int network = message.network();
    return new FlowRecord(
        sequence,
        clock.wallNanos(time),
        FlowRecord.LAYER7,
        (byte) Verdict.FORWARDED_VALUE,
        (short) 0,
        (byte) TrafficDirection.EGRESS_VALUE,
        (byte) (FlowEvent.HAS_L3 | FlowEvent.HAS_PORTS),
        (short) FlowRecord.UDP,
        (byte) 0,
        (byte) 0,
        (byte) 0,
        (short) 0,
        said.response() ? FlowRecord.REPLY_YES : FlowRecord.REPLY_NO,
        sourceHigh,
        sourceLow,
        destinationHigh,
        destinationLow,
        message.sourcePort(),
        message.destinationPort(),
        0,
        0,
        0,
        1,
        0,
        now.end(
            time,
            message.sourceEndpoint(),
            message.sourceIdentity(),
            true,
            network,
            sourceHigh,
            sourceLow),
        now.end(
            time,
            message.destinationEndpoint(),
            message.destinationIdentity(),
            true,
            network,
            destinationHigh,
            destinationLow),
        List.of(),
        List.of(),
        RuleOrigin.NONE,
        "",
        "",
        said);
  }

  private static String service(FlowNames names, int number) {
    var name = number == 0 ? null : names.service(number);
    return name == null ? "" : name;
  }

  private static byte replyOfTrace(FlowEvent event) {
    if (event.has(FlowEvent.REPLY_KNOWN)) {
      return event.has(FlowEvent.REPLY) ? FlowRecord.REPLY_YES : FlowRecord.REPLY_NO;
    }
    if (event.traceReason() == 0) {
      return FlowRecord.REPLY_UNKNOWN;
    }
    return event.traceReason() == TRACE_REASON_REPLY ? FlowRecord.REPLY_YES : FlowRecord.REPLY_NO;
  }
}
