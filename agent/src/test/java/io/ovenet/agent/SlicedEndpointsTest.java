package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.CiliumEndpointSliceRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlicedEndpointsTest {
  private final List<String> told = new ArrayList<>();
  private final SlicedEndpoints slices =
      new SlicedEndpoints(
          new RecordHandler<>() {
            @Override
            public void upserted(CiliumEndpointRecord record) {
              told.add(record.key().path() + "=" + record.identity());
            }

            @Override
            public void deleted(ObjectKey key) {
              told.add("-" + key.path());
            }

            @Override
            public void synced() {
              told.add("synced");
            }
          });

  private static CiliumEndpointRecord endpoint(String name, int identity) {
    return new CiliumEndpointRecord(
        new ObjectKey("n", name, ""),
        "",
        identity,
        0,
        "192.0.2.1",
        List.of("10.0.0.1"),
        "",
        List.of(),
        "",
        "");
  }

  private void slice(String name, CiliumEndpointRecord... endpoints) {
    slices.upserted(
        new CiliumEndpointSliceRecord(new ObjectKey("", name, "u"), "n", List.of(endpoints)));
  }

  private void expect(String... lines) {
    assertThat(told).containsExactly(lines);
    told.clear();
  }

  @Test
  void onlyWhatDiffersIsTold() {
    slice("s", endpoint("a", 300), endpoint("b", 301));
    slices.synced();
    expect("n/a=300", "n/b=301", "synced");
    slice("s", endpoint("a", 300), endpoint("b", 302));
    expect("n/b=302");
    slice("s", endpoint("b", 302), endpoint("c", 303));
    expect("n/c=303", "-n/a");
    slices.deleted(new ObjectKey("", "s", "u"));
    assertThat(told).containsExactlyInAnyOrder("-n/b", "-n/c");
  }

  @Test
  void anEndpointThatMovesFromSliceToSliceIsNeverGone() {
    slice("s", endpoint("a", 300));
    slice("t", endpoint("a", 301));
    expect("n/a=300", "n/a=301");
    slice("s");
    expect();
    slice("s", endpoint("a", 302));
    slices.deleted(new ObjectKey("", "s", "u"));
    expect("n/a=302", "n/a=301");
    slices.deleted(new ObjectKey("", "t", "u"));
    expect("-n/a");
  }
}
