package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DeletedPoliciesTest {
  private static final PolicyKey ONE = key("one");
  private static final PolicyKey TWO = key("two");

  /** A question to the API server is answered when the test says so. */
  private final SynchronousQueue<Boolean> answers = new SynchronousQueue<>();

  private final CountDownLatch asked = new CountDownLatch(1);
  private final AtomicInteger removed = new AtomicInteger();

  @Test
  void onePolicyThatCameBackWhileItWasAskedAboutDoesNotKeepTheNextFromGoing() throws Exception {
    try (var deleted = new DeletedPolicies(this::isAlive, _ -> true)) {
      deleted.deleted(ONE, removed::incrementAndGet);
      assertThat(asked.await(1, TimeUnit.MINUTES)).isTrue();
      deleted.present(ONE);
      answer(true);
      var gone = new CountDownLatch(1);
      deleted.deleted(TWO, gone::countDown);
      answer(true);
      assertThat(gone.await(1, TimeUnit.MINUTES)).as("the second goes out of force").isTrue();
      assertThat(removed).as("the first is there").hasValue(0);
    }
  }

  @Test
  void whoCannotBeAskedByAnyFaultIsAskedAgain() throws Exception {
    var faults = new AtomicInteger();
    var gone = new CountDownLatch(1);
    try (var deleted =
        new DeletedPolicies(
            _ -> {
              if (faults.getAndIncrement() == 0) {
                throw new IllegalStateException("an answer that cannot be read");
              }
              return true;
            },
            _ -> true)) {
      deleted.deleted(ONE, gone::countDown);
      assertThat(gone.await(1, TimeUnit.MINUTES)).isTrue();
    }
  }

  private boolean isAlive(String namespace) {
    asked.countDown();
    try {
      return answers.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private void answer(boolean alive) throws InterruptedException {
    assertThat(answers.offer(alive, 1, TimeUnit.MINUTES)).as("somebody asks").isTrue();
  }

  private static PolicyKey key(String name) {
    return new PolicyKey(PolicyKind.CILIUM_NETWORK_POLICY, "x", name);
  }
}
