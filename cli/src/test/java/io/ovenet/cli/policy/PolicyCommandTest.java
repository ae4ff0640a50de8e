package io.ovenet.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PolicyCommandTest {
  static final String WORLD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: gateway, namespace: shop, labels: {app: api-gateway}}
      ---
      kind: Pod
      metadata: {name: stranger, namespace: shop, labels: {app: stranger}}
      ---
      kind: VirtualMachine
      metadata: {name: web-vm, namespace: shop}
      spec: {template: {metadata: {labels: {app: web-vm}}}}
      ---
      kind: Deployment
      metadata: {name: db, namespace: shop}
      spec:
        template:
          metadata: {labels: {app: db}}
          spec: {containers: [{name: db, ports: [{name: sql, containerPort: 5432}]}]}
      """;

  static final String POLICY =
      """
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata:
        name: vm-web-policy
        namespace: shop
      spec:
        endpointSelector:
          matchLabels:
            app: web-vm
        ingress:
        - fromEndpoints:
          - matchLabels:
              app: api-gateway
          toPorts:
          - ports:
            - port: "80"
              protocol: TCP
        egress:
        - toEndpoints:
          - matchLabels:
              app: db
          toPorts:
          - ports:
            - port: sql
      """;

  @TempDir private Path directory = Path.of(".");

  record Ran(int status, String out, String err) {
    JsonObject json() {
      return Json.parse(out.getBytes(StandardCharsets.UTF_8));
    }
  }

  @BeforeEach
  void write() throws IOException {
    Files.writeString(directory.resolve("world.yaml"), WORLD);
    Files.writeString(directory.resolve("policy.yaml"), POLICY);
  }

  static Ran run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status =
        new CommandLine(new PolicyCommand())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(arguments);
    return new Ran(status, out.toString(), err.toString());
  }

  private Ran why(String from, String to, String... more) {
    String[] all = new String[5 + more.length];
    all[0] = "why";
    all[1] = from;
    all[2] = to;
    all[3] = "-f";
    all[4] = directory.toString();
    System.arraycopy(more, 0, all, 5, more.length);
    return run(all);
  }

  @Test
  void whatPassesNamesTheRuleAndItsLine() {
    Ran ran = why("shop/gateway", "vm/shop/web-vm:80");
    assertThat(ran.status()).as("%s", ran).isZero();
    assertThat(ran.out())
        .contains("shop/gateway → vm shop/web-vm 80/TCP: allowed")
        .contains("CiliumNetworkPolicy shop/vm-web-policy spec.ingress[0] (")
        .contains("policy.yaml:11)");
  }

  @Test
  void whatIsDeniedNamesTheNearRuleAndProposes() throws IOException {
    Ran ran = why("shop/stranger", "vm/web-vm:80/TCP");
    assertThat(ran.status()).as("%s", ran).isEqualTo(3);
    assertThat(ran.out())
        .contains("the label `app` of the source were `api-gateway` (it is `stranger`)")
        .contains("opens 80/TCP of pods app=web-vm of namespace shop to pods app=stranger");
    Ran yaml = why("shop/stranger", "vm/web-vm:80/TCP", "-o", "yaml");
    Files.writeString(directory.resolve("more.yaml"), yaml.out());
    assertThat(why("shop/stranger", "vm/web-vm:80/TCP").status()).as("%s", yaml).isZero();
    assertThat(why("shop/stranger", "vm/web-vm:81/TCP").status()).isEqualTo(3);
  }

  @Test
  void namedPortsAndJson() {
    Ran ran = why("app=web-vm", "shop/db:sql", "-o", "json");
    JsonObject connection = ran.json().objects("connections").getFirst();
    assertThat(connection.string("port")).isEqualTo("5432/TCP");
    assertThat(connection.bool("allowed")).isTrue();
    assertThat(connection.objects("sides").getFirst().objects("rules").getFirst().integer("line"))
        .isEqualTo(19);
  }

  @Test
  void wrongArgumentsSayWhatToWrite() {
    assertThat(why("shop/nobody", "shop/db:80").status()).isEqualTo(2);
    assertThat(why("shop/nobody", "shop/db:80").err()).contains("no pod is called 'shop/nobody'");
    assertThat(why("shop/gateway", "shop/db").err()).contains("names no port");
    assertThat(why("shop/gateway", "shop/db:none").err()).contains("no port called 'none'");
    assertThat(why("shop/gateway", "shop/db:80/FOO").err()).contains("unknown protocol 'FOO'");
  }

  @Test
  void reachIsAMatrixOrAList() {
    Ran ran = run("reach", "-f", directory.toString(), "--by", "application", "--to", "app=web-vm");
    assertThat(ran.status()).as("%s", ran).isZero();
    assertThat(ran.out().replaceAll(" +", " "))
        .contains("FROM \\ TO shop/web-vm")
        .contains("shop/api-gateway 80/TCP\n")
        .contains("shop/stranger -\n")
        .contains("(host) all\n");
    JsonObject cell =
        run("reach", "-f", directory.toString(), "-o", "json", "--from", "shop", "--to", "shop")
            .json()
            .objects("cells")
            .getFirst();
    assertThat(cell.integer("pairs")).isEqualTo(16);
    assertThat(cell.integer("openPairs")).isEqualTo(11);
  }

  @Test
  void diffSaysWhatAChangeOpensAndCloses() throws IOException {
    Path changed = directory.resolveSibling(directory.getFileName() + "-changed.yaml");
    try {
      Files.writeString(changed, POLICY.replace("\"80\"", "\"8080\""));
      Ran ran = run("diff", "--base", directory.toString(), "-f", changed.toString());
      assertThat(ran.status()).as("%s", ran).isEqualTo(3);
      assertThat(ran.out().replaceAll(" +", " "))
          .isEqualTo(
              """
              + shop/api-gateway → shop/web-vm 1 pair opens 8080/TCP
              - shop/api-gateway → shop/web-vm 1 pair closes 80/TCP
              """);
      Files.writeString(changed, POLICY);
      assertThat(run("diff", "--base", directory.toString(), "-f", changed.toString()).status())
          .isZero();
      Files.writeString(changed, POLICY.replace("\"80\"", "\"80000\""));
      Ran invalid = run("diff", "--base", directory.toString(), "-f", changed.toString());
      assertThat(invalid.status()).isEqualTo(2);
      assertThat(invalid.err()).contains("-changed.yaml:16)").contains("no such port: 80000");
    } finally {
      Files.deleteIfExists(changed);
    }
    Ran deleted =
        run("diff", "--base", directory.toString(), "--delete", "shop/vm-web-policy", "-o", "json");
    assertThat(deleted.status()).isEqualTo(3);
    assertThat(deleted.json().objects("changes").toString())
        .contains("opened=everything but 80/TCP");
  }

  @Test
  void lintFindsEachWithItsLine() throws IOException {
    Files.writeString(
        directory.resolve("lint.yaml"),
        """
        kind: CiliumNetworkPolicy
        metadata: {name: odd, namespace: shop}
        specs:
        - endpointSelector: {matchLabels: {app: db}}
          ingress:
          - fromEndpoints: [{matchLabels: {app: api-gatway}}]
          - fromEndpoints: [{matchLabels: {ap: stranger}}]
          - fromEndpoints: [{matchLabels: {app: nothing-like-it}}]
          - fromEndpoints: [{matchLabels: {pod-template-hash: abc}}]
          - fromEndpoints: [{matchLabels: {app: stranger}}]
            toPorts: [{ports: [{port: "80", protocol: TCP}]}]
          - fromEndpoints: [{}]
          - fromEntities: [world]
          - fromEndpoints: [{matchLabels: {app: web-vm}}]
            toPorts: [{ports: [{port: "22", protocol: TCP}]}]
          ingressDeny:
          - toPorts: [{ports: [{port: "22", protocol: TCP}]}]
        - endpointSelector: {matchLabels: {app: nobody-at-all}}
          ingress: [{}]
        """);
    Ran ran = run("lint", "-f", directory.toString(), "-o", "json");
    assertThat(ran.status()).as("%s", ran).isEqualTo(3);
    assertThat(
            ran.json().objects("findings").stream()
                .map(f -> f.integer("line") + " " + f.string("check") + " " + f.string("path")))
        .containsExactlyInAnyOrder(
            "6 no-dns spec",
            "6 misspelt specs[0].ingress[0]",
            "7 misspelt specs[0].ingress[1]",
            "8 dead specs[0].ingress[2]",
            "9 filtered-label specs[0].ingress[3]",
            "10 shadowed specs[0].ingress[4]",
            "13 world specs[0].ingress[6]",
            "14 overruled specs[0].ingress[7]",
            "18 dead specs[1]");
    assertThat(ran.out()).contains("write api-gateway, if that is meant");
    assertThat(run("lint", "-f", directory.resolve("world.yaml").toString()).status()).isZero();
    assertThat(run("lint", "-f", directory.toString(), "--ignore", "nonsense").status())
        .isEqualTo(2);
  }
}
