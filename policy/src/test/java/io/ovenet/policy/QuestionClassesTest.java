package io.ovenet.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class QuestionClassesTest {
  private static final PolicyKey KEY =
      new PolicyKey(PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY, "", "p");
  private static final PolicySubject WEB = PolicySubject.of(pod("web"));

  private static Labels pod(String app, String... more) {
    List<Label> labels = new ArrayList<>(List.of(Label.k8s("app", app)));
    labels.add(Label.k8s(LabelKeys.NAMESPACE, "shop"));
    for (String label : more) {
      labels.add(Label.parse(label));
    }
    return Labels.of(labels);
  }

  private static QuestionClasses classes(RuleEntry... entries) {
    Rule rule =
        new Rule(
            EndpointSelector.of(List.of(LabelRequirement.in("k8s", "app", List.of("web")))),
            true,
            true,
            List.of(entries),
            Labels.EMPTY,
            "",
            new RuleOrigin(KEY.kind(), "", "p", "spec"));
    return new QuestionClasses(List.of(new PolicyObject(KEY, List.of(rule), List.of())), List.of());
  }

  private static RuleEntry entry(
      TrafficDirection direction, Peers peers, List<PortRange> ports, List<PortName> names) {
    RuleOrigin origin = new RuleOrigin(KEY.kind(), "", "p", "spec." + direction);
    return new RuleEntry(direction, RuleEffect.ALLOW, peers, ports, names, origin);
  }

  private static RuleEntry in(PeerSelector... peers) {
    return entry(
        TrafficDirection.INGRESS,
        new Peers.Selected(List.of(peers)),
        List.of(PortRange.EVERYTHING),
        List.of());
  }

  private static CidrSelector cidr(String cidr, String... except) {
    List<Cidr> holes = new ArrayList<>();
    for (String hole : except) {
      holes.add(Cidr.parse(hole));
    }
    return new CidrSelector(Cidr.parse(cidr), holes, true);
  }

  private static QuestionClasses.Peer peer(Labels labels) {
    return new QuestionClasses.Peer(labels, null, NamedPorts.NONE);
  }

  @Test
  void identitiesAreDividedByTheKeysAndValuesThatSelectorsName() {
    QuestionClasses classes =
        classes(
            in(
                EndpointSelector.of(List.of(LabelRequirement.in("any", "app", List.of("api")))),
                EndpointSelector.of(List.of(LabelRequirement.exists("k8s", "tier")))));
    List<Labels> peers =
        List.of(
            pod("api"),
            pod("api", "k8s:color=red"),
            pod("db"),
            pod("web"),
            pod("db", "k8s:tier=a"),
            pod("web", "k8s:tier=b"),
            ReservedIdentity.HOST.labels(),
            ReservedIdentity.HEALTH.labels());
    assertThat(
            classes.peers(WEB, TrafficDirection.INGRESS, peers, QuestionClassesTest::peer).stream()
                .map(List::size))
        .containsExactly(2, 2, 2, 1, 1);
    assertThat(classes.peers(WEB, TrafficDirection.EGRESS, peers, QuestionClassesTest::peer))
        .as("no rule of that direction")
        .hasSize(3);
    assertThat(classes.subjects(List.of(pod("web"), pod("db"), pod("api")), PolicySubject::of))
        .containsExactly(List.of(pod("web")), List.of(pod("db"), pod("api")));
  }

  @Test
  void addressesAreDividedAtEveryPrefixAndHole() {
    QuestionClasses classes =
        classes(in(cidr("10.0.0.0/8", "10.1.0.0/16"), cidr("10.0.0.0/9"), cidr("10.128.0.0/9")));
    assertThat(classes.outside(List.of(Cidr.parse("10.0.0.0"), Cidr.parse("10.0.0.1"))))
        .as("two halves fill 10.0.0.0/8")
        .containsExactly(
            Cidr.parse("0.0.0.0"),
            Cidr.parse("10.0.0.2"),
            Cidr.parse("10.1.0.0"),
            Cidr.parse("10.128.0.0"),
            Cidr.parse("::"));
    List<Cidr> pods = new ArrayList<>();
    for (String address : List.of("10.0.0.1", "10.0.9.9", "10.1.2.3", "10.200.0.1", "172.16.0.1")) {
      pods.add(Cidr.parse(address));
    }
    assertThat(
            classes.peers(
                WEB,
                TrafficDirection.INGRESS,
                pods,
                address -> new QuestionClasses.Peer(pod("db"), address, NamedPorts.NONE)))
        .containsExactly(
            pods.subList(0, 2), pods.subList(2, 3), pods.subList(3, 4), pods.subList(4, 5));
  }

  @Test
  void theLastAddressesAreGiven() {
    assertThat(classes(in(cidr("255.255.255.254/31"), cidr("255.255.255.255"))).outside(List.of()))
        .contains(Cidr.parse("255.255.255.254"), Cidr.parse("255.255.255.255"));
    assertThat(
            classes(in(cidr("0.0.0.0/1"), cidr("128.0.0.0/1"), cidr("8000::/1"), cidr("::/65")))
                .outside(List.of()))
        .containsExactly(
            Cidr.parse("0.0.0.0"),
            Cidr.parse("128.0.0.0"),
            Cidr.parse("0:0:0:0:8000::"),
            Cidr.parse("::"),
            Cidr.parse("8000::"));
  }

  @Test
  void portsAreDividedAtEveryBoundary() {
    QuestionClasses classes =
        classes(
            entry(
                TrafficDirection.EGRESS,
                Peers.EVERYONE,
                List.of(
                    new PortRange(PortRange.TCP, 80, 90),
                    new PortRange(PortRange.TCP, 85, 65535),
                    PortRange.icmp(PortRange.ICMP, 8),
                    PortRange.all(47)),
                List.of(new PortName(PortRange.UDP, "dns"))));
    NamedPorts ports = NamedPorts.of(List.of(new NamedPort("dns", PortRange.UDP, 53)));
    List<PortRange> traffic = classes.traffic(WEB, TrafficDirection.EGRESS, List.of(ports));
    assertThat(new TreeSet<>(traffic))
        .containsExactly(
            new PortRange(1, 0, 0x7ff),
            new PortRange(1, 0x800, 0x8ff),
            new PortRange(1, 0x900, 0xffff),
            PortRange.all(2),
            new PortRange(6, 0, 79),
            new PortRange(6, 80, 84),
            new PortRange(6, 85, 90),
            new PortRange(6, 91, 65535),
            new PortRange(17, 0, 52),
            new PortRange(17, 53, 53),
            new PortRange(17, 54, 65535),
            PortRange.all(47),
            PortRange.all(58),
            PortRange.all(132));
    assertThat(classes.traffic(WEB, TrafficDirection.INGRESS, List.of(ports)))
        .as("no rule of that direction: whole protocols")
        .hasSize(6);
  }

  @Test
  void everyClassIsAskedAtBothItsEnds() {
    QuestionClasses classes =
        classes(
            entry(
                TrafficDirection.INGRESS,
                Peers.EVERYONE,
                List.of(new PortRange(PortRange.TCP, 80, 80)),
                List.of()));
    List<String> asked = new ArrayList<>();
    QuestionClasses.Count count =
        classes.forEach(
            List.of(WEB),
            subject -> subject,
            List.of(pod("api"), pod("db")),
            QuestionClassesTest::peer,
            (_, direction, peer, protocol, port) ->
                asked.add(direction + " " + peer + " " + protocol + "/" + port));
    // Six protocols in each direction, TCP of ingress in three parts, one of them a single port.
    assertThat(count).isEqualTo(new QuestionClasses.Count(1, 8 + 6, 15 + 12));
    assertThat(asked)
        .hasSize(27)
        .doesNotHaveDuplicates()
        .contains(
            "INGRESS " + pod("api") + " 6/79",
            "INGRESS " + pod("api") + " 6/80",
            "INGRESS " + pod("api") + " 6/81");
  }
}
