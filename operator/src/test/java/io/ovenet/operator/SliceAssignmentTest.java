package io.ovenet.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.CiliumEndpointSliceRecord;
import io.ovenet.kubernetes.ObjectKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SliceAssignmentTest {
  private int names;

  private String freshName() {
    return "ces-" + names++;
  }

  private static CiliumEndpointRecord endpoint(String namespace, String name, int identity) {
    return new CiliumEndpointRecord(
        new ObjectKey(namespace, name, "uid"),
        "7",
        identity,
        3,
        "192.0.2.1",
        List.of("10.0.0.1"),
        "ready",
        List.of(),
        "pod",
        "");
  }

  private static CiliumEndpointSliceRecord slice(
      String name, String namespace, List<CiliumEndpointRecord> endpoints) {
    return new CiliumEndpointSliceRecord(
        new ObjectKey("", name, "u"),
        namespace,
        endpoints.stream().map(CiliumEndpointSliceRecord::told).toList());
  }

  @Test
  void aHundredOfOneNamespaceShareASliceAndRoomIsUsedAgain() {
    var assignment = new SliceAssignment();
    for (int i = 0; i < SliceAssignment.MOST; i++) {
      assertThat(assignment.put(endpoint("a", "p" + i, 300), this::freshName)).isEqualTo("ces-0");
    }
    assertThat(assignment.put(endpoint("a", "one-more", 300), this::freshName)).isEqualTo("ces-1");
    assertThat(assignment.put(endpoint("b", "p", 300), this::freshName)).isEqualTo("ces-2");
    assertThat(assignment.remove("a", "p7")).isEqualTo("ces-0");
    assertThat(assignment.put(endpoint("a", "next", 300), this::freshName))
        .as("room that there is")
        .isIn("ces-0", "ces-1");
    assertThat(assignment.remove("a", "never-was")).isNull();
  }

  @Test
  void whatASliceDoesNotTellIsNoReasonToWriteIt() {
    var assignment = new SliceAssignment();
    assertThat(assignment.put(endpoint("a", "p", 300), this::freshName)).isEqualTo("ces-0");
    assertThat(assignment.put(endpoint("a", "p", 300), this::freshName)).isNull();
    assertThat(assignment.put(endpoint("a", "p", 301), this::freshName)).isEqualTo("ces-0");
  }

  @Test
  void slicesOfAFormerOperatorAreTakenOverAndCleared() {
    var assignment = new SliceAssignment();
    var gone = endpoint("a", "gone", 300);
    var stays = endpoint("a", "stays", 300);
    assertThat(assignment.found(slice("one", "a", List.of(gone, stays)))).isFalse();
    assertThat(assignment.found(slice("two", "a", List.of(stays)))).as("told twice").isTrue();
    assertThat(assignment.wanted("two")).isNull();
    assertThat(assignment.put(stays, this::freshName)).as("as it is").isNull();
    assertThat(assignment.retainSeen()).containsExactly("one");
    assertThat(assignment.wanted("one"))
        .isEqualTo(new SliceAssignment.Wanted("a", List.of(CiliumEndpointSliceRecord.told(stays))));
    assertThat(assignment.found(slice("strange", "a", List.of(gone)))).isTrue();
    assertThat(assignment.wanted("strange")).as("nobody wants it").isNull();
    assertThat(assignment.lost("one")).isTrue();
    assertThat(assignment.remove("a", "stays")).isEqualTo("one");
    assertThat(assignment.wanted("one")).as("over").isNull();
    assertThat(assignment.lost("one")).isFalse();
  }

  @Test
  void afterAnySequenceEachEndpointIsToldOnceByAFullEnoughSlice() {
    long seed = System.nanoTime();
    var random = new Random(seed);
    var assignment = new SliceAssignment();
    var written = new HashMap<String, List<CiliumEndpointRecord>>();
    var present = new HashMap<String, CiliumEndpointRecord>();
    assignment.retainSeen();
    for (int i = 0; i < 20_000; i++) {
      var endpoint =
          endpoint("n" + random.nextInt(3), "p" + random.nextInt(700), 256 + random.nextInt(2));
      String changed;
      if (random.nextInt(3) > 0) {
        changed = assignment.put(endpoint, this::freshName);
        present.put(endpoint.key().path(), CiliumEndpointSliceRecord.told(endpoint));
      } else {
        changed = assignment.remove(endpoint.key().namespace(), endpoint.key().name());
        present.remove(endpoint.key().path());
      }
      if (changed != null) {
        var wanted = assignment.wanted(changed);
        if (wanted == null) {
          written.remove(changed);
        } else {
          written.put(changed, wanted.endpoints());
        }
      }
    }
    var told = new ArrayList<CiliumEndpointRecord>();
    for (Map.Entry<String, List<CiliumEndpointRecord>> each : written.entrySet()) {
      assertThat(each.getValue()).as("seed %d", seed).hasSizeBetween(1, SliceAssignment.MOST);
      told.addAll(each.getValue());
    }
    assertThat(told).as("seed %d", seed).hasSameSizeAs(present.values());
    assertThat(new HashSet<>(told)).as("seed %d", seed).isEqualTo(new HashSet<>(present.values()));
  }
}
