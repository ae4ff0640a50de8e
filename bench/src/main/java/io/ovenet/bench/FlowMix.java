package io.ovenet.bench;

import io.ovenet.agent.AttachmentKey;
import io.ovenet.agent.LocalEndpoint;
import io.ovenet.agent.Names;
import io.ovenet.agent.RuleNumbers;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.flow.Workload;
import io.ovenet.bpf.MacAddress;
import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import io.ovenet.datapath.TraceReason;
import io.ovenet.flow.Addresses;
import io.ovenet.flow.FlowEndpoint;
import io.ovenet.flow.FlowLabels;
import io.ovenet.flow.FlowNames;
import io.ovenet.flow.NameTable;
import io.ovenet.flow.PolicyRef;
import io.ovenet.flow.RuleOrigin;
import io.ovenet.policy.Labels;
import io.ovenet.policy.ReservedIdentity;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Records of the kernel's ring as traffic of some kind leaves them, who is in them, and what is
 * asked of their flows.
 *
 * @param segment so many records of that size, one after the other, laid out as ovenet.h says
 * @param events how many flows they are together
 * @param selections filters by name, each of which a tenth of the flows passes, or all
 */
record FlowMix(
    String name,
    FlowNames names,
    MemorySegment segment,
    int records,
    int recordSize,
    int events,
    Map<String, FlowFilter> selections) {
  private static final int RECORDS = 65_536;
  private static final int FIRST_IDENTITY = 1000;
  private static final int IDENTITIES = 500;
  private static final int RULE = 9;
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int SYN = 2;
  private static final int NEW_AT_STACK = 103;

  /** Of one pass over all records after the other. */
  long offset(int index) {
    return (long) (index & (RECORDS - 1)) * recordSize;
  }

  /**
   * New UDP tuples of 2,000 endpoints of this node to 10,000 addresses outside: a verdict and a
   * trace in one record, named by the agent's own table.
   */
  static FlowMix outside(Random random) throws UnknownHostException {
    final int endpoints = 2000;
    final int addresses = 10_000;
    Names names = new Names("default", "node1", new RuleNumbers(RULE + 1));
    for (int i = 0; i < endpoints; i++) {
      names.local(
          new LocalEndpoint(
              1 + i,
              1,
              new AttachmentKey("container-" + i, "eth0"),
              "/run/netns/" + i,
              namespace(i),
              "app-" + i % 10 + "-7d9f5c-" + i,
              "uid-" + i,
              new MacAddress(i),
              (Inet4Address) InetAddress.getByAddress(podAddress(i)),
              1500,
              FIRST_IDENTITY + i % IDENTITIES,
              Labels.parse(labels(i))));
    }
    int size = FlowEvent.CONNECTION_SIZE;
    MemorySegment records = Arena.global().allocate((long) RECORDS * size, 8);
    for (int i = 0; i < RECORDS; i++) {
      MemorySegment record = records.asSlice((long) i * size, size);
      int source = random.nextInt(endpoints);
      int outside = random.nextInt(addresses);
      head(record, EventKind.TRACE, NEW_AT_STACK, 2, UDP, 0);
      record.set(ValueLayout.JAVA_BYTE, 15, (byte) TraceReason.NEW.number());
      address(record, 16, podAddress(source));
      address(record, 32, new byte[] {(byte) 203, 0, (byte) (outside >> 8), (byte) outside});
      ports(record, 1024 + random.nextInt(60_000), 1024 + random.nextInt(60_000));
      record.set(ValueLayout.JAVA_SHORT, 52, (short) (1 + source));
      tail(record, FIRST_IDENTITY + source % IDENTITIES, ReservedIdentity.WORLD.number());
      record.set(ValueLayout.JAVA_INT, FlowEvent.SIZE, RULE);
      record.set(
          ValueLayout.JAVA_BYTE,
          FlowEvent.SIZE + 4,
          (byte) io.ovenet.datapath.Verdict.ALLOW.number());
      record.set(ValueLayout.JAVA_BYTE, FlowEvent.SIZE + 5, (byte) 2);
      record.set(ValueLayout.JAVA_BYTE, FlowEvent.SIZE + 6, (byte) 2);
    }
    FlowFilter threeFields =
        FlowFilter.newBuilder()
            .addSourcePod("app-3-prod/")
            .addProtocol("udp")
            .addVerdict(Verdict.FORWARDED)
            .build();
    return new FlowMix(
        "new tuples to outside",
        new WithRule(names),
        records,
        RECORDS,
        size,
        2 * RECORDS,
        Map.of("three fields", threeFields, "no filter", FlowFilter.getDefaultInstance()));
  }

  /** Verdicts and traces of TCP connections among 10,000 pods of this node and others. */
  static FlowMix pods(Random random) throws UnknownHostException {
    final int endpoints = 10_000;
    Map<NameTable.Address, FlowEndpoint> addresses = new HashMap<>();
    Map<Integer, FlowEndpoint> identities = new HashMap<>();
    for (int i = 0; i < endpoints; i++) {
      String app = "app-" + i % 10;
      int identity = FIRST_IDENTITY + i % IDENTITIES;
      FlowLabels labels = FlowLabels.of(labels(i));
      identities.putIfAbsent(identity, FlowEndpoint.identity(identity, labels));
      Workload workload = Workload.newBuilder().setName(app).setKind("Deployment").build();
      FlowEndpoint pod =
          FlowEndpoint.pod(
              0,
              identity,
              "default",
              namespace(i),
              app + "-7d9f5c-" + i,
              labels,
              List.of(workload));
      long[] address = Addresses.halves(InetAddress.getByAddress(podAddress(i)));
      addresses.put(new NameTable.Address(0, address[0], address[1]), pod);
    }
    NameTable names =
        new NameTable(
            "default",
            "node1",
            Map.of(),
            addresses,
            identities,
            Map.of(),
            Map.of(RULE, WithRule.ORIGIN),
            Map.of(WithRule.IFINDEX, WithRule.INTERFACE));
    MemorySegment records = Arena.global().allocate((long) RECORDS * FlowEvent.SIZE, 8);
    for (int i = 0; i < RECORDS; i++) {
      MemorySegment record = records.asSlice((long) i * FlowEvent.SIZE, FlowEvent.SIZE);
      int source = random.nextInt(endpoints);
      int destination = random.nextInt(endpoints);
      if (i % 3 == 0) {
        head(record, EventKind.TRACE, 101, 1, TCP, SYN);
      } else {
        head(record, EventKind.POLICY_VERDICT, 1, 1, TCP, SYN);
      }
      address(record, 16, podAddress(source));
      address(record, 32, podAddress(destination));
      ports(record, 1024 + random.nextInt(60_000), 80);
      tail(record, FIRST_IDENTITY + source % IDENTITIES, FIRST_IDENTITY + destination % IDENTITIES);
    }
    return new FlowMix(
        "among pods",
        names,
        records,
        RECORDS,
        FlowEvent.SIZE,
        RECORDS,
        Map.of(
            "pods of a namespace",
            FlowFilter.newBuilder().addSourcePod("app-3-prod/").build(),
            "a label",
            FlowFilter.newBuilder().addSourceLabel("app=app-3").build()));
  }

  private static String namespace(int endpoint) {
    return "app-" + endpoint % 10 + "-prod";
  }

  private static String[] labels(int endpoint) {
    return new String[] {
      "k8s:app=app-" + endpoint % 10,
      "k8s:part=" + endpoint % IDENTITIES,
      "k8s:io.kubernetes.pod.namespace=" + namespace(endpoint),
      "k8s:io.cilium.k8s.policy.cluster=default",
      "k8s:io.cilium.k8s.policy.serviceaccount=default"
    };
  }

  private static byte[] podAddress(int endpoint) {
    return new byte[] {10, 0, (byte) (endpoint >> 8), (byte) endpoint};
  }

  private static void head(
      MemorySegment record, EventKind kind, int subtype, int direction, int protocol, int flags) {
    byte[] head = {
      (byte) kind.number(),
      (byte) subtype,
      (byte) direction,
      (byte) (FlowEvent.HAS_L3 | FlowEvent.HAS_PORTS),
      (byte) protocol,
      (byte) flags
    };
    record.set(ValueLayout.JAVA_LONG, 0, System.nanoTime());
    MemorySegment.copy(head, 0, record, ValueLayout.JAVA_BYTE, 8, head.length);
  }

  private static void address(MemorySegment record, int at, byte[] address) {
    record.set(ValueLayout.JAVA_INT, at + 8, 0xffff0000);
    MemorySegment.copy(address, 0, record, ValueLayout.JAVA_BYTE, at + 12, 4);
  }

  private static void ports(MemorySegment record, int source, int destination) {
    record.set(ValueLayout.JAVA_SHORT, 48, Short.reverseBytes((short) source));
    record.set(ValueLayout.JAVA_SHORT, 50, Short.reverseBytes((short) destination));
  }

  private static void tail(MemorySegment record, int source, int destination) {
    record.set(ValueLayout.JAVA_INT, 56, source);
    record.set(ValueLayout.JAVA_INT, 60, destination);
    record.set(ValueLayout.JAVA_INT, 64, RULE);
    record.set(ValueLayout.JAVA_INT, 68, WithRule.IFINDEX);
    record.set(ValueLayout.JAVA_INT, 72, 74); // length
    record.set(ValueLayout.JAVA_BYTE, 80, (byte) 2);
    record.set(ValueLayout.JAVA_BYTE, 86, (byte) 2);
    record.set(ValueLayout.JAVA_INT, 92, 1); // packets that it stands for
  }

  /** The agent's names with the one rule and interface that the records name. */
  private record WithRule(Names names) implements FlowNames {
    static final int IFINDEX = 0x100001;
    static final String INTERFACE = "ove1";
    static final RuleOrigin ORIGIN =
        RuleOrigin.of(
            List.of(
                new PolicyRef(
                    "CiliumNetworkPolicy",
                    "app-3-prod",
                    "vm-web-policy",
                    "spec.ingress[0].toPorts[0]",
                    7,
                    List.of("k8s:io.cilium.k8s.policy.name=vm-web-policy"))));

    @Override
    public String clusterName() {
      return names.clusterName();
    }

    @Override
    public String nodeName() {
      return names.nodeName();
    }

    @Override
    public @Nullable FlowEndpoint endpoint(int id, long time) {
      return names.endpoint(id, time);
    }

    @Override
    public @Nullable FlowEndpoint address(int network, long high, long low, long time) {
      return names.address(network, high, low, time);
    }

    @Override
    public @Nullable FlowEndpoint identity(int identity) {
      return names.identity(identity);
    }

    @Override
    public List<String> dnsNames(int network, long high, long low) {
      return names.dnsNames(network, high, low);
    }

    @Override
    public @Nullable RuleOrigin rule(int id) {
      return id == RULE ? ORIGIN : names.rule(id);
    }

    @Override
    public @Nullable String service(int number) {
      return names.service(number);
    }

    @Override
    public String interfaceName(int ifindex) {
      return ifindex == IFINDEX ? INTERFACE : names.interfaceName(ifindex);
    }
  }
}
