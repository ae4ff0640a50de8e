package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.flow.FlowEndpoint;
import io.ovenet.flow.FlowLabels;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TenuresTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final AtomicLong now = new AtomicLong(1000 * SECOND);
  private final Tenures<String> tenures = new Tenures<>(now::get);

  private static FlowEndpoint pod(String name) {
    return FlowEndpoint.pod(0, 4711, "default", "shop", name, FlowLabels.NONE, java.util.List.of());
  }

  private String at(long time) {
    var who = tenures.get("10.0.0.1", time);
    return who == null ? "" : who.podName();
  }

  @Test
  void anAddressIsThatPodsWhoseItWasThen() {
    tenures.put("10.0.0.1", pod("first"));
    now.addAndGet(SECOND);
    long inFirst = now.get();
    now.addAndGet(SECOND);
    tenures.remove("10.0.0.1");
    now.addAndGet(SECOND);
    tenures.put("10.0.0.1", pod("second"));
    now.addAndGet(SECOND);
    assertThat(at(inFirst)).isEqualTo("first");
    assertThat(at(now.get())).isEqualTo("second");
  }

  @Test
  void whoComesBeforeItIsToldOfIsTheNewOne() {
    long early = now.get();
    now.addAndGet(SECOND);
    tenures.put("10.0.0.1", pod("first"));
    assertThat(at(early)).isEqualTo("first");
    tenures.remove("10.0.0.1");
    now.addAndGet(2 * SECOND);
    long between = now.get();
    now.addAndGet(SECOND);
    tenures.put("10.0.0.1", pod("second"));
    assertThat(at(between)).isEqualTo("second");
  }

  @Test
  void whoIsGoneHasTheLastEventsAndNoMore() {
    tenures.put("10.0.0.1", pod("first"));
    now.addAndGet(SECOND);
    tenures.remove("10.0.0.1");
    assertThat(at(now.get() + SECOND / 2)).isEqualTo("first");
    assertThat(at(now.get() + 2 * SECOND)).isEmpty();
  }

  @Test
  void thePastIsForgotten() {
    for (int i = 0; i < 1000; i++) {
      tenures.put("10.0.0." + i, pod("p" + i));
      tenures.put("10.0.0." + i, pod("q" + i));
      tenures.remove("10.0.0." + i);
      now.addAndGet(SECOND);
    }
    assertThat(tenures.size()).isLessThan(20);
  }
}
