package io.ovenet.kubernetes.eval;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EvaluatorTest {
  private static final String IDENTITIES =
      """
      'identities':[
        {'name':'web','namespace':'shop','labels':{'app':'web'},'addresses':['10.0.0.5'],
         'ports':[{'name':'http','port':8080}]},
        {'name':'gw','labels':['k8s:app=gw','k8s:io.kubernetes.pod.namespace=shop'],
         'addresses':['10.0.0.6']},
        {'name':'quiet','namespace':'shop','labels':{'app':'web'},'audit':true}]
      """;

  private static JsonObject eval(Engine engine, String world) {
    byte[] text = world.replace('\'', '"').replace("\n", " ").getBytes(StandardCharsets.UTF_8);
    return Json.parse(new Evaluator(engine).answer(text, 0, text.length));
  }

  private static JsonObject ask(Engine engine, String policy, String question) {
    JsonObject answer =
        eval(
            engine,
            "{" + IDENTITIES + ",'policies':[" + policy + "],'questions':[" + question + "]}");
    assertThat(answer.objects("answers")).as("%s", answer).hasSize(1);
    return answer.objects("answers").getFirst();
  }

  private static String policy(String spec) {
    return "{'kind':'CiliumNetworkPolicy','metadata':{'namespace':'shop','name':'p'},'spec':{"
        + "'endpointSelector':{'matchLabels':{'app':'web'}},"
        + spec
        + "}}";
  }

  private static String question(String direction, String peer, int port) {
    return "{'subject':'web','direction':'"
        + direction
        + "','peer':'"
        + peer
        + "','protocol':'TCP','port':"
        + port
        + "}";
  }

  private static void expect(JsonObject answer, String verdict, String reason, String... paths) {
    assertThat(answer.string("verdict")).as("%s", answer).isEqualTo(verdict);
    assertThat(answer.string("reason")).as("%s", answer).isEqualTo(reason);
    assertThat(answer.objects("rules").stream().map(rule -> rule.string("path")))
        .containsExactly(paths);
    assertThat(answer.fields()).as("%s", answer).doesNotContainKey("disagrees");
  }

  @Test
  void everyReason() {
    String allow =
        policy("'ingress':[{'fromEndpoints':[{}],'toPorts':[{'ports':[{'port':'http'}]}]}]");
    String deny = policy("'ingressDeny':[{'fromCIDR':['8.8.0.0/16']}]");
    String http =
        policy(
            "'ingress':[{'toPorts':[{'ports':[{'port':'80','protocol':'TCP'}],"
                + "'rules':{'http':[{}]}}]}]");
    for (Engine engine : Engine.values()) {
      expect(
          ask(engine, allow, question("ingress", "gw", 8080)), "allow", "rule", "spec.ingress[0]");
      expect(ask(engine, allow, question("ingress", "gw", 80)), "deny", "default-deny", "spec");
      expect(
          ask(engine, allow, question("ingress", "10.0.0.6", 8080)),
          "allow",
          "rule",
          "spec.ingress[0]");
      expect(ask(engine, allow, question("ingress", "host", 80)), "allow", "local-host");
      expect(ask(engine, allow, question("egress", "world", 80)), "allow", "not-enforced");
      assertThat(
              ask(engine, allow, question("ingress", "host", 80).replace("'web'", "'gw'")).fields())
          .containsEntry("verdict", "allow")
          .doesNotContainKey("disagrees");
      expect(
          ask(engine, deny, question("ingress", "8.8.8.8", 80)),
          "deny",
          "rule",
          "spec.ingressDeny[0]");
      expect(ask(engine, deny, question("ingress", "world", 80)), "deny", "default-deny", "spec");
      expect(
          ask(engine, http, question("ingress", "gw", 80)), "deny", "withheld", "spec.ingress[0]");
    }
    assertThat(ask(Engine.COMPILED, http, question("ingress", "gw", 80)).bool("redirect")).isTrue();
    JsonObject audited =
        ask(Engine.BOTH, deny, question("ingress", "gw", 1).replace("'web'", "'quiet'"));
    expect(audited, "audit", "default-deny", "spec");
  }

  @Test
  void anInvalidObjectIsToldAndIsolates() {
    for (Engine engine : Engine.values()) {
      JsonObject answer =
          eval(
              engine,
              "{'id':'x',"
                  + IDENTITIES
                  + ",'policies':["
                  + policy("'ingress':[{'toPorts':[{'ports':[{'port':'99999'}]}]}]")
                  + ",{'kind':'Secret'},3],'questions':["
                  + question("ingress", "gw", 80)
                  + ",{'subject':'nobody','direction':'ingress','peer':'gw','protocol':'TCP',"
                  + "'port':1}]}");
      assertThat(answer.string("id")).isEqualTo("x");
      List<JsonObject> errors = answer.objects("errors");
      assertThat(errors).hasSize(3);
      assertThat(errors.getFirst().string("path"))
          .isEqualTo("spec.ingress[0].toPorts[0].ports[0].port");
      assertThat(errors.getFirst().bool("isolates")).isTrue();
      assertThat(errors.get(1).string("path")).isEqualTo("kind");
      assertThat(errors.get(2).integer("policy")).isEqualTo(2);
      expect(answer.objects("answers").getFirst(), "deny", "default-deny", "spec");
      assertThat(answer.objects("answers").get(1).object("error").string("path"))
          .isEqualTo("questions[1].subject");
    }
  }

  @Test
  void noLineMakesItThrow() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String world =
        "{"
            + IDENTITIES
            + ",'policies':["
            + policy(
                "'ingress':[{'fromCIDR':['10.0.0.0/8'],'toPorts':[{'ports':[{'port':'80'}]}]}]")
            + "],'questions':["
            + question("ingress", "gw", 80)
            + "]}";
    byte[] good = world.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    Evaluator evaluator = new Evaluator(Engine.BOTH);
    for (int i = 0; i < 3000; i++) {
      byte[] bad = good.clone();
      for (int change = random.nextInt(4); change >= 0; change--) {
        bad[random.nextInt(bad.length)] =
            (byte) "{}[]\":,0x \\\u0000\u00ff".charAt(random.nextInt(13));
      }
      int length = random.nextInt(4) == 0 ? random.nextInt(bad.length) : bad.length;
      assertThat(Json.parse(evaluator.answer(bad, 0, length)).fields().keySet())
          .as("seed %d, line %d", seed, i)
          .containsAnyOf("answers", "error");
    }
    for (String nested : List.of("[".repeat(100_000), "{\"a\":".repeat(100_000))) {
      byte[] text = ("{\"policies\":" + nested).getBytes(StandardCharsets.UTF_8);
      assertThat(Json.parse(evaluator.answer(text, 0, text.length)).fields()).containsKey("error");
    }
    String path = "(".repeat(50_000) + ")".repeat(50_000);
    JsonObject deep =
        ask(
            Engine.COMPILED,
            policy(
                "'ingress':[{'toPorts':[{'ports':[{'port':'80','protocol':'TCP'}],"
                    + "'rules':{'http':[{'path':'"
                    + path
                    + "'}]}}]}]"),
            question("ingress", "gw", 80));
    assertThat(deep.string("verdict")).isEqualTo("deny");
  }
}
