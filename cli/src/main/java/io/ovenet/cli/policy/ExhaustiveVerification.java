package io.ovenet.cli.policy;

import io.ovenet.cli.node.NodeAgent;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.PolicyVersion;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.NodeLabels;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.QuestionClasses;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.naive.NaiveEvaluator;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Every class of questions about a node's endpoints decided three times: by the documents as the
 * API server has them, by the compiled form of them, made here from nothing, and by the node's
 * kernel. Used once, by one thread.
 */
final class ExhaustiveVerification {
  private static final int AT_ONCE = 2000;
  private static final int MOST_TOLD = 100;

  /** Who stands in the kernel for a number, rather than by an address. */
  private static final List<ReservedIdentity> RESERVED =
      List.of(
          ReservedIdentity.HOST,
          ReservedIdentity.REMOTE_NODE,
          ReservedIdentity.KUBE_APISERVER,
          ReservedIdentity.HEALTH);

  /** An endpoint of the node, as its agent says. */
  private record Subject(int id, Party party) {}

  private record Question(
      Subject subject, TrafficDirection direction, Party peer, int protocol, int port) {
    /** ICMP's type, or the port. */
    int asked() {
      return protocol == PortRange.ICMP || protocol == PortRange.ICMPV6 ? port >> 8 : port;
    }

    @Override
    public String toString() {
      return "%s %s %s, protocol %d, port or type %d"
          .formatted(
              subject.party().name(),
              direction == TrafficDirection.INGRESS ? "from" : "to",
              peer.name(),
              protocol,
              asked());
    }
  }

  /**
   * What was found.
   *
   * @param subjects classes of the node's endpoints
   * @param classes of subject, direction, peer, and protocol with ports
   * @param byDocuments of the questions that were decided by the documents, too
   */
  record Outcome(int subjects, long classes, long questions, long byDocuments, List<String> wrong) {
    Map<String, Object> fields() {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("subjects", (long) subjects);
      fields.put("classes", classes);
      fields.put("questions", questions);
      fields.put("byDocuments", byDocuments);
      fields.put("wrong", wrong);
      return fields;
    }

    void print(PrintWriter out) {
      out.printf(
          "  all of it: %,d classes of questions about %d classes of endpoints; %,d questions"
              + " decided by kernel and compiled form, %,d by the documents, too: %s%n",
          classes,
          subjects,
          questions,
          byDocuments,
          wrong.isEmpty() ? "all agree" : wrong.size() + " differences");
      wrong.forEach(text -> out.println("  " + text));
    }
  }

  private final ClusterState state;
  private final NodeAgent agent;
  private final NaiveEvaluator naive;
  private final boolean usual;
  private final List<String> wrong = new ArrayList<>();

  /** Addresses that no question is about by themselves: of no host, and of nodes. */
  private final List<Cidr> inside =
      new ArrayList<>(List.of(Cidr.parse("0.0.0.0/8"), Cidr.parse("127.0.0.0/8")));

  /** The node's own addresses. */
  private final Set<Cidr> host = new HashSet<>();

  private final List<Question> waiting = new ArrayList<>();
  private @Nullable Judge judge;
  private long byDocuments;

  /**
   * Takes what is to be.
   *
   * @param read as the API server has it
   */
  ExhaustiveVerification(ClusterState read, NodeAgent agent) {
    this.agent = agent;
    this.state = withLastValid(read);
    List<Map<String, ?>> documents = new ArrayList<>();
    boolean allValid = true;
    for (PolicyDocument policy : state.policies().values()) {
      allValid &= policy.parsed() instanceof ParsedPolicy.Valid;
      documents.add(policy.document());
    }
    PolicySettings settings = state.settings();
    naive =
        new NaiveEvaluator(
            settings.cluster(), allValid ? documents : List.of(), state.groupDocuments());
    // Documents are read for the usual modes, and say nothing of one that never was valid.
    usual = allValid && settings.equals(PolicySettings.defaults(settings.cluster()));
  }

  /** What nodes have in force of policies that are not valid, as the operator keeps it. */
  private static ClusterState withLastValid(ClusterState state) {
    PolicyParser parser =
        new PolicyParser(state.settings().cluster(), state.settings().nodeLabels());
    Map<PolicyKey, PolicyDocument> versions = new HashMap<>();
    for (PolicyDocument policy : state.policies().values()) {
      String packed = new JsonObject(policy.document()).object("status").string("lastValid");
      if (policy.parsed() instanceof ParsedPolicy.Invalid && !packed.isEmpty()) {
        Map<String, @Nullable Object> document = PolicyVersion.unpack(packed).document();
        Map<String, @Nullable Object> whole = new LinkedHashMap<>(document);
        whole.put("kind", policy.key().kind().toString());
        versions.put(
            policy.key(),
            new PolicyDocument(parser.parse(policy.key().kind(), whole), whole, null));
      }
    }
    return state.with(versions);
  }

  Outcome run() throws IOException {
    List<Subject> subjects = subjects();
    List<Party> parties = new ArrayList<>();
    subjects.forEach(subject -> parties.add(subject.party()));
    judge = state.judge(parties);
    QuestionClasses classes = new QuestionClasses(state.objects(), state.groups());
    IOException[] failed = new IOException[1];
    QuestionClasses.Count count =
        classes.forEach(
            subjects,
            subject -> subject.party().subject(),
            peers(classes),
            peer -> new QuestionClasses.Peer(peer.labels(), peer.address(), peer.ports()),
            (subject, direction, peer, protocol, port) -> {
              waiting.add(new Question(subject, direction, peer, protocol, port));
              if (waiting.size() == AT_ONCE && failed[0] == null) {
                failed[0] = decide();
              }
            });
    if (failed[0] == null) {
      failed[0] = decide();
    }
    if (failed[0] != null) {
      throw failed[0];
    }
    return new Outcome(
        count.subjects(),
        count.classes(),
        count.questions(),
        byDocuments,
        wrong.subList(0, Math.min(wrong.size(), MOST_TOLD)));
  }

  private List<Subject> subjects() throws IOException {
    List<Subject> subjects = new ArrayList<>();
    JsonObject answer = agent.ask("endpoints", Map.of());
    for (String address : answer.strings("nodes")) {
      inside.add(Cidr.parse(address));
    }
    for (String address : answer.strings("host")) {
      host.add(Cidr.parse(address));
    }
    for (JsonObject endpoint : answer.objects("endpoints")) {
      List<NamedPort> ports = new ArrayList<>();
      for (JsonObject port : endpoint.objects("ports")) {
        ports.add(
            new NamedPort(
                port.string("name"), (int) port.integer("protocol"), (int) port.integer("port")));
      }
      subjects.add(
          new Subject(
              (int) endpoint.integer("id"),
              new Party(
                  endpoint.string("namespace") + "/" + endpoint.string("pod"),
                  Labels.parse(endpoint.strings("labels").toArray(new String[0])),
                  Cidr.parse(endpoint.string("address")),
                  NamedPorts.of(ports),
                  endpoint.bool("audit"))));
    }
    return subjects;
  }

  private List<Party> peers(QuestionClasses classes) {
    List<Party> peers = new ArrayList<>();
    for (Party pod : state.pods()) {
      if (pod.address() != null) {
        peers.add(pod);
        inside.add(Objects.requireNonNull(pod.address()));
      }
    }
    for (Party node : nodes()) {
      peers.add(node);
      inside.add(Objects.requireNonNull(node.address()));
    }
    for (Cidr address : classes.outside(inside)) {
      if (!address.ipv6()) {
        peers.add(Party.outside(address.toString(), address));
      }
    }
    RESERVED.forEach(reserved -> peers.add(Party.reserved(reserved)));
    return peers;
  }

  /** Other nodes and API servers, and the node itself, as it sees them. */
  private List<Party> nodes() {
    boolean apiServer = false;
    for (Party node : state.nodes()) {
      apiServer |=
          host.contains(node.address())
              && node.labels().isReserved(ReservedIdentity.KUBE_APISERVER);
    }
    List<Party> nodes = new ArrayList<>();
    for (Party node : state.nodes()) {
      boolean here = host.contains(node.address());
      Labels ofHost = apiServer ? NodeLabels.ofHostWithApiServer() : ReservedIdentity.HOST.labels();
      nodes.add(
          here ? new Party(node.name(), ofHost, node.address(), NamedPorts.NONE, false) : node);
    }
    nodes.removeIf(node -> node.address() == null || node.address().ipv6());
    return nodes;
  }

  /** Has those that wait decided; the failure, if the agent can't. */
  private @Nullable IOException decide() {
    try {
      List<Object> questions = new ArrayList<>();
      waiting.forEach(question -> questions.add(json(question)));
      JsonObject answer = agent.ask("policy-decide", Map.of("questions", questions));
      List<JsonObject> answers = answer.objects("answers");
      for (int i = 0; i < waiting.size(); i++) {
        compare(waiting.get(i), answers.get(i));
      }
      waiting.clear();
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  private static Map<String, Object> json(Question question) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("endpoint", (long) question.subject().id());
    json.put("direction", question.direction().name().toLowerCase(Locale.ROOT));
    Cidr address = question.peer().address();
    if (address == null) {
      json.put("identity", (long) reserved(question.peer()));
    } else {
      json.put("address", address.toString().replaceFirst("/.*", ""));
    }
    json.put("protocol", (long) question.protocol());
    json.put("port", (long) question.port());
    return json;
  }

  private static int reserved(Party party) {
    for (ReservedIdentity identity : RESERVED) {
      if (identity.labels().equals(party.labels())) {
        return identity.number();
      }
    }
    throw new IllegalStateException(party + " is none of those that are asked about");
  }

  private void compare(Question question, JsonObject kernel) {
    String compiled =
        Objects.requireNonNull(judge)
            .ask(
                question.subject().party(),
                question.direction(),
                question.peer(),
                question.protocol(),
                question.asked())
            .decision()
            .verdict()
            .name();
    String documents = compiled;
    if (usual) {
      documents = byDocuments(question);
      byDocuments++;
    }
    if (!kernel.string("verdict").equals(compiled) || !compiled.equals(documents)) {
      wrong.add(
          "%s: kernel %s by %s, compiled form %s, documents %s"
              .formatted(
                  question,
                  kernel.string("verdict"),
                  kernel.strings("rules"),
                  compiled,
                  usual ? documents : "not asked"));
    }
  }

  private String byDocuments(Question question) {
    Party subject = question.subject().party();
    Party peer = question.peer();
    Cidr address = peer.address();
    NaiveEvaluator.Answer answer =
        naive.ask(
            subject.labels().toSecurityLabels(),
            subject.audit(),
            named(subject.ports()),
            question.direction() == TrafficDirection.INGRESS,
            new NaiveEvaluator.Peer(
                peer.labels().toSecurityLabels(),
                address == null ? null : address.toString().replaceFirst("/.*", ""),
                named(peer.ports())),
            question.protocol(),
            question.asked());
    return switch (answer.outcome()) {
      case ALLOWED, NOT_ENFORCED -> "ALLOW";
      case DENIED -> "DENY";
      case WITHHELD, DEFAULT_DENIED -> "DEFAULT";
      case AUDITED -> "AUDIT";
    };
  }

  private static List<NaiveEvaluator.Port> named(NamedPorts ports) {
    List<NaiveEvaluator.Port> named = new ArrayList<>();
    for (NamedPort port : ports.ports()) {
      named.add(new NaiveEvaluator.Port(port.name(), port.protocol(), port.port()));
    }
    return named;
  }
}
