package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.BpfProgram;
import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Packets of an endpoint that gets another identity and policy under them, again and again. */
class MovingEndpointKernelIT {
  private static final int TCP = 6;
  private static final int RUNS = 1_000_000;
  private static final int ROUNDS = 5;

  /**
   * The old policy lets nothing out, and who has the new identity nobody lets in: what passes has
   * been judged by half of each.
   */
  @Test
  void noPacketIsJudgedByTheOldIdentityAndTheNewPolicy() throws IOException, InterruptedException {
    try (TestNode node = new TestNode(TestNode.options())) {
      Pod client = node.client;
      int newPolicy = 22;
      node.enforce(client, Flag.ENFORCE_EGRESS);
      node.enforce(node.web, Flag.ENFORCE_INGRESS);
      node.rule(node.web, PolicyKey.INGRESS, TestNode.CLIENT, TCP, 80, Verdict.ALLOW, 1);
      node.datapath
          .policies()
          .upsert(
              PolicyKey.port(newPolicy, TestNode.WEB, PolicyKey.EGRESS, TCP, 80),
              new PolicyValue(Verdict.ALLOW, 2, 2));

      AtomicLong moves = new AtomicLong();
      Thread agent =
          Thread.ofPlatform()
              .start(
                  () -> {
                    EndpointTable endpoints = node.datapath.endpoints();
                    while (!Thread.currentThread().isInterrupted()) {
                      move(endpoints, client, TestNode.STRANGER, newPolicy);
                      move(endpoints, client, client.identity(), client.policy());
                      moves.incrementAndGet();
                    }
                  });
      try {
        byte[] frame = client.to(node.web).tcp(1000, 80, Frame.SYN).bytes();
        byte[] context = TestNode.context(Endpoint.ifindexOf(client.id()));
        BpfProgram program = node.datapath.program("from_pod");
        for (int round = 0; round < ROUNDS; round++) {
          long before = moves.get();
          do {
            node.inside(() -> program.testRun(frame, context, RUNS));
          } while (moves.get() == before);
          assertThat(node.connections()).as("let through in round %d", round).isZero();
        }
      } finally {
        agent.interrupt();
        agent.join();
      }
    }
  }

  /** As the agent does it: closed meanwhile. */
  private static void move(EndpointTable endpoints, Pod pod, int identity, int policy) {
    endpoints.setPolicy(pod.id(), 0);
    endpoints.setVariant(pod.id(), identity);
    endpoints.setIdentity(pod.id(), identity);
    endpoints.setPolicy(pod.id(), policy);
  }
}
