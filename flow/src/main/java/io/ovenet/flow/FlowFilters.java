package io.ovenet.flow;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.re2j.Pattern;
import io.ovenet.api.flow.EventTypeFilter;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.IPVersion;
import io.ovenet.api.flow.NetworkInterface;
import io.ovenet.api.flow.TCPFlags;
import io.ovenet.api.flow.Verdict;
import io.ovenet.datapath.FlowEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * From Hubble's filters to predicates over records. Within a filter the fields are a conjunction
 * and the values of a field a disjunction. A field that these flows cannot answer is an error that
 * names it, never ignored; one that is not set is none.
 */
public final class FlowFilters {
  private final String nodeName;
  private final FlowUuids uuids;

  /**
   * For the flows of one node.
   *
   * @param nodeName {@code cluster/node}
   */
  public FlowFilters(String nodeName, FlowUuids uuids) {
    this.nodeName = nodeName;
    this.uuids = uuids;
  }

  /**
   * A flow passes if it matches one of the whitelist, or that is empty, and none of the blacklist.
   *
   * @throws IllegalArgumentException naming the field that is wrong or not served
   */
  public Predicate<FlowRecord> compile(List<FlowFilter> whitelist, List<FlowFilter> blacklist) {
    Predicate<FlowRecord> wanted = whitelist.isEmpty() ? flow -> true : any(whitelist, this::one);
    return blacklist.isEmpty() ? wanted : wanted.and(any(blacklist, this::one).negate());
  }

  private Predicate<FlowRecord> one(FlowFilter filter) {
    if (!filter.getUnknownFields().asMap().isEmpty()) {
      throw new IllegalArgumentException(
          "flow filter: field number "
              + filter.getUnknownFields().asMap().keySet().iterator().next()
              + " is not known to this server; leave it out");
    }
    var conditions = new ArrayList<Predicate<FlowRecord>>();
    for (FieldDescriptor field : filter.getAllFields().keySet()) {
      try {
        conditions.add(condition(filter, field));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "flow filter: " + field.getName() + ": " + e.getMessage(), e);
      }
    }
    return all(conditions);
  }

  private static Predicate<FlowRecord> all(List<Predicate<FlowRecord>> conditions) {
    if (conditions.size() == 1) {
      return conditions.get(0);
    }
    var copy = List.copyOf(conditions);
    return flow -> {
      for (int i = 0; i < copy.size(); i++) {
        if (!copy.get(i).test(flow)) {
          return false;
        }
      }
      return true;
    };
  }

  private static <T, U> Predicate<U> any(List<T> values, Function<T, Predicate<U>> compile) {
    var predicates = new ArrayList<Predicate<U>>(values.size());
    for (T value : values) {
      predicates.add(compile.apply(value));
    }
    if (predicates.size() == 1) {
      return predicates.get(0);
    }
    return tested -> {
      for (int i = 0; i < predicates.size(); i++) {
        if (predicates.get(i).test(tested)) {
          return true;
        }
      }
      return false;
    };
  }

  /** Of a flow that came by a service, at that end. */
  private static Predicate<FlowRecord> service(Predicate<String> name, boolean source) {
    return flow ->
        !flow.service().isEmpty()
            && (flow.reply() == FlowRecord.REPLY_YES) == source
            && name.test(flow.service());
  }

  private Predicate<FlowRecord> condition(FlowFilter filter, FieldDescriptor field) {
    return switch (field.getNumber()) {
      case FlowFilter.SOURCE_IP_FIELD_NUMBER ->
          any(filter.getSourceIpList(), FlowFilters::sourceAddress);
      case FlowFilter.DESTINATION_IP_FIELD_NUMBER ->
          any(filter.getDestinationIpList(), FlowFilters::destinationAddress);
      case FlowFilter.SOURCE_POD_FIELD_NUMBER ->
          source(any(filter.getSourcePodList(), EndpointFilters::pod));
      case FlowFilter.DESTINATION_POD_FIELD_NUMBER ->
          destination(any(filter.getDestinationPodList(), EndpointFilters::pod));
      case FlowFilter.SOURCE_LABEL_FIELD_NUMBER ->
          source(any(filter.getSourceLabelList(), EndpointFilters::label));
      case FlowFilter.DESTINATION_LABEL_FIELD_NUMBER ->
          destination(any(filter.getDestinationLabelList(), EndpointFilters::label));
      case FlowFilter.SOURCE_IDENTITY_FIELD_NUMBER ->
          source(any(filter.getSourceIdentityList(), EndpointFilters::identity));
      case FlowFilter.DESTINATION_IDENTITY_FIELD_NUMBER ->
          destination(any(filter.getDestinationIdentityList(), EndpointFilters::identity));
      case FlowFilter.SOURCE_WORKLOAD_FIELD_NUMBER ->
          source(any(filter.getSourceWorkloadList(), EndpointFilters::workload));
      case FlowFilter.DESTINATION_WORKLOAD_FIELD_NUMBER ->
          destination(any(filter.getDestinationWorkloadList(), EndpointFilters::workload));
      case FlowFilter.SOURCE_CLUSTER_NAME_FIELD_NUMBER ->
          source(any(filter.getSourceClusterNameList(), EndpointFilters::cluster));
      case FlowFilter.DESTINATION_CLUSTER_NAME_FIELD_NUMBER ->
          destination(any(filter.getDestinationClusterNameList(), EndpointFilters::cluster));
      case FlowFilter.SOURCE_FQDN_FIELD_NUMBER -> {
        Predicate<List<String>> names = any(filter.getSourceFqdnList(), EndpointFilters::fqdn);
        yield flow -> names.test(flow.sourceNames());
      }
      case FlowFilter.DESTINATION_FQDN_FIELD_NUMBER -> {
        Predicate<List<String>> names = any(filter.getDestinationFqdnList(), EndpointFilters::fqdn);
        yield flow -> names.test(flow.destinationNames());
      }
      case FlowFilter.SOURCE_PORT_FIELD_NUMBER ->
          any(filter.getSourcePortList(), text -> port(text, FlowRecord::sourcePort));
      case FlowFilter.DESTINATION_PORT_FIELD_NUMBER ->
          any(filter.getDestinationPortList(), text -> port(text, FlowRecord::destinationPort));
      case FlowFilter.VERDICT_FIELD_NUMBER ->
          any(filter.getVerdictValueList(), value -> flow -> flow.verdict() == value);
      case FlowFilter.EVENT_TYPE_FIELD_NUMBER ->
          any(filter.getEventTypeList(), FlowFilters::eventType);
      case FlowFilter.PROTOCOL_FIELD_NUMBER -> any(filter.getProtocolList(), FlowFilters::protocol);
      case FlowFilter.REPLY_FIELD_NUMBER -> any(filter.getReplyList(), FlowFilters::reply);
      case FlowFilter.TCP_FLAGS_FIELD_NUMBER ->
          any(filter.getTcpFlagsList(), FlowFilters::tcpFlags);
      case FlowFilter.NODE_NAME_FIELD_NUMBER -> {
        boolean here = any(filter.getNodeNameList(), EndpointFilters::node).test(nodeName);
        yield flow -> here;
      }
      case FlowFilter.IP_VERSION_FIELD_NUMBER ->
          any(filter.getIpVersionValueList(), value -> flow -> ipVersion(flow) == value);
      case FlowFilter.UUID_FIELD_NUMBER -> any(filter.getUuidList(), this::uuid);
      case FlowFilter.TRAFFIC_DIRECTION_FIELD_NUMBER ->
          any(filter.getTrafficDirectionValueList(), value -> flow -> flow.direction() == value);
      case FlowFilter.DROP_REASON_DESC_FIELD_NUMBER ->
          any(filter.getDropReasonDescValueList(), value -> flow -> flow.dropReason() == value);
      case FlowFilter.INTERFACE_FIELD_NUMBER ->
          any(filter.getInterfaceList(), FlowFilters::onInterface);
      case FlowFilter.SOURCE_SERVICE_FIELD_NUMBER ->
          service(any(filter.getSourceServiceList(), EndpointFilters::service), true);
      case FlowFilter.DESTINATION_SERVICE_FIELD_NUMBER ->
          service(any(filter.getDestinationServiceList(), EndpointFilters::service), false);
      case FlowFilter.SOURCE_IP_XLATED_FIELD_NUMBER ->
          AbsentFields.none(filter.getSourceIpXlatedList(), EndpointFilters::address);
      case FlowFilter.HTTP_STATUS_CODE_FIELD_NUMBER,
          FlowFilter.HTTP_METHOD_FIELD_NUMBER,
          FlowFilter.HTTP_PATH_FIELD_NUMBER,
          FlowFilter.HTTP_URL_FIELD_NUMBER,
          FlowFilter.HTTP_HEADER_FIELD_NUMBER ->
          AbsentFields.http(filter);
      case FlowFilter.DNS_QUERY_FIELD_NUMBER ->
          any(filter.getDnsQueryList(), FlowFilters::dnsQuery);
      case FlowFilter.TRACE_ID_FIELD_NUMBER -> absent(filter.getTraceIdList().contains(""));
      case FlowFilter.IP_TRACE_ID_FIELD_NUMBER -> absent(filter.getIpTraceIdList().contains(0L));
      case FlowFilter.ENCRYPTED_FIELD_NUMBER -> absent(filter.getEncryptedList().contains(false));
      case FlowFilter.NODE_LABELS_FIELD_NUMBER -> {
        Predicate<FlowLabels> labels = any(filter.getNodeLabelsList(), LabelSelector::parse);
        yield absent(labels.test(FlowLabels.NONE));
      }
      case FlowFilter.EXPERIMENTAL_FIELD_NUMBER -> {
        if (!filter.getExperimental().getUnknownFields().asMap().isEmpty()) {
          throw notServed();
        }
        List<String> expressions = filter.getExperimental().getCelExpressionList();
        yield expressions.isEmpty() ? flow -> true : any(expressions, this::cel);
      }
      default -> throw notServed();
    };
  }

  /** Of a field that no flow has: what its being empty means for all of them. */
  private static Predicate<FlowRecord> absent(boolean matches) {
    return flow -> matches;
  }

  private static IllegalArgumentException notServed() {
    return new IllegalArgumentException("this agent serves no such filter yet; leave it out");
  }

  private static Predicate<FlowRecord> source(Predicate<FlowEndpoint> predicate) {
    return flow -> predicate.test(flow.source());
  }

  private static Predicate<FlowRecord> destination(Predicate<FlowEndpoint> predicate) {
    return flow -> predicate.test(flow.destination());
  }

  private static Predicate<FlowRecord> sourceAddress(String text) {
    EndpointFilters.AddressPredicate address = EndpointFilters.address(text);
    return flow -> flow.has(FlowEvent.HAS_L3) && address.test(flow.sourceHigh(), flow.sourceLow());
  }

  private static Predicate<FlowRecord> destinationAddress(String text) {
    EndpointFilters.AddressPredicate address = EndpointFilters.address(text);
    return flow ->
        flow.has(FlowEvent.HAS_L3) && address.test(flow.destinationHigh(), flow.destinationLow());
  }

  /** Which port of a flow. */
  @FunctionalInterface
  private interface PortOf {
    int of(FlowRecord flow);
  }

  private static Predicate<FlowRecord> port(String text, PortOf side) {
    int port;
    try {
      port = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      port = -1;
    }
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("\"" + text + "\" is no port: a number from 0 to 65535");
    }
    int wanted = port;
    return flow -> flow.hasPorts() && side.of(flow) == wanted;
  }

  private static Predicate<FlowRecord> eventType(EventTypeFilter wanted) {
    return flow ->
        flow.eventType() == wanted.getType()
            && (!wanted.getMatchSubType() || flow.eventSubtype() == wanted.getSubType());
  }

  private static Predicate<FlowRecord> protocol(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "tcp" -> protocol(FlowRecord.TCP);
      case "udp" -> protocol(FlowRecord.UDP);
      case "sctp" -> protocol(FlowRecord.SCTP);
      case "icmp" -> protocol(FlowRecord.ICMP).or(protocol(FlowRecord.ICMPV6));
      case "icmpv4" -> protocol(FlowRecord.ICMP);
      case "icmpv6" -> protocol(FlowRecord.ICMPV6);
      case "igmp" -> protocol(2);
      case "vrrp" -> protocol(112);
      case "dns" -> flow -> flow.dns() != null;
      case "http", "kafka" -> flow -> false; // none of these flows is that
      default -> throw new IllegalArgumentException("\"" + name + "\" is no known protocol");
    };
  }

  private static Predicate<FlowRecord> dnsQuery(String text) {
    Pattern pattern = AbsentFields.pattern(text);
    return flow -> flow.dns() != null && pattern.matcher(flow.dns().query()).find();
  }

  private static Predicate<FlowRecord> protocol(int number) {
    return flow -> flow.has(FlowEvent.HAS_L3) && flow.protocol() == number;
  }

  private static Predicate<FlowRecord> reply(boolean wanted) {
    return flow ->
        switch (flow.reply()) {
          case FlowRecord.REPLY_YES -> wanted;
          case FlowRecord.REPLY_NO -> !wanted;
          // As upstream: what was dropped counts as no reply.
          default -> flow.verdict() == Verdict.DROPPED_VALUE && !wanted;
        };
  }

  private static Predicate<FlowRecord> tcpFlags(TCPFlags wanted) {
    int bits =
        (wanted.getFIN() ? 0x01 : 0)
            | (wanted.getSYN() ? 0x02 : 0)
            | (wanted.getRST() ? 0x04 : 0)
            | (wanted.getPSH() ? 0x08 : 0)
            | (wanted.getACK() ? 0x10 : 0)
            | (wanted.getURG() ? 0x20 : 0)
            | (wanted.getECE() ? 0x40 : 0)
            | (wanted.getCWR() ? 0x80 : 0);
    boolean ns = wanted.getNS(); // not in the kernel's record; no longer a flag since RFC 8311
    return flow ->
        !ns
            && flow.hasPorts()
            && flow.protocol() == FlowRecord.TCP
            && (flow.tcpFlags() & bits) == bits;
  }

  private static int ipVersion(FlowRecord flow) {
    if (!flow.has(FlowEvent.HAS_L3)) {
      return IPVersion.IP_NOT_USED_VALUE;
    }
    return flow.has(FlowEvent.IPV6) ? IPVersion.IPv6_VALUE : IPVersion.IPv4_VALUE;
  }

  private Predicate<FlowRecord> cel(String expression) {
    return CelFilter.compile(expression, new FlowEncoder(nodeName, uuids, FlowMask.EVERYTHING));
  }

  private Predicate<FlowRecord> uuid(String text) {
    UUID uuid;
    try {
      uuid = UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("\"" + text + "\" is no UUID", e);
    }
    return flow -> uuids.is(uuid, flow.sequence());
  }

  private static Predicate<FlowRecord> onInterface(NetworkInterface wanted) {
    return flow ->
        (wanted.getIndex() == 0 || wanted.getIndex() == flow.ifindex())
            && (wanted.getName().isEmpty() || wanted.getName().equals(flow.interfaceName()));
  }
}
