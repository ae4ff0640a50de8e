package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import io.ovenet.metrics.MetricsText;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the policy in the kernel against what the node's policies say: by itself every ten minutes,
 * at a hundredth of a processor at most, and whenever it is asked to. Safe for any thread.
 */
final class PolicyVerifier implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PolicyVerifier.class);
  private static final Duration EVERY = Duration.ofMinutes(10);

  /** Of each stretch of work, how many times as long it rests: a hundredth of a processor. */
  private static final int REST = 99;

  private static final long STRETCH_NANOS = 1_000_000;

  /**
   * How a look went.
   *
   * @param policies different ones, as the kernel numbers them, in use by endpoints
   * @param classes of peers asked about, for each of them and each direction
   * @param wrong what the kernel decides otherwise, a sentence each
   */
  record Report(
      long revision,
      int endpoints,
      int addresses,
      int identities,
      int policies,
      long classes,
      long questions,
      Duration took,
      Set<String> wrong) {

    /** For JSON. */
    Map<String, Object> fields() {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("revision", revision);
      fields.put("endpoints", (long) endpoints);
      fields.put("addresses", (long) addresses);
      fields.put("identities", (long) identities);
      fields.put("policies", (long) policies);
      fields.put("classes", classes);
      fields.put("questions", questions);
      fields.put("milliseconds", took.toMillis());
      fields.put("differences", (long) wrong.size());
      fields.put(
          "wrong",
          wrong.stream().limit(PolicyVerification.MOST_TOLD).map(Object.class::cast).toList());
      return fields;
    }
  }

  private final Steering steering;
  private final Datapath datapath;
  private final RuleNumbers rules;
  private final ReentrantLock oneAtATime = new ReentrantLock();
  private final Thread thread;
  private volatile @Nullable Report last;
  private final AtomicLong runs = new AtomicLong();
  private volatile long lastEpochSeconds;

  PolicyVerifier(Steering steering, Datapath datapath, RuleNumbers rules) {
    this.steering = steering;
    this.datapath = datapath;
    this.rules = rules;
    thread = Thread.ofVirtual().name("policy-verifier").unstarted(this::runAgainAndAgain);
  }

  /** Begins to look by itself. */
  void start() {
    thread.start();
  }

  private void runAgainAndAgain() {
    try {
      while (true) {
        Thread.sleep(EVERY);
        try {
          look(new Rest());
        } catch (IOException | RuntimeException e) {
          if (!Thread.currentThread().isInterrupted()) {
            log.warn("policy in the kernel could not be verified: {}", e.toString());
          }
        }
      }
    } catch (InterruptedException _) {
      // The agent ends.
    }
  }

  /**
   * Looks now, as fast as it goes.
   *
   * @throws IOException if what is to be in force isn't, or isn't known yet
   */
  Report verify() throws IOException {
    try {
      return look(() -> {});
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private Report look(Runnable pause) throws IOException, InterruptedException {
    oneAtATime.lockInterruptibly();
    try {
      long began = System.nanoTime();
      var world = inForce();
      var verification = new PolicyVerification(datapath, rules, world, pause);
      var doubts = verification.look();
      var wrong = doubts.isEmpty() ? Set.<String>of() : confirm(doubts);
      var report =
          new Report(
              world.revision(),
              world.endpoints().size(),
              world.peers().size(),
              world.policies().classes().size(),
              verification.policies(),
              verification.classesAsked(),
              verification.questions(),
              Duration.ofNanos(System.nanoTime() - began),
              wrong);
      tell(report);
      return report;
    } finally {
      oneAtATime.unlock();
    }
  }

  private InForce inForce() throws IOException {
    var found = new AtomicReference<InForce>();
    steering.ask(realizer -> found.set(realizer.inForce()));
    return Objects.requireNonNull(found.get(), "looked at");
  }

  private Set<String> confirm(List<PolicyVerification.Doubt> doubts) throws IOException {
    var wrong = new AtomicReference<Set<String>>(Set.of());
    steering.ask(
        realizer ->
            wrong.set(PolicyVerification.confirm(new ArrayList<>(doubts), realizer.inForce())));
    return Objects.requireNonNull(wrong.get(), "looked at");
  }

  private void tell(Report report) {
    last = report;
    runs.incrementAndGet();
    lastEpochSeconds = System.currentTimeMillis() / 1000;
    if (!report.wrong().isEmpty()) {
      log.error(
          "ALARM: the kernel decides otherwise than policies say in {} cases; somebody has written"
              + " its maps. Restart this node's agent, which writes them anew. The first: {}",
          report.wrong().size(),
          report.wrong().iterator().next());
    }
  }

  /** What the last look found; null: there was none. */
  @Nullable Report last() {
    return last;
  }

  /** Writes what the last look found. */
  void write(MetricsText to) {
    var report = last;
    to.counter("ovenet_policy_verifications", "Looks at the whole of policy in the kernel.");
    to.sample("ovenet_policy_verifications_total", (double) runs.get());
    if (report == null) {
      return;
    }
    to.gauge(
        "ovenet_policy_verification_differences",
        "What the kernel decided otherwise than policies say, in the last look.");
    to.sample("ovenet_policy_verification_differences", (double) report.wrong().size());
    to.gauge("ovenet_policy_verification_questions", "Questions put to the kernel in it.");
    to.sample("ovenet_policy_verification_questions", (double) report.questions());
    to.gauge("ovenet_policy_verification_seconds", "How long it took.");
    to.sample("ovenet_policy_verification_seconds", report.took().toNanos() / 1e9);
    to.gauge("ovenet_policy_verification_timestamp_seconds", "When it ended.");
    to.sample("ovenet_policy_verification_timestamp_seconds", (double) lastEpochSeconds);
  }

  /** Rests after each stretch of work. */
  private static final class Rest implements Runnable {
    private long began = System.nanoTime();

    @Override
    public void run() {
      long worked = System.nanoTime() - began;
      if (worked < STRETCH_NANOS) {
        return;
      }
      try {
        Thread.sleep(Duration.ofNanos(Math.min(worked, Duration.ofSeconds(1).toNanos()) * REST));
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
      began = System.nanoTime();
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
