package io.ovenet.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.eval.Engine;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class EvalCommandTest {
  private static final String WORLD =
      """
      {"id":7,"identities":[{"name":"web","namespace":"shop","labels":{"app":"web"}},\
      {"name":"gw","namespace":"shop","labels":{"app":"gw"}}],\
      "policies":[{"kind":"CiliumNetworkPolicy","metadata":{"namespace":"shop","name":"p"},\
      "spec":{"endpointSelector":{},"ingress":[{"fromEndpoints":[{"matchLabels":{"app":"gw"}}]}]}}],\
      "questions":[{"subject":"web","direction":"ingress","peer":"gw","protocol":"TCP","port":80}]}
      """;

  private static final String ANSWER =
      """
      {"id":7,"answers":[{"verdict":"allow","reason":"rule","redirect":false,"rules":\
      [{"kind":"CiliumNetworkPolicy","namespace":"shop","name":"p","path":"spec.ingress[0]"}]}]}
      """;

  private record Ran(int status, String out) {}

  private static Ran run(String input, int longest) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int status =
        EvalCommand.run(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            out,
            Engine.BOTH,
            longest);
    return new Ran(status, out.toString(StandardCharsets.UTF_8));
  }

  @Test
  void oneLineInOneLineOut() throws IOException {
    assertThat(run(WORLD + "\n" + WORLD, 1 << 20)).isEqualTo(new Ran(0, ANSWER + ANSWER));
  }

  @Test
  void aLastLineWithoutEndIsAnswered() throws IOException {
    assertThat(run(WORLD.strip(), 1 << 20)).isEqualTo(new Ran(0, ANSWER));
  }

  @Test
  void badLinesAreToldAndPassedOver() throws IOException {
    Ran ran = run("{\n" + "x".repeat(2000) + "\n[]\n" + WORLD, 1500);
    String[] lines = ran.out().split("\n");
    assertThat(ran.status()).isEqualTo(1);
    assertThat(lines).hasSize(4);
    assertThat(lines[0]).startsWith("{\"line\":1,\"error\":{\"path\":\"\",\"message\":\"not JSON");
    assertThat(lines[1]).contains("a line of more than 1500 bytes");
    assertThat(lines[2]).contains("\"line\":3").contains("not a JSON object");
    assertThat(lines[3] + "\n").isEqualTo(ANSWER);
  }

  @Test
  void answersAreOutBeforeTheNextLineIsWaitedFor() throws Exception {
    PipedInputStream in = new PipedInputStream(1 << 16);
    PipedInputStream answers = new PipedInputStream(1 << 16);
    PipedOutputStream out = new PipedOutputStream(answers);
    CompletableFuture<Integer> status;
    try (PipedOutputStream ask = new PipedOutputStream(in)) {
      status =
          CompletableFuture.supplyAsync(
              () -> {
                try (out) {
                  return EvalCommand.run(in, out, Engine.COMPILED, 1 << 20);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      ask.write(WORLD.getBytes(StandardCharsets.UTF_8));
      ask.flush();
      // The input stays open: this hangs if the answer is kept.
      assertThat(new String(answers.readNBytes(ANSWER.length()), StandardCharsets.UTF_8))
          .isEqualTo(ANSWER);
    }
    assertThat(status.get()).isZero();
  }
}
