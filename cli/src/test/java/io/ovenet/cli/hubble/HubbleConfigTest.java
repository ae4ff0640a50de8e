package io.ovenet.cli.hubble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The file with options, and what goes before it. */
final class HubbleConfigTest {
  @TempDir Path directory = Path.of("");

  private HubbleConfig read(String... environment) {
    var all = new HashMap<>(Map.of("HOME", directory.toString()));
    for (int i = 0; i < environment.length; i += 2) {
      all.put(environment[i], environment[i + 1]);
    }
    return HubbleConfig.read(all);
  }

  @Test
  void whatIsSetIsInTheFileAndInForce() throws Exception {
    read().set("server", "tls://relay.example:443");
    read().set("tls-ca-cert-files", "[/a.pem,/b.pem]");
    read().set("tls-allow-insecure", "true");
    Path file = directory.resolve(".config/hubble/config.yaml");
    assertThat(file)
        .content()
        .contains("server: tls://relay.example:443")
        .doesNotContain("timeout");
    Map<String, String> environment = read("HUBBLE_TLS_ALLOW_INSECURE", "false").environment();
    assertThat(new ServerOptions().address(environment, directory.resolve("no-lab")))
        .isEqualTo("tls://relay.example:443");
    assertThat(environment)
        .containsEntry("HUBBLE_TLS_CA_CERT_FILES", "/a.pem,/b.pem")
        .as("the environment goes before the file")
        .containsEntry("HUBBLE_TLS_ALLOW_INSECURE", "false");
    assertThat(read("HUBBLE_SERVER", "h:1").get("server")).isEqualTo("h:1");
    assertThat(read().get("tls-ca-cert-files")).isEqualTo("- /a.pem\n- /b.pem");
    read().set("server", "");
    assertThat(read().get("server")).isEqualTo("localhost:4245");
    read().reset();
    assertThat(file).content().isEqualTo("{}\n");
  }

  @Test
  void allOptionsByName() {
    assertThat(read("HUBBLE_TLS", "1").view())
        .isEqualTo(
            """
            basic-auth-password: ""
            basic-auth-username: ""
            config: %s
            debug: false
            kube-context: ""
            kube-namespace: kube-system
            kubeconfig: ""
            port-forward: false
            port-forward-port: "4245"
            request-timeout: 12s
            server: localhost:4245
            timeout: 5s
            tls: true
            tls-allow-insecure: false
            tls-ca-cert-files: []
            tls-client-cert-file: ""
            tls-client-key-file: ""
            tls-server-name: ""
            """
                .formatted(directory.resolve(".config/hubble/config.yaml")));
  }

  @ParameterizedTest
  @CsvSource({"nonsense,x", "tls,maybe", "timeout,5", "port-forward-port,70000"})
  void whatIsNoValueIsRefused(String key, String value) {
    assertThatThrownBy(() -> read().set(key, value))
        .isInstanceOf(HubbleException.class)
        .hasMessageContaining(key);
  }

  @Test
  void aFileThatIsNoneIsNamed() throws Exception {
    Path file = directory.resolve("mine.yaml");
    for (String wrong : new String[] {"[", "7"}) {
      Files.writeString(file, wrong);
      assertThatThrownBy(() -> read("HUBBLE_CONFIG", file.toString()))
          .hasMessageContaining("mine.yaml");
    }
  }

  private static String completion(String shell) {
    var out = new StringWriter();
    assertThat(
            new CommandLine(new HubbleCommand())
                .setOut(new PrintWriter(out))
                .execute("completion", shell))
        .isZero();
    return out.toString();
  }

  @Test
  void completionForAShell() {
    assertThat(completion("bash")).contains("hubble").contains("--summary").contains("complete -F");
    assertThat(completion("fish"))
        .contains("complete -c hubble -n '__hubble_is_at ' -f -a observe -d ")
        .contains("complete -c hubble -n '__hubble_is_at observe' -l last -r -d 'The newest N")
        .contains("complete -c hubble -n '__hubble_is_at observe' -s f -d ")
        .contains("'observe agent-events'");
    assertThat(completion("powershell"))
        .contains("Register-ArgumentCompleter -Native -CommandName hubble")
        .contains(",@('', 'observe', ")
        .contains(",@('observe', '--last', 'The newest N (default: 20).')");
  }
}
