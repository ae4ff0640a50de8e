package io.ovenet.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class OptionsTest {
  @Test
  void readsBothFormsOverTheDefaults() {
    var options =
        Options.parse(
            "--kubeconfig", "/k", "--cluster-pool-ipv4-mask-size=26", "--identity-gc-interval=2m");
    assertThat(options.kubeconfig()).isEqualTo(Path.of("/k"));
    assertThat(options.maskSize()).isEqualTo(26);
    assertThat(options.pool()).hasToString("10.0.0.0/8");
    assertThat(options.gcInterval()).isEqualTo(Duration.ofMinutes(2));
    assertThat(options.nodeLabels()).isTrue();
    assertThat(Options.parse("--enable-node-selector-labels=false").nodeLabels()).isFalse();
  }

  @Test
  void namesWhatIsWrong() {
    for (var wrong :
        new String[] {
          "--no-such=1",
          "stray",
          "--kubeconfig",
          "--cluster-pool-ipv4-mask-size=x",
          "--enable-node-selector-labels=maybe",
          "--identity-gc-interval=5",
          "--leader-election-lease-duration=1s"
        }) {
      var name = wrong.replaceFirst("=.*", "");
      assertThatThrownBy(() -> Options.parse(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(name);
    }
  }

  @Test
  void aLogLineIsOneLine() {
    var record = new LogRecord(Level.WARNING, "a \"b\"\nc");
    record.setLoggerName("io.ovenet.operator.Main");
    assertThat(new LogLine().format(record))
        .matches("time=\\S+ level=warn logger=Main msg=\"a \\\\\"b\\\\\"\\\\nc\"\n");
  }

  @Test
  void whereMetricsAreServed() {
    assertThat(Options.parse().metrics()).isNull();
    assertThat(Options.parse("--operator-prometheus-serve-addr=:9963").metrics())
        .hasToString("0.0.0.0/0.0.0.0:9963");
    assertThatThrownBy(() -> Options.parse("--operator-prometheus-serve-addr=nowhere"))
        .hasMessageContaining("--operator-prometheus-serve-addr is no address: 'nowhere'");
  }
}
