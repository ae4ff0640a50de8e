package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.PolicyNotice;
import io.ovenet.policy.TrafficDirection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is part of the API but not in force never gives more access than it would upstream. */
class NotInForceTest {
  private static final int TCP = 6;

  private static World world() {
    return new World("shop", "app=web")
        .peer("api", World.pod("shop", "app=api"))
        .peer("db", World.pod("shop", "app=db"));
  }

  private static String spec(String rest) {
    return "{endpointSelector: {}, " + rest + "}";
  }

  private static final String HTTP =
      "toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}]}}]";

  /**
   * A document of {@code constraints.yaml} that is valid and not in force.
   *
   * @param field of which its author is warned
   * @param list whose rule it is; empty for a whole spec
   */
  record Example(String field, String list, Field rule, YamlCases.Document document) {
    boolean denies() {
      return list.endsWith("Deny");
    }

    TrafficDirection direction() {
      return list.startsWith("ingress") ? TrafficDirection.INGRESS : TrafficDirection.EGRESS;
    }

    /** Whether the ports it names stay shut, though another rule allows more or fewer. */
    boolean holdsBack() {
      Field item =
          rule.get("toPorts").items().isEmpty() ? rule : rule.get("toPorts").items().getFirst();
      Map<String, ?> members = item.object();
      return !denies()
          && (rule.get("authentication").present()
              || members.keySet().stream().anyMatch(PROXIED::contains));
    }

    @Override
    public String toString() {
      return field + ": " + document.whole().get("spec");
    }
  }

  private static final Set<String> PROXIED =
      Set.of("rules", "serverNames", "terminatingTLS", "originatingTLS", "listener");
  private static final List<String> PEERS =
      List.of("api", "db", "host", "remote-node", "8.8.8.8", "10.0.0.1");
  private static final List<Integer> PORTS = List.of(0, 53, 80, 443, 5353, 5432, 7000, 9092);

  /** The fields that constraints.yaml says to be not in force. */
  static Set<String> fields() {
    Set<String> fields = new TreeSet<>();
    examples().forEach(example -> fields.add(example.field));
    return fields;
  }

  static Stream<Example> examples() {
    List<Example> examples = new ArrayList<>();
    for (Field constraint : YamlCases.of("constraints.yaml")) {
      String field = constraint.get("later").stringOr("");
      for (Field item : field.isEmpty() ? List.<Field>of() : constraint.get("good").items()) {
        String list = YamlCases.list(item);
        examples.add(
            new Example(
                field,
                list == null ? "" : list,
                list == null ? item : item.get(list),
                YamlCases.document(item, "p")));
      }
    }
    return examples.stream();
  }

  static Stream<Example> forNodes() {
    return examples().filter(example -> example.field.equals("nodeSelector"));
  }

  static Stream<Example> allows() {
    return examples().filter(example -> !example.list.isEmpty() && !example.denies());
  }

  static Stream<Example> denials() {
    return examples().filter(Example::denies);
  }

  static Stream<Example> heldBack() {
    return allows().filter(Example::holdsBack);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void itsAuthorIsWarnedOfTheField(Example example) {
    String last = example.field.replaceFirst("^rules\\..*", "rules");
    assertThat(notices(example.document))
        .extracting(PolicyNotice::path)
        .anyMatch(path -> path.startsWith("spec.") && path.endsWith("." + last));
  }

  /** By each peer's own: an allow is nothing, while the subject is isolated as if it were one. */
  @ParameterizedTest
  @MethodSource("allows")
  void anAllowGrantsNothingAndIsolates(Example example) {
    World world = world().putDocument(example.document.kind(), example.document.whole());
    for (String peer : PEERS) {
      // The host itself comes in where nothing holds it back.
      boolean anyway = peer.equals("host") && example.direction() == TrafficDirection.INGRESS;
      if (!anyway) {
        assertNothingPasses(world, example.direction(), peer);
      }
    }
    TrafficDirection other =
        example.direction() == TrafficDirection.INGRESS
            ? TrafficDirection.EGRESS
            : TrafficDirection.INGRESS;
    assertThat(world.decide(other, "api", TCP, 80).verdict().passes()).isTrue();
  }

  private static void assertNothingPasses(World world, TrafficDirection direction, String peer) {
    for (int protocol : List.of(1, 2, TCP, 17, 112, 132)) {
      for (int port : PORTS) {
        assertThat(world.decide(direction, peer, protocol, port).verdict().passes())
            .as("%s %s %d/%d", direction, peer, port, protocol)
            .isFalse();
      }
    }
  }

  /** What it holds back is not opened by a rule that allows everything. */
  @ParameterizedTest
  @MethodSource("heldBack")
  void anAllowIsNeverWidenedToItsPlainPart(Example example) {
    String prefix = example.direction() == TrafficDirection.INGRESS ? "from" : "to";
    World world =
        world()
            .putDocument(example.document.kind(), example.document.whole())
            .cnp("all", "shop", spec(example.list + ": [{" + prefix + "Entities: [all]}]"));
    List<Field> items = example.rule.get("toPorts").items();
    if (items.isEmpty()) {
      assertNothingPasses(world, example.direction(), "api");
      return;
    }
    int asked = 0;
    for (Field item : items) {
      for (Field port : item.get("ports").items()) {
        if (port.get("port").string().matches("[0-9]+")) {
          int number = Integer.parseInt(port.get("port").string());
          int protocol = port.get("protocol").stringOr("").equals("UDP") ? 17 : TCP;
          for (String peer : PEERS) {
            boolean mine = peer.equals("api") || example.rule.get(prefix + "Entities").present();
            assertThat(world.decide(example.direction(), peer, protocol, number).verdict().passes())
                .as("%s %d/%d", peer, number, protocol)
                .isEqualTo(!mine && !peer.equals("db"));
          }
          asked++;
        }
      }
    }
    assertThat(asked).isPositive();
    assertThat(world.decide(example.direction(), "api", TCP, 8080).verdict().passes()).isTrue();
  }

  /** It denies all the ports that it names, to all, and no more. */
  @ParameterizedTest
  @MethodSource("denials")
  void aDenyDeniesItsPortsToAllPeers(Example example) {
    boolean ingress = example.direction() == TrafficDirection.INGRESS;
    World world =
        world()
            .putDocument(example.document.kind(), example.document.whole())
            .cnp(
                "all",
                "shop",
                spec(
                    ingress
                        ? "ingress: [{fromEntities: [all]}]"
                        : "egress: [{toEntities: [all]}]"));
    Field port = example.rule.get("toPorts").items().getFirst().get("ports").items().getFirst();
    boolean ofProtocol = example.field.equals("protocol");
    for (String peer : PEERS) {
      if (ofProtocol) {
        boolean named = peer.equals("api") || peer.equals("db");
        assertThat(world.decide(example.direction(), peer, 112, 0).verdict().passes())
            .as(peer)
            .isEqualTo(!named);
      } else {
        int number = Integer.parseInt(port.get("port").string());
        assertThat(world.decide(example.direction(), peer, TCP, number).verdict().passes())
            .as(peer)
            .isFalse();
      }
      assertThat(world.decide(example.direction(), peer, TCP, 81).verdict().passes())
          .as(peer)
          .isTrue();
    }
  }

  /** Nothing that is not in force can be in a deny, but what says who the peers are. */
  @Test
  void everyKindOfFieldIsAskedAbout() {
    assertThat(fields()).hasSize(14);
    assertThat(denials().map(Example::field).distinct())
        .containsExactlyInAnyOrder("fromGroups", "toGroups", "protocol");
    assertThat(heldBack().map(Example::field).distinct())
        .containsExactlyInAnyOrder(
            "authentication",
            "terminatingTLS",
            "originatingTLS",
            "serverNames",
            "listener",
            "rules.http",
            "rules.dns",
            "rules.kafka",
            "rules.l7");
  }

  @Test
  void l7IsNotWidenedByAPlainAllowOfMoreOrFewerPorts() {
    World world =
        world()
            .cnp(
                "l7",
                "shop",
                spec(
                    "ingress: [{fromEndpoints: [{}], toPorts: [{ports:"
                        + " [{port: '80', endPort: 90, protocol: TCP}],"
                        + " rules: {http: [{method: GET}]}}]}]"))
            .cnp("plain", "shop", spec("ingress: [{fromEndpoints: [{}]}]"))
            .cnp(
                "one",
                "shop",
                spec("ingress: [{toPorts: [{ports: [{port: '85', protocol: TCP}]}]}]"));
    assertThat(world.in("api", TCP, 79)).isTrue();
    assertThat(world.in("api", TCP, 80)).isFalse();
    assertThat(world.in("api", TCP, 85)).isFalse();
    assertThat(world.in("world", TCP, 85)).isTrue();
  }

  @Test
  void aPlainAllowOfTheSamePortsLiftsL7ForItsPeers() {
    World world =
        world()
            .cnp("l7", "shop", spec("ingress: [{fromEndpoints: [{}], " + HTTP + "}]"))
            .cnp(
                "same",
                "shop",
                spec(
                    "ingress: [{fromEndpoints: [{matchLabels: {app: api}}],"
                        + " toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]"));
    assertThat(world.in("api", TCP, 80)).isTrue();
    assertThat(world.in("db", TCP, 80)).isFalse();
  }

  @Test
  void authenticationIsNotLiftedByAnotherAllow() {
    World world =
        world()
            .cnp(
                "auth",
                "shop",
                spec(
                    "ingress: [{fromEndpoints: [{matchLabels: {app: api}}],"
                        + " authentication: {mode: required},"
                        + " toPorts: [{ports: [{port: '80'}]}]}]"))
            .cnp("plain", "shop", spec("ingress: [{fromEndpoints: [{}]}]"));
    assertThat(world.in("api", TCP, 80)).isFalse();
    assertThat(world.in("api", TCP, 81)).isTrue();
    assertThat(world.in("db", TCP, 80)).isTrue();
  }

  /** It is about nodes, which no policy is in force for: no endpoint is selected by it. */
  @ParameterizedTest
  @MethodSource("forNodes")
  void aPolicyForNodesSelectsNoEndpoint(Example example) {
    ParsedPolicy parsed =
        new PolicyParser(World.CLUSTER).parse(example.document.kind(), example.document.whole());
    assertThat(((ParsedPolicy.Valid) parsed).object().rules()).isEmpty();
    World world = world().putDocument(example.document.kind(), example.document.whole());
    assertThat(world.in("api", TCP, 80)).isTrue();
    assertThat(world.out("8.8.8.8", TCP, 80)).isTrue();
  }

  private static List<PolicyNotice> notices(YamlCases.Document document) {
    ParsedPolicy parsed = new PolicyParser(World.CLUSTER).parse(document.kind(), document.whole());
    return ((ParsedPolicy.Valid) parsed).object().notices();
  }
}
