package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.agent.PoliciesInForce.Standing;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PolicyRecord;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.policy.PolicyKind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which version of a policy is in force, as its author changes it and as the kernel can follow. */
class PolicySourceTest {
  private static final String ALLOWS_B =
      "{\"endpointSelector\":{\"matchLabels\":{\"app\":\"a\"}},"
          + "\"ingress\":[{\"fromEndpoints\":[{\"matchLabels\":{\"app\":\"b\"}}]}]}";
  private static final String INVALID =
      "{\"endpointSelector\":{\"matchLabels\":{\"app\":\"a\"}},"
          + "\"ingress\":[{\"fromCIDRSet\":[{\"cidr\":\"10.0.0.0/8\",\"except\":[\"192.0.2.0/24\"]}]}]}";

  @TempDir Path directory;
  private final RealizerWorld world = new RealizerWorld();
  private final PoliciesInForce inForce = new PoliciesInForce();
  private Steering steering;
  private ValidPolicies validPolicies;
  private PolicySource source;
  private final Set<String> alive = ConcurrentHashMap.newKeySet();
  private final Set<String> withPods = ConcurrentHashMap.newKeySet();
  private final DeletedPolicies deleted = new DeletedPolicies(alive::contains, withPods::contains);

  @BeforeEach
  void begin() throws Exception {
    for (var app : RealizerWorld.APPS) {
      world.identities.put(RealizerWorld.identityOf(app), RealizerWorld.labels(app));
    }
    world.endpoints.put(1, RealizerWorld.endpoint(1, 1, "a"));
    steering = new Steering(world.restarted(), _ -> {}, inForce);
    validPolicies = new ValidPolicies(directory);
    source =
        new PolicySource(
            PolicyKind.CILIUM_NETWORK_POLICY,
            world.parser,
            steering,
            validPolicies,
            inForce,
            deleted,
            new CountDownLatch(1));
    steering.begin().get();
  }

  @AfterEach
  void end() {
    deleted.close();
    steering.close();
    validPolicies.close();
  }

  private static PolicyRecord record(long generation, String spec, String status) {
    JsonObject object =
        Json.parse(
            ("{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"generation\":"
                    + generation
                    + ",\"resourceVersion\":\"r"
                    + generation
                    + "\"},\"spec\":"
                    + spec
                    + ",\"status\":"
                    + status
                    + "}")
                .getBytes(StandardCharsets.UTF_8));
    KubernetesRecord read = RecordKind.CILIUM_NETWORK_POLICIES.reader().apply(object);
    return (PolicyRecord) read;
  }

  private void put(long generation, String spec) {
    source.upserted(record(generation, spec, "{}"));
  }

  /** What is said when all that was told has been tried. */
  private PoliciesInForce.Policy policy() throws Exception {
    steering.realized(_ -> {}).exceptionally(_ -> null).get();
    var all = inForce.all();
    assertThat(all).hasSize(1);
    return all.iterator().next();
  }

  private PoliciesInForce.Version version() throws Exception {
    return Objects.requireNonNull(policy().inForce());
  }

  @Test
  void theNewestWhileItIsValidThenTheLastThatWas() throws Exception {
    put(1, ALLOWS_B);
    assertThat(version())
        .extracting("standing", "generation", "resourceVersion", "newest", "error")
        .containsExactly(Standing.CURRENT, 1L, "r1", 1L, "");
    put(2, ALLOWS_B.replace("\"b\"", "\"c\""));
    assertThat(version().generation()).isEqualTo(2);

    put(3, INVALID);
    var last = version();
    assertThat(last)
        .extracting("standing", "generation", "newest")
        .containsExactly(Standing.LAST_VALID, 2L, 3L);
    assertThat(last.error()).contains("spec.ingress[0].fromCIDRSet[0].except[0]");
    put(4, INVALID);
    assertThat(version().invalidSince()).as("not anew").isEqualTo(last.invalidSince());
    var status =
        "{\"conditions\":[{\"type\":\"Valid\",\"status\":\"False\","
            + "\"lastTransitionTime\":\"2026-01-02T03:04:05Z\"}]}";
    source.upserted(record(4, INVALID, status));
    assertThat(version().invalidSince())
        .as("the operator's time, which outlives the agent")
        .isEqualTo(Instant.parse("2026-01-02T03:04:05Z"));

    put(5, ALLOWS_B);
    assertThat(version())
        .extracting("standing", "generation", "error", "invalidSince")
        .containsExactly(Standing.CURRENT, 5L, "", null);
    source.deleted(new ObjectKey("n", "p", "u"));
    steering.realized(_ -> {}).get();
    assertThat(inForce.all()).isEmpty();
  }

  @Test
  void whereNoneWasValid() throws Exception {
    put(1, INVALID);
    assertThat(version())
        .extracting("standing", "generation", "newest")
        .containsExactly(Standing.ISOLATED, 0L, 1L);
    put(2, "{\"endpointSelector\":{\"matchLabels\":7},\"ingress\":[{}]}");
    assertThat(version().standing()).isEqualTo(Standing.NO_EFFECT);
  }

  @Test
  void aVersionThatFindsNoRoomIsNotInForce() throws Exception {
    put(1, ALLOWS_B);
    assertThat(version().generation()).isEqualTo(1);
    world.policies.room = world.policies.entries.size();
    put(
        2,
        ALLOWS_B.replace(
            "]}]}",
            "],\"toPorts\":[{\"ports\":[{\"port\":\"80\",\"protocol\":\"TCP\"},"
                + "{\"port\":\"443\",\"protocol\":\"TCP\"},"
                + "{\"port\":\"8080\",\"protocol\":\"UDP\"}]}]}]}"));
    var policy = policy();
    assertThat(Objects.requireNonNull(policy.inForce()).generation()).isEqualTo(1);
    assertThat(Objects.requireNonNull(policy.wanted()).generation()).isEqualTo(2);
    assertThat(inForce.failure()).contains("full");

    world.policies.room = Integer.MAX_VALUE;
    assertThat(version().generation()).isEqualTo(2);
    assertThat(inForce.failure()).isEmpty();
  }

  private void remove() {
    source.deleted(new ObjectKey("n", "p", "u"));
  }

  private boolean isInForce() {
    try {
      steering.realized(_ -> {}).get();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    return !inForce.all().isEmpty();
  }

  @Test
  void whatGoesWithItsNamespaceStaysWhilePodsOfItRun() throws Exception {
    withPods.add("n");
    put(1, ALLOWS_B);
    remove();
    NodeFixture.await("the namespace is gone", () -> deleted.isStaying("n"));
    assertThat(isInForce()).isTrue();

    put(2, ALLOWS_B);
    withPods.remove("n");
    deleted.podGone("n");
    assertThat(isInForce()).as("it is there again").isTrue();
    withPods.add("n");
    remove();
    NodeFixture.await("the namespace is gone", () -> deleted.isStaying("n"));
    withPods.remove("n");
    deleted.podGone("n");
    assertThat(isInForce()).isFalse();
  }

  private void restart() {
    source =
        new PolicySource(
            PolicyKind.CILIUM_NETWORK_POLICY,
            world.parser,
            steering,
            validPolicies,
            inForce,
            deleted,
            new CountDownLatch(1));
  }

  @Test
  void whatWasDeletedWhileNoAgentRan() throws Exception {
    alive.add("n");
    withPods.add("n");
    put(1, ALLOWS_B);
    restart();
    put(1, ALLOWS_B);
    source.synced();
    assertThat(isInForce()).as("it is there").isTrue();
    restart();
    source.synced();
    NodeFixture.await("somebody deleted it", () -> !isInForce());
    assertThat(validPolicies.all(PolicyKind.CILIUM_NETWORK_POLICY)).isEmpty();

    put(2, ALLOWS_B);
    alive.remove("n");
    restart();
    source.synced();
    NodeFixture.await("it went with its namespace", () -> deleted.isStaying("n"));
    assertThat(isInForce()).isTrue();
    withPods.remove("n");
    deleted.podGone("n");
    assertThat(isInForce()).isFalse();
  }

  @Test
  void whatSomebodyDeletesGoes() throws Exception {
    alive.add("n");
    put(1, ALLOWS_B);
    remove();
    assertThat(isInForce()).as("at once: no pod of it is here").isFalse();
    withPods.add("n");
    put(2, ALLOWS_B);
    remove();
    NodeFixture.await("it goes", () -> !isInForce());
  }
}
