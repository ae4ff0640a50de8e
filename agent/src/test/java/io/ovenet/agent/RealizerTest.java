package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.agent.RealizerWorld.Moment;
import io.ovenet.datapath.PolicyKey;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Random changes over tables in memory, looked at after every single write: what a packet would
 * meet is decided as before the change or as after it, never otherwise; also over restarts.
 */
class RealizerTest {
  private final RealizerWorld world = new RealizerWorld();

  /** What numbers meant before the change. */
  private Map<Integer, Labels> meant = Map.of();

  @Test
  void noWriteLeavesWhatNeitherOldNorNewPolicySays() {
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    System.out.println("RealizerTest: -Dovenet.seed=" + seed);
    var random = new Random(seed);
    for (var app : RealizerWorld.APPS) {
      world.identities.put(RealizerWorld.identityOf(app), RealizerWorld.labels(app));
    }
    world.identities.put(1, Labels.of(Label.reserved("host")));
    world.identities.put(2, Labels.of(Label.reserved("world")));
    var realizer = world.restarted();
    realizer.realize();
    for (int step = 0; step < 250; step++) {
      if (random.nextInt(10) == 0) {
        realizer = world.restarted();
      } else {
        world.change(realizer, random);
      }
      verifyEachWrite(realizer, seed, step);
      meant = world.meanings();
    }
  }

  private void verifyEachWrite(Realizer realizer, long seed, int step) {
    world.otherMeanings = !meant.equals(world.meanings());
    var questions = world.questions();
    var before = world.moment(questions);
    long revision = world.tables.revisions().current();
    var seen = new ArrayList<Moment>();
    world.look = () -> seen.add(world.moment(questions));
    realizer.realize();
    world.look = () -> {};
    var after = world.moment(questions);
    for (var moment : seen) {
      verifyStandings(before, moment, after, "seed %d step %d".formatted(seed, step));
      for (var question : questions) {
        var answer = moment.answers().get(question);
        if (!Objects.equals(answer, before.answers().get(question))
            && !isRefusedMeanwhile(question, moment)) {
          assertThat(answer)
              .as("seed %d step %d: %s", seed, step, question)
              .isEqualTo(after.answers().get(question));
        }
      }
    }
    var differences = new TreeMap<String, Boolean>();
    world
        .fresh(questions)
        .forEach(
            (question, answer) -> {
              if (!answer.equals(after.answers().get(question))) {
                differences.put(question.toString(), answer);
              }
            });
    assertThat(differences)
        .as("seed %d step %d: what a fresh node answers otherwise", seed, step)
        .isEmpty();
    for (int id : world.endpoints.keySet()) {
      var found = Objects.requireNonNull(world.tables.endpoints().get(id));
      boolean differs = false;
      for (var question : questions) {
        differs |=
            question.endpoint() == id
                && !Objects.equals(before.answers().get(question), after.answers().get(question))
                && !world.isJudgedAnewAt(question, revision);
      }
      if (differs) {
        assertThat(found.revision())
            .as("seed %d step %d: connections of %d are judged anew", seed, step, id)
            .isGreaterThan(revision);
      }
    }
  }

  /**
   * What an endpoint on its way to another identity refuses meanwhile, and whoever has a number
   * that comes to mean something else.
   */
  private boolean isRefusedMeanwhile(RealizerWorld.Question question, Moment moment) {
    var standing = moment.endpoints().get(question.endpoint());
    return moment.nobodys().contains(question) || (standing != null && standing.isClosed());
  }

  /**
   * An endpoint has its old identity with its old policy or the new with the new, or is closed. A
   * policy is known by what it says, not by its number: two that come to say the same are made one.
   */
  private static void verifyStandings(Moment before, Moment moment, Moment after, String when) {
    moment
        .endpoints()
        .forEach(
            (id, standing) -> {
              var old = before.endpoints().get(id);
              var now = Objects.requireNonNull(after.endpoints().get(id));
              if (old == null || old.identity() == now.identity()) {
                assertThat(standing.isClosed()).as("%s: endpoint %d", when, id).isFalse();
                assertThat(standing.identity())
                    .as("%s: endpoint %d", when, id)
                    .isEqualTo(now.identity());
              } else if (!standing.isClosed()) {
                assertThat(standing.identity())
                    .as("%s: endpoint %d", when, id)
                    .isIn(old.identity(), now.identity());
                var itsOwn = standing.identity() == old.identity() ? before : after;
                moment
                    .answers()
                    .forEach(
                        (question, answer) -> {
                          if (question.endpoint() == id
                              && question.peer() != 0
                              && !moment.nobodys().contains(question)) {
                            assertThat(answer)
                                .as("%s: %s as %d", when, question, standing.identity())
                                .isEqualTo(itsOwn.answers().get(question));
                          }
                        });
              }
            });
  }

  /**
   * Two come to be judged alike, who were not, while no agent ran: one of them by tables of its
   * own, the other as anybody. For no moment the second is judged as the first was.
   */
  @Test
  void whoComesToBeJudgedAlikeIsNotJudgedAsTheOtherWas() {
    for (var app : RealizerWorld.APPS) {
      world.identities.put(RealizerWorld.identityOf(app), RealizerWorld.labels(app));
    }
    world.endpoints.put(1, RealizerWorld.endpoint(1, 1, "d"));
    world.documents.put("p", ingress(Map.of("ingress", List.of(from("a")))));
    world.restarted().realize();
    meant = world.meanings();

    world.documents.put("p", ingress(Map.of("ingressDeny", List.of(from("a", "b")))));
    verifyEachWrite(world.restarted(), 0, 0);
  }

  /**
   * An address's identity has two meanings until an endpoint here gets another one: from then on it
   * is known, and is not to be met by the policy that the endpoint still has.
   */
  @Test
  void whoBecomesKnownIsNotJudgedByThePolicyOfWhoMovesAway() {
    for (var app : RealizerWorld.APPS) {
      world.identities.put(RealizerWorld.identityOf(app), RealizerWorld.labels(app));
    }
    int disputed = RealizerWorld.identityOf("d");
    world.identities.put(disputed, RealizerWorld.labels("c"));
    world.endpoints.put(1, RealizerWorld.endpoint(1, 1, "d"));
    world.remote.put("10.0.1.2", new RealizerWorld.Pod(disputed, RealizerWorld.NAMED.get(1)));
    world.documents.put("p", ingress(Map.of("ingress", List.of(from("c")))));
    var port = Map.of("ports", List.of(Map.of("port", "80", "protocol", "TCP")));
    var denied = new TreeMap<String, Object>(from("c"));
    denied.put("toPorts", List.of(port));
    world.documents.put("r", ingress("r", Map.of(), Map.of("ingressDeny", List.of(denied))));
    // Makes the address differ from others of its identity.
    var block = Map.of("cidr", "10.0.0.0/8", "except", List.of("10.0.1.0/24"));
    world.documents.put(
        "q",
        Map.of(
            "kind",
            "NetworkPolicy",
            "metadata",
            Map.of("name", "q", "namespace", "n"),
            "spec",
            Map.of(
                "podSelector",
                Map.of(),
                "policyTypes",
                List.of("Egress"),
                "egress",
                List.of(Map.of("to", List.of(Map.of("ipBlock", block)))))));
    var realizer = world.restarted();
    realizer.realize();
    meant = world.meanings();

    var moved = realizer.relabel(1, RealizerWorld.identityOf("a"), RealizerWorld.labels("a"));
    world.endpoints.put(1, Objects.requireNonNull(moved));
    verifyEachWrite(realizer, 0, 0);
  }

  private static Map<String, ?> from(String... apps) {
    var any = Map.of("key", "app", "operator", "In", "values", List.of(apps));
    return Map.of("fromEndpoints", List.of(Map.of("matchExpressions", List.of(any))));
  }

  private static Map<String, ?> ingress(Map<String, ?> rules) {
    return ingress("p", Map.of("matchLabels", Map.of("app", "d")), rules);
  }

  private static Map<String, ?> ingress(String name, Map<String, ?> subject, Map<String, ?> rules) {
    var spec = new TreeMap<String, Object>(rules);
    spec.put("endpointSelector", subject);
    return Map.of("metadata", Map.of("name", name, "namespace", "n"), "spec", spec);
  }

  @Test
  void whatDoesNotFitLeavesWhatWasInForce() {
    for (var app : RealizerWorld.APPS) {
      world.identities.put(RealizerWorld.identityOf(app), RealizerWorld.labels(app));
    }
    world.endpoints.put(1, RealizerWorld.endpoint(1, 1, "a"));
    var document = RealizerWorld.document("p", new Random(3));
    world.documents.put("p", document);
    var realizer = world.restarted();
    realizer.realize();
    var before = world.answers(world.questions());
    var held = Map.copyOf(world.policies.entries);

    world.policies.room = world.policies.entries.size();
    for (int i = 0; i < 20; i++) {
      realizer.upsertPolicy(world.valid(RealizerWorld.document("q" + i, new Random(i))));
    }
    assertThatThrownBy(realizer::realize).isInstanceOf(Table.TableException.class);
    assertThat(world.policies.entries).containsAllEntriesOf(held);
    assertThat(world.answers(world.questions())).isEqualTo(before);
    var added = RealizerWorld.endpoint(2, 1, "b");
    realizer.addEndpoint(added);
    assertThatThrownBy(realizer::realize).isInstanceOf(Table.TableException.class);
    assertThat(world.tables.endpoints().get(2)).as("a new endpoint passes nothing").isNull();

    world.policies.room = Integer.MAX_VALUE;
    realizer.realize();
    assertThat(world.tables.endpoints().get(2)).isNotNull();
  }

  @Test
  void policiesThatDifferOnlyInWhoIsYetToComeAreNotOne() {
    world.endpoints.put(1, RealizerWorld.endpoint(1, 1, "a"));
    world.endpoints.put(2, RealizerWorld.endpoint(2, 1, "a"));
    world.documents.put(
        "p",
        Map.of(
            "metadata",
            Map.of("name", "p", "namespace", "n"),
            "spec",
            Map.of(
                "endpointSelector",
                Map.of(),
                "ingress",
                List.of(
                    Map.of(
                        "fromEndpoints",
                        List.of(Map.of("matchLabels", Map.of("app", "b"))),
                        "toPorts",
                        List.of(Map.of("ports", List.of(Map.of("port", "http")))))))));
    var realizer = world.restarted();
    realizer.realize();
    // Each endpoint's own port of that name: 80, and 443.
    int b = RealizerWorld.identityOf("b");
    realizer.upsertIdentity(b, RealizerWorld.labels("b"));
    realizer.realize();
    for (int endpoint : new int[] {1, 2}) {
      for (int port : new int[] {80, 443}) {
        assertThat(
                world.passes(new RealizerWorld.Question(endpoint, b, "", PolicyKey.INGRESS, port)))
            .as("endpoint %d, port %d", endpoint, port)
            .isEqualTo(port == (endpoint == 1 ? 80 : 443));
      }
    }
  }

  @Test
  void aNumberThatComesToMeanOthersLabelsGivesItsFormerHolderNothing() {
    world.identities.put(1097, RealizerWorld.labels("a"));
    world.identities.put(1098, RealizerWorld.labels("b"));
    world.endpoints.put(1, RealizerWorld.endpoint(1, 1, "a"));
    world.endpoints.put(2, RealizerWorld.endpoint(2, 1, "b"));
    world.documents.put(
        "p",
        Map.of(
            "metadata",
            Map.of("name", "p", "namespace", "n"),
            "spec",
            Map.of(
                "endpointSelector",
                Map.of("matchLabels", Map.of("app", "b")),
                "ingress",
                List.of(
                    Map.of("fromEndpoints", List.of(Map.of("matchLabels", Map.of("app", "c"))))))));
    var realizer = world.restarted();
    realizer.realize();
    var fromFirst = new RealizerWorld.Question(2, 0, "10.0.0.1", PolicyKey.INGRESS, 80);
    var asFirst = new RealizerWorld.Question(2, 1097, "", PolicyKey.INGRESS, 80);
    assertThat(world.passes(fromFirst)).isFalse();

    realizer.upsertIdentity(1097, RealizerWorld.labels("c"));
    realizer.realize();
    assertThat(world.passes(fromFirst)).as("by what its number means now").isFalse();
    assertThat(world.passes(asFirst)).as("nobody's while both have it").isFalse();

    realizer.relabel(1, 1111, RealizerWorld.labels("a"));
    realizer.realize();
    assertThat(world.passes(fromFirst)).as("with a number of its own").isFalse();
    assertThat(world.passes(asFirst)).as("whose it is").isTrue();
  }

  @Test
  void realizingTwiceChangesNothing() {
    for (var app : RealizerWorld.APPS) {
      world.identities.put(RealizerWorld.identityOf(app), RealizerWorld.labels(app));
    }
    world.endpoints.put(1, RealizerWorld.endpoint(1, 1, "a"));
    world.documents.put("p", RealizerWorld.document("p", new Random(1)));
    var realizer = world.restarted();
    long revision = realizer.realize();
    world.look =
        () -> {
          throw new AssertionError("written again");
        };
    assertThat(realizer.realize()).isEqualTo(revision);
  }
}
