package io.ovenet.kubernetes.world;

import io.ovenet.kubernetes.ContainerPort;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.policy.PeerGroupReader;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.LabelFilter;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Gathers objects of any kind, in any order, and makes of them a {@link ClusterState}. Kinds that
 * say nothing of policy, pods or nodes are passed over. Used by one thread.
 */
public final class StateReader {
  private static final String NAME_OF_NAMESPACE = "kubernetes.io/metadata.name";
  private static final String LAUNCHER = "virt-launcher";
  private static final List<String> TEMPLATES =
      List.of(
          "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController");

  private record Pod(PodRecord record, String kind, String machine) {}

  private final PolicySettings settings;
  private final PolicyParser parser;
  private final Map<String, Map<String, String>> namespaces = new HashMap<>();
  private final Map<String, Pod> pods = new LinkedHashMap<>();
  private final Map<PolicyKey, PolicyDocument> policies = new TreeMap<>();
  private final Map<String, Map<String, ?>> groupDocuments = new TreeMap<>();
  private final NodeReader nodes;
  private int passedOver;

  public StateReader(PolicySettings settings) {
    this.settings = settings;
    this.nodes = new NodeReader(settings);
    this.parser = new PolicyParser(settings.cluster(), settings.nodeLabels());
  }

  /** How many objects were of kinds that say nothing here. */
  public int passedOver() {
    return passedOver;
  }

  /** Takes one object. */
  public void add(JsonObject object, @Nullable Source source) {
    String kind = object.string("kind");
    for (PolicyKind candidate : PolicyKind.values()) {
      if (candidate.toString().equals(kind)) {
        PolicyDocument policy =
            new PolicyDocument(parser.parse(candidate, object.fields()), object.fields(), source);
        policies.put(policy.key(), policy);
        return;
      }
    }
    if (kind.equals("List")) {
      object.objects("items").forEach(item -> add(item, source));
    } else if (PeerGroupReader.KINDS.contains(kind)) {
      addGroup(kind, object);
    } else if (kind.equals("Namespace")) {
      JsonObject metadata = object.object("metadata");
      Map<String, String> labels = new HashMap<>(metadata.stringMap("labels"));
      // The API server puts it there.
      labels.putIfAbsent(NAME_OF_NAMESPACE, metadata.string("name"));
      namespaces.put(metadata.string("name"), labels);
    } else if (kind.equals("Pod")) {
      addPod(object);
    } else if (kind.equals("Node")) {
      nodes.add(RecordKind.NODES.reader().apply(object));
    } else if (TEMPLATES.contains(kind)) {
      addTemplate(object, object.object("spec").object("template"), kind, "");
    } else if (kind.equals("CronJob")) {
      addTemplate(
          object,
          object.object("spec").object("jobTemplate").object("spec").object("template"),
          kind,
          "");
    } else if (kind.equals("VirtualMachine")) {
      addTemplate(
          object,
          object.object("spec").object("template"),
          kind,
          object.object("metadata").string("name"));
    } else {
      passedOver++;
    }
  }

  private void addGroup(String kind, JsonObject object) {
    groupDocuments.put(PeerGroupReader.keyOf(object.fields()), object.fields());
    if (kind.equals("EndpointSlice")) {
      nodes.add(RecordKind.ENDPOINT_SLICES.reader().apply(object));
    }
  }

  private void addPod(JsonObject object) {
    PodRecord record = RecordKind.PODS.reader().apply(object);
    if (!record.hostNetwork() && !record.ended()) {
      boolean launcher = LAUNCHER.equals(record.labels().get("kubevirt.io"));
      String machine = launcher ? record.labels().getOrDefault(LabelKeys.VM_NAME, "") : "";
      put(new Pod(record, "Pod", machine));
    }
  }

  private void addTemplate(JsonObject owner, JsonObject template, String kind, String machine) {
    Map<String, String> labels =
        new LinkedHashMap<>(template.object("metadata").stringMap("labels"));
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", owner.object("metadata").string("name"));
    metadata.put("namespace", owner.object("metadata").string("namespace"));
    if (!machine.isEmpty()) {
      labels.put("kubevirt.io", LAUNCHER);
      labels.put(LabelKeys.VM_NAME, machine);
    }
    metadata.put("labels", labels);
    Map<String, @Nullable Object> pod = new LinkedHashMap<>();
    pod.put("kind", "Pod");
    pod.put("metadata", metadata);
    // A machine's template says nothing of its launcher's containers or host network.
    pod.put("spec", machine.isEmpty() ? template.object("spec").fields() : Map.of());
    PodRecord record = RecordKind.PODS.reader().apply(new JsonObject(pod));
    if (!record.hostNetwork()) {
      put(new Pod(record, kind, machine));
    }
  }

  private void put(Pod pod) {
    pods.put(namespace(pod.record) + "/" + pod.record.name() + " " + pod.kind, pod);
  }

  private static String namespace(PodRecord pod) {
    return pod.namespace().isEmpty() ? "default" : pod.namespace();
  }

  /** All that was taken. */
  public ClusterState state() {
    // What of groups can't be read is left out on the nodes, too, which tell it.
    List<PeerGroup> groups = PeerGroupReader.groupsOf(groupDocuments.values(), _ -> {});
    List<Workload> workloads = new ArrayList<>();
    for (Pod pod : pods.values()) {
      workloads.add(workload(pod));
    }
    return new ClusterState(
        settings,
        workloads,
        nodes.parties(),
        namespaces,
        policies,
        groups,
        List.copyOf(groupDocuments.values()));
  }

  private Workload workload(Pod pod) {
    PodRecord record = pod.record;
    String namespace = namespace(record);
    Labels labels =
        LabelFilter.upstreamDefault()
            .identityLabels(
                record.labels(),
                namespace,
                namespaces.getOrDefault(namespace, Map.of(NAME_OF_NAMESPACE, namespace)),
                record.serviceAccount(),
                settings.cluster());
    Cidr address = null;
    for (String ip : record.ips()) {
      if (address == null && ip.indexOf(':') < 0) {
        address = Cidr.parse(ip);
      }
    }
    Party party = new Party(namespace + "/" + record.name(), labels, address, ports(record), false);
    return new Workload(party, pod.kind, pod.machine, record.labels());
  }

  private static NamedPorts ports(PodRecord record) {
    List<NamedPort> ports = new ArrayList<>();
    for (ContainerPort port : record.namedPorts()) {
      int protocol =
          switch (port.protocol()) {
            case "UDP" -> PortRange.UDP;
            case "SCTP" -> PortRange.SCTP;
            default -> PortRange.TCP;
          };
      ports.add(new NamedPort(port.name(), protocol, port.port()));
    }
    return NamedPorts.of(ports);
  }
}
