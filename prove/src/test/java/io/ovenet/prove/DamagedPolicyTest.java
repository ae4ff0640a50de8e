package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Documents that are damaged by chance never stop the parser. */
class DamagedPolicyTest {
  private final PolicyParser parser = new PolicyParser("default");

  /** Valid documents with a value somewhere replaced: valid or not, but never an exception. */
  @Test
  void noDocumentMakesItThrow() {
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    System.out.println("DamagedPolicyTest: -Dovenet.seed=" + seed);
    Random random = new Random(seed);
    RandomPolicies policies = new RandomPolicies(random);
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      Map<String, Object> document = policies.policy();
      PolicyKind kind = List.of(PolicyKind.values()).get(random.nextInt(3));
      Object broken = damage(document, random, 1 + random.nextInt(12));
      ParsedPolicy parsed =
          parser.parse(kind, broken instanceof Map<?, ?> map ? strings(map) : Map.of());
      if (parsed instanceof ParsedPolicy.Invalid invalid) {
        refused++;
        assertThat(invalid.error().remedy()).as("%s", broken).isNotBlank();
      }
    }
    assertThat(refused).isBetween(1000, 19_999);
  }

  private static Map<String, ?> strings(Map<?, ?> map) {
    Map<String, Object> result = new HashMap<>();
    map.forEach((key, value) -> result.put(String.valueOf(key), value));
    return result;
  }

  private static Object damage(Object value, Random random, int depth) {
    if (depth == 0 || (!(value instanceof Map<?, ?>) && !(value instanceof List<?>))) {
      return switch (random.nextInt(8)) {
        case 0 -> List.of();
        case 1 -> Map.of();
        case 2 -> "";
        case 3 -> "-1";
        case 4 -> Double.NaN;
        case 5 -> true;
        case 6 -> new ArrayList<>(java.util.Arrays.asList((Object) null));
        default -> "\u0000\ud800x".repeat(random.nextInt(100));
      };
    }
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> copy = new LinkedHashMap<>(map);
      if (!copy.isEmpty()) {
        Object key = new ArrayList<>(copy.keySet()).get(random.nextInt(copy.size()));
        copy.put(key, damage(Objects.requireNonNull(copy.get(key)), random, depth - 1));
      }
      return copy;
    }
    List<Object> copy = new ArrayList<>((List<?>) value);
    if (!copy.isEmpty()) {
      int at = random.nextInt(copy.size());
      copy.set(at, damage(copy.get(at), random, depth - 1));
    }
    return copy;
  }
}
