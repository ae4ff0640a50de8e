package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.datapath.Reporting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentConfigTest {
  @TempDir Path directory;

  private static AgentConfig parse(String... flags) {
    var arguments = new ArrayList<>(List.of("--node-name=node-1"));
    arguments.addAll(List.of(flags));
    return AgentConfig.parse(arguments);
  }

  @Test
  void readsAMountedConfigMapAndLetsFlagsWin() throws Exception {
    Files.createDirectory(directory.resolve("..2026_data"));
    Files.createSymbolicLink(directory.resolve("..data"), Path.of("..2026_data"));
    Files.writeString(directory.resolve("..2026_data/monitor-aggregation"), "none\n");
    Files.createSymbolicLink(
        directory.resolve("monitor-aggregation"), Path.of("..data/monitor-aggregation"));
    Files.writeString(directory.resolve("cluster-name"), "east");
    Files.writeString(directory.resolve("bpf-ct-global-tcp-max"), "5000");
    var config = parse("--config-dir", directory.toString(), "--cluster-name=west");
    assertThat(config.reporting().received()).isTrue();
    assertThat(config.clusterName()).isEqualTo("west");
    assertThat(config.conntrackEntries()).isEqualTo(5000 + 65_536);
    assertThat(config.warnings()).isEmpty();
  }

  @Test
  void warnsOfUnknownKeysAndOfFeaturesToComeThatAreOn() {
    var config =
        parse(
            "--enable-wiregard=true", "--enable-wireguard=true", "--enable-ipsec=false", "--debug");
    assertThat(config.warnings())
        .hasSize(2)
        .anySatisfy(w -> assertThat(w).startsWith("enable-wiregard: unknown"))
        .anySatisfy(w -> assertThat(w).startsWith("enable-wireguard=true: not supported"));
  }

  @Test
  void saysThatThereIsNothingToRedact() {
    assertThat(
            parse(
                    "--hubble-redact-enabled=true",
                    "--hubble-redact-http-headers-deny=authorization",
                    "--hubble-redact-kafka-apikey=false")
                .warnings())
        .hasSize(2)
        .anySatisfy(w -> assertThat(w).startsWith("hubble-redact-enabled=true: no flow"))
        .anySatisfy(w -> assertThat(w).startsWith("hubble-redact-http-headers-deny=auth"));
  }

  @Test
  void packetsBetweenNodesGoThroughVxlanUnlessSaidOtherwise() {
    var routing = parse().routing();
    assertThat(routing.overlay()).isTrue();
    assertThat(routing.tunnelPort()).isEqualTo(8472);
    assertThat(routing.podMtu(1500)).isEqualTo(1450);
    var routed =
        parse(
                "--routing-mode=native",
                "--auto-direct-node-routes=true",
                "--ipv4-native-routing-cidr=10.0.0.0/8")
            .routing();
    assertThat(routed.overlay()).isFalse();
    assertThat(routed.directNodeRoutes()).isTrue();
    assertThat(routed.podMtu(1500)).isEqualTo(1500);
    assertThat(parse("--tunnel-port=4789").warnings())
        .singleElement()
        .asString()
        .startsWith("tunnel-port=4789");
  }

  @Test
  void namesKeyAndRemedyOfABadValue() {
    assertRefused("routing-mode", "pigeon", "set tunnel or native");
    assertRefused("tunnel-protocol", "geneve", "set vxlan");
    assertRefused("tunnel-port", "70000", "set a number from 0");
    assertRefused("auto-direct-node-routes", "true", "set routing-mode=native");
    assertRefused("ipv4-native-routing-cidr", "fd00::/8", "set one such as 10.0.0.0/8");
    assertRefused("bpf-ct-global-any-max", "lots", "set a number from 1024");
    assertRefused("bpf-ct-global-tcp-max", "3", "set a number from 1024");
    assertRefused("enable-policy", "sometimes", "set default, always or never");
    assertRefused("policy-deny-response", "rst", "set none or icmp");
    assertRefused("kube-proxy-replacement", "maybe", "set true or false");
    assertRefused("monitor-aggregation", "high", "set none, lowest");
    assertRefused("monitor-aggregation-interval", "5", "such as 5s");
    assertRefused("monitor-aggregation-interval", "2h", "at most an hour");
    assertRefused("monitor-aggregation-flags", "synn", "out of fin, syn");
    assertRefused("hubble-listen-address", "4244", "such as :4244");
    assertRefused("cluster-name", "East", "lower-case");
    assertRefused("enable-hubble", "on", "set true or false");
    assertThatThrownBy(() -> AgentConfig.parse(List.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("node-name")
        .hasMessageContaining("--node-name=");
  }

  private static void assertRefused(String key, String value, String remedy) {
    assertThatThrownBy(() -> parse("--" + key + "=" + value))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(key + ": ")
        .hasMessageContaining("'" + value + "'")
        .hasMessageContaining(remedy);
  }

  @Test
  void nodesHaveTheirLabelsUnlessSaidOtherwise() {
    assertThat(parse().nodeLabels()).isTrue();
    var off = parse("--enable-node-selector-labels=false");
    assertThat(off.nodeLabels()).isFalse();
    assertThat(off.warnings()).isEmpty();
  }

  @Test
  void knowsUpstreamsSpellings() {
    for (var text : new String[] {"true", "strict", "partial", "probe", "false", "disabled"}) {
      var config = parse("--kube-proxy-replacement=" + text);
      assertThat(config.warnings()).isEmpty();
      assertThat(config.services().enabled())
          .isEqualTo(!text.equals("false") && !text.equals("disabled"));
      assertThat(config.services().strict()).isEqualTo(text.equals("strict"));
    }
    assertThat(parse("--monitor-aggregation=3").reporting()).isEqualTo(Reporting.DEFAULT);
    assertThat(parse("--monitor-aggregation=low").reporting())
        .isEqualTo(new Reporting(false, Duration.ZERO, 7));
    assertThat(
            parse("--monitor-aggregation-interval=1m1.5s", "--monitor-aggregation-flags=syn, psh")
                .reporting())
        .isEqualTo(new Reporting(false, Duration.ofMillis(61_500), 10));
    assertThat(parse("--enable-hubble=false").reporting()).isEqualTo(Reporting.NOTHING);
    assertThat(parse("--hubble-listen-address=").hubbleListenAddress()).isNull();
    assertThat(parse().hubbleListenAddress()).isEqualTo(":4244");
    assertThat(parse().answerDenied()).isFalse();
    assertThat(parse("--policy-deny-response=icmp").answerDenied()).isTrue();
  }
}
