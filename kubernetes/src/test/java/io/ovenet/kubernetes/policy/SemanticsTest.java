package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.Decision;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.MatchType;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyNotice;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.naive.Construct;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What policies mean, case by case of {@code semantics.yaml}, whose head says which row is about
 * what. Each question is put to the compiled form and to the naive evaluator.
 */
class SemanticsTest {
  /** A case of the file. */
  record Case(Construct row, boolean here, Field fields) {
    @Override
    public String toString() {
      return row + (here ? ", here: " : ": ") + fields.get("case").string();
    }
  }

  static Stream<Case> cases() {
    return YamlCases.of("semantics.yaml").stream()
        .map(
            fields ->
                new Case(
                    Construct.valueOf(fields.get("row").string()),
                    fields.get("here").present(),
                    fields));
  }

  @Test
  void everyRowHasItsCasesAndBothAnswersWhereTheyDiffer() {
    Set<Construct> upstream = EnumSet.noneOf(Construct.class);
    Set<Construct> here = EnumSet.noneOf(Construct.class);
    cases().forEach(each -> (each.here ? here : upstream).add(each.row));
    Set<Construct> differing = EnumSet.noneOf(Construct.class);
    for (Construct row : Construct.values()) {
      if (row.differs()) {
        differing.add(row);
      }
    }
    assertThat(upstream).containsExactlyInAnyOrder(Construct.values());
    assertThat(here).isEqualTo(differing);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void bothSay(Case each) {
    Field fields = each.fields;
    fields.only(
        Set.of("row", "here", "case", "subject", "objects", "pass", "drop", "warns", "refused"));
    World world = world(fields.get("subject").stringOr("web"));
    List<String> warned = new ArrayList<>();
    int number = 0;
    for (Field object : fields.get("objects").items()) {
      if (object.get("group").present()) {
        world.group(object.get("group").object());
      } else if (object.get("service").present()) {
        world.group(withKind("Service", object.get("service")));
      } else if (object.get("slice").present()) {
        world.group(withKind("EndpointSlice", object.get("slice")));
      } else {
        YamlCases.Document document = YamlCases.document(object, Integer.toString(number));
        world.putDocument(document.kind(), document.whole());
        for (PolicyNotice notice : notices(document)) {
          warned.add(number + "." + notice.path());
        }
      }
      number++;
    }
    for (String path : YamlCases.texts(fields.get("warns"))) {
      assertThat(warned).contains(path);
    }
    int asked = ask(world, fields.get("pass"), true) + ask(world, fields.get("drop"), false);
    for (String path : fields.get("refused").object().keySet()) {
      YamlCases.Document document =
          YamlCases.document(new Field(path, fields.get("refused").object().get(path)), "p");
      ParsedPolicy parsed =
          new PolicyParser(World.CLUSTER).parse(document.kind(), document.whole());
      assertThat(parsed).isInstanceOf(ParsedPolicy.Invalid.class);
      assertThat(((ParsedPolicy.Invalid) parsed).error().path()).isEqualTo(path);
      asked++;
    }
    assertThat(asked).isPositive();
  }

  private static Map<String, ?> withKind(String kind, Field written) {
    Map<String, Object> whole = new HashMap<>(written.object());
    whole.put("kind", kind);
    return whole;
  }

  private static List<PolicyNotice> notices(YamlCases.Document document) {
    ParsedPolicy parsed = new PolicyParser(World.CLUSTER).parse(document.kind(), document.whole());
    return ((ParsedPolicy.Valid) parsed).object().notices();
  }

  /** Puts questions of the form {@code in|out PEER PROTOCOL PORT [by RULE]}; says how many. */
  private static int ask(World world, Field questions, boolean passes) {
    for (String question : YamlCases.texts(questions)) {
      String[] words = question.split(" ", -1);
      TrafficDirection direction =
          words[0].equals("in") ? TrafficDirection.INGRESS : TrafficDirection.EGRESS;
      int protocol = protocol(words[2]);
      int port = Integer.parseInt(words[3]);
      boolean icmp = protocol == PortRange.ICMP || protocol == PortRange.ICMPV6;
      Decision decision = world.decide(direction, words[1], protocol, icmp ? port << 8 : port);
      assertThat(decision.verdict().passes()).as("%s: %s", question, decision).isEqualTo(passes);
      if (words.length > 4) {
        assertThat(decision.origins().asList())
            .as(question)
            .extracting((RuleOrigin origin) -> origin.name() + "." + origin.fieldPath())
            .containsExactly(words[5]);
      }
    }
    return questions.items().size();
  }

  private static int protocol(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "tcp" -> PortRange.TCP;
      case "udp" -> PortRange.UDP;
      case "sctp" -> PortRange.SCTP;
      case "icmp" -> PortRange.ICMP;
      case "icmpv6" -> PortRange.ICMPV6;
      case "igmp" -> 2;
      default -> Integer.parseInt(name);
    };
  }

  private static World world(String subject) {
    Labels blue = World.pod("bank", "app=api", LabelKeys.NAMESPACE_LABELS + "team=blue");
    PolicySubject endpoint =
        switch (subject) {
          case "web" ->
              new PolicySubject(
                  World.pod("shop", "app=web"),
                  NamedPorts.of(List.of(new NamedPort("http", PortRange.TCP, 8080))),
                  false);
          case "bank/api" -> PolicySubject.of(blue);
          default ->
              PolicySubject.of(ReservedIdentity.valueOf(subject.toUpperCase(Locale.ROOT)).labels());
        };
    return new World(endpoint, PolicySettings.defaults(World.CLUSTER))
        .podPeer(
            "api",
            World.pod("shop", "app=api", "team=red"),
            "10.0.0.1",
            new NamedPort("http", PortRange.TCP, 80))
        .podPeer(
            "db", World.pod("shop", "app=db"), "10.0.0.2", new NamedPort("http", PortRange.TCP, 90))
        .podPeer("boxed", boxed(), "10.0.0.3")
        .podPeer("bank/api", blue, "10.0.1.1")
        .podPeer(
            "other-cluster",
            Labels.parse(
                "k8s:app=api",
                "k8s:" + LabelKeys.NAMESPACE + "=shop",
                "k8s:" + LabelKeys.CLUSTER + "=other"),
            "10.9.0.1")
        .apiServer("apiserver-outside", "198.51.100.7")
        .node("node-a", "192.0.2.1", false, Map.of("zone", "a"))
        .node("node-b", "192.0.2.2", true, Map.of("zone", "b"));
  }

  private static Labels boxed() {
    List<Label> labels = new ArrayList<>(World.pod("shop").asList());
    labels.add(new Label("container", "app", "api"));
    return Labels.of(labels);
  }

  private static World shop(String rest) {
    return new World("shop", "app=web")
        .peer("api", World.pod("shop", "app=api"))
        .peer("bank api", World.pod("bank", "app=api"))
        .cnp("p", "shop", "{endpointSelector: {}, " + rest + "}");
  }

  @Test
  void nothingIsEnforcedWithoutARule() {
    World world =
        new World("shop", "app=web").cnp("p", "bank", "{endpointSelector: {}, ingress: [{}]}");
    assertThat(world.in("world", PortRange.TCP, 80)).isTrue();
    assertThat(world.policy().enforces(TrafficDirection.INGRESS)).isFalse();
  }

  @Test
  void everyPortOfARangeAndNoOther() {
    World world =
        shop(
            "ingress: [{fromEndpoints: [{}],"
                + " toPorts: [{ports: [{port: '1023', endPort: 33333, protocol: TCP}]}]}]");
    for (int port = 0; port <= 65535; port++) {
      assertThat(world.in("api", PortRange.TCP, port)).isEqualTo(port >= 1023 && port <= 33333);
    }
  }

  @Test
  void anIcmpCodeDoesNotMatter() {
    World world = shop("ingress: [{icmps: [{fields: [{type: 3}]}]}]");
    assertThat(world.in("api", PortRange.ICMP, 3 << 8 | 13)).isTrue();
    assertThat(world.in("api", PortRange.ICMP, 13)).isFalse();
  }

  @Test
  void anEmptyNamespaceIsTheDefaultOneNotAll() {
    World world =
        new World("shop", "app=web")
            .cnp("p", "", "{endpointSelector: {}, ingress: [{}]}")
            .np("n", "", "{podSelector: {}, policyTypes: [Egress]}");
    assertThat(world.in("world", PortRange.TCP, 1)).isTrue();
    assertThat(world.out("world", PortRange.TCP, 1)).isTrue();
    World subject =
        new World("default", "app=web")
            .peer("other", World.pod("shop", "app=api"))
            .cnp("p", "", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}");
    assertThat(subject.in("other", PortRange.TCP, 1)).isFalse();
  }

  @Test
  void specsComeIntoForceTogether() {
    World world =
        new World("shop", "app=web")
            .peer("api", World.pod("shop", "app=api"))
            .put(
                PolicyKind.CILIUM_NETWORK_POLICY,
                "p",
                "shop",
                "specs: [{endpointSelector: {}, ingress: [{fromEntities: [world]}]},"
                    + " {endpointSelector: {}, egress: [{}]}]");
    assertThat(world.in("world", PortRange.TCP, 1)).isTrue();
    assertThat(world.in("api", PortRange.TCP, 1)).isFalse();
    assertThat(world.out("api", PortRange.TCP, 1)).isFalse();
  }

  @Test
  void theMostPreciseRuleIsNamed() {
    World world =
        shop(
            "ingress: [{fromEndpoints: [{}]}, {toPorts: [{ports: [{port: '80'}]}]},"
                + " {fromEndpoints: [{}], toPorts: [{ports: [{port: '80'}]}]}],"
                + " log: {value: seen}");
    Decision at80 = world.decide(TrafficDirection.INGRESS, "api", PortRange.TCP, 80);
    assertThat(at80.origins().asList())
        .extracting(RuleOrigin::fieldPath)
        .containsExactly("spec.ingress[2]");
    assertThat(at80.match()).isEqualTo(MatchType.L3_L4);
    assertThat(at80.log()).containsExactly("seen");
    assertThat(world.decide(TrafficDirection.INGRESS, "api", PortRange.TCP, 81).match())
        .isEqualTo(MatchType.L3_ONLY);
    assertThat(world.decide(TrafficDirection.INGRESS, "bank api", PortRange.TCP, 80).match())
        .isEqualTo(MatchType.L4_ONLY);
  }

  @Test
  void whoHasNoIdentityYetIsEnforcedBothWays() {
    World world = world("init");
    for (TrafficDirection direction : TrafficDirection.values()) {
      assertThat(Objects.requireNonNull(world.policy()).enforces(direction)).isTrue();
    }
  }
}
