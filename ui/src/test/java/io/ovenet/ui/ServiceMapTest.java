package io.ovenet.ui;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.ICMPv4;
import io.ovenet.api.flow.Layer4;
import io.ovenet.api.flow.TrafficDirection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Arrows of the map, from flows. */
class ServiceMapTest {
  private static final long NOW = 1_800_000_000_000L;

  private final ServiceMap map = new ServiceMap();
  private long sequence;

  private void add(Flow.Builder flow) {
    map.add(FlowView.of(++sequence, flow.build()));
  }

  private Map<String, Object> json(End.Level level) {
    return map.json(level, "", 500, List.of(), NOW);
  }

  private static List<?> list(Map<String, Object> map, String name) {
    return map.get(name) instanceof List<?> list ? list : List.of();
  }

  @Test
  void countsByVerdictAndJoinsPodsOfAnApplication() {
    for (int i = 0; i < 3; i++) {
      add(
          FakeHubble.tcp(
              FakeHubble.pod("shop", "web-" + i, "web"),
              FakeHubble.pod("shop", "db-0", "db"),
              5432,
              i != 0,
              NOW - 1000));
    }
    Map<String, Object> byApplication = json(End.Level.APPLICATION);
    assertThat(list(byApplication, "edges"))
        .singleElement()
        .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
        .containsEntry("from", "shop/web")
        .containsEntry("to", "shop/db")
        .containsEntry("forwarded", 2L)
        .containsEntry("dropped", 1L)
        .containsEntry("reason", "Policy denied")
        .containsEntry("rate", 2 / 60.0);
    assertThat(list(json(End.Level.POD), "edges")).hasSize(3);
    assertThat(list(json(End.Level.NAMESPACE), "nodes")).hasSize(1);
  }

  private Map<?, ?> onlyEdge() {
    return (Map<?, ?>) list(json(End.Level.POD), "edges").getFirst();
  }

  /** As a tenant is told of who is in somebody else's. */
  @Test
  void whoseNamespaceAloneIsKnownIsNotTheWorld() {
    Endpoint hidden = Endpoint.newBuilder().setNamespace("bank").build();
    add(FakeHubble.tcp(FakeHubble.pod("shop", "web-0", "web"), hidden, 80, false, NOW - 1000));
    for (End.Level level : End.Level.values()) {
      assertThat(list(json(level), "edges"))
          .singleElement()
          .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
          .extractingByKey("to")
          .asString()
          .isEqualTo(level == End.Level.NAMESPACE ? "bank" : "bank/(some pod)");
    }
  }

  @Test
  void whatLeftItsSourceHasNotPassedUntilItsDestinationLetItIn() {
    var web = FakeHubble.pod("shop", "web", "web");
    var db = FakeHubble.pod("shop", "db", "db");
    Flow.Builder leaving =
        FakeHubble.tcp(web, db, 5432, true, NOW - 1000)
            .setTrafficDirection(TrafficDirection.EGRESS);
    add(leaving);
    assertThat(onlyEdge().get("forwarded")).as("nobody saw more of it").isEqualTo(1L);
    add(FakeHubble.tcp(web, db, 5432, false, NOW - 1000));
    add(leaving);
    assertThat(onlyEdge().get("forwarded")).isEqualTo(0L);
    assertThat(onlyEdge().get("rate")).isEqualTo(0.0);
    assertThat(onlyEdge().get("dropped")).isEqualTo(1L);
    assertThat(map.connections(true)).isEmpty();
    assertThat(map.connections(false)).hasSize(1);
    add(FakeHubble.tcp(web, db, 5432, true, NOW - 1000));
    assertThat(onlyEdge().get("forwarded")).isEqualTo(1L);
  }

  @Test
  void anIcmpErrorIsNoConnection() {
    add(
        FakeHubble.tcp(
                FakeHubble.pod("shop", "db", "db"), FakeHubble.pod("shop", "web", "web"), 0, true)
            .setL4(Layer4.newBuilder().setICMPv4(ICMPv4.newBuilder().setType(3).setCode(1))));
    assertThat(list(json(End.Level.POD), "edges")).isEmpty();
  }

  @Test
  void ratesFallToNothingAfterAMinute() {
    add(
        FakeHubble.tcp(
            FakeHubble.pod("shop", "web", "web"), FakeHubble.world(), 443, true, NOW - 61_000));
    add(
        FakeHubble.tcp(
            FakeHubble.pod("shop", "web", "web"), FakeHubble.world(), 443, true, NOW - 30_000));
    assertThat(list(json(End.Level.POD), "edges"))
        .singleElement()
        .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
        .containsEntry("to", "(world)")
        .containsEntry("forwarded", 2L)
        .containsEntry("rate", 1 / 60.0);
  }

  @Test
  void aMachineIsToldFromItsLauncherAndByItsWorkload() {
    add(
        FakeHubble.tcp(
            FakeHubble.pod("shop", "virt-launcher-data-base-x7k2p", "db"),
            FakeHubble.world(),
            443,
            true,
            NOW));
    assertThat(list(json(End.Level.POD), "nodes").toString())
        .contains("id=vm shop/data-base")
        .contains("kind=vm");
  }

  @Test
  void anAnswerIsNoArrowOfItsOwn() {
    var web = FakeHubble.pod("shop", "web", "web");
    var db = FakeHubble.pod("shop", "db", "db");
    add(FakeHubble.tcp(web, db, 5432, true, NOW));
    add(
        FakeHubble.tcp(db, web, 40_000, true, NOW)
            .setIsReply(com.google.protobuf.BoolValue.of(true)));
    assertThat(list(json(End.Level.POD), "edges")).hasSize(1);
  }

  @Test
  void moreNodesThanOneCanReadAreDrawnCoarserAndItSaysSo() {
    for (int i = 0; i < 600; i++) {
      add(
          FakeHubble.tcp(
              FakeHubble.pod("ns-" + i % 20, "pod-" + i, "app-" + i),
              FakeHubble.world(),
              443,
              true,
              NOW));
    }
    Map<String, Object> drawn = json(End.Level.POD);
    assertThat(drawn)
        .containsEntry("by", "namespace")
        .containsEntry("wanted", "pod")
        .containsEntry("tooMany", 601L);
    assertThat(list(drawn, "nodes")).hasSize(21);
    assertThat(list(map.json(End.Level.POD, "ns-3", 500, List.of(), NOW), "nodes")).hasSize(31);
  }

  @Test
  void silentWorkloadsAreDrawnToo() {
    assertThat(
            list(
                map.json(
                    End.Level.APPLICATION,
                    "",
                    500,
                    List.of(new End("shop", "web", "web-1", "", "")),
                    NOW),
                "nodes"))
        .hasSize(1);
  }

  @Test
  void edgesAreBoundedAndThoseForgottenAreCounted() {
    for (int i = 0; i < 40_010; i++) {
      add(
          FakeHubble.tcp(
              FakeHubble.pod("shop", "pod-" + i, "web"), FakeHubble.world(), 443, true, NOW));
    }
    assertThat(json(End.Level.APPLICATION)).containsEntry("forgotten", 10L);
  }
}
