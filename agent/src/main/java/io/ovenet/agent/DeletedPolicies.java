package io.ovenet.agent;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.policy.PolicyKey;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Policies that are not there any more. One that somebody deleted goes out of force. One that goes
 * with its namespace stays while pods of the namespace run here: they are asked to end, which takes
 * its time, and nobody wanted them to be open to all until then. Thread-safe.
 */
final class DeletedPolicies implements AutoCloseable {
  /** Whether a namespace is there and stays; asks the API server. */
  @FunctionalInterface
  interface Namespaces {
    boolean isAlive(String namespace) throws IOException;
  }

  private static final Logger log = LoggerFactory.getLogger(DeletedPolicies.class);
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final Namespaces namespaces;
  private final Predicate<String> hasPods;

  /** By namespace, what takes each policy out of force; where that is to be found out. */
  private final Map<String, Map<PolicyKey, Runnable>> doubtful = new HashMap<>();

  /** The same of namespaces that go. */
  private final Map<String, Map<PolicyKey, Runnable>> staying = new HashMap<>();

  private final Thread thread;

  /**
   * With none so far.
   *
   * @param hasPods whether pods of a namespace are on this node
   */
  DeletedPolicies(Namespaces namespaces, Predicate<String> hasPods) {
    this.namespaces = namespaces;
    this.hasPods = hasPods;
    thread = Thread.ofVirtual().name("deleted-policies").start(this::run);
  }

  /**
   * A policy was deleted.
   *
   * @param remove takes it out of force; called once at most, must not block
   */
  synchronized void deleted(PolicyKey key, Runnable remove) {
    if (key.namespace().isEmpty() || !hasPods.test(key.namespace())) {
      remove.run();
    } else if (staying.containsKey(key.namespace())) {
      stay(key.namespace(), Map.of(key, remove));
    } else {
      doubtful.computeIfAbsent(key.namespace(), _ -> new HashMap<>()).put(key, remove);
      notifyAll();
    }
  }

  /** It is there, again or as ever. */
  synchronized void present(PolicyKey key) {
    forget(doubtful, key);
    forget(staying, key);
  }

  private static void forget(Map<String, Map<PolicyKey, Runnable>> in, PolicyKey key) {
    in.computeIfPresent(
        key.namespace(),
        (_, policies) -> {
          policies.remove(key);
          return policies.isEmpty() ? null : policies;
        });
  }

  /** A pod has gone from this node. */
  synchronized void podGone(String namespace) {
    if (!hasPods.test(namespace)) {
      remove(staying, namespace);
      remove(doubtful, namespace);
    }
  }

  /** Whether policies of a namespace that goes are kept. */
  synchronized boolean isStaying(String namespace) {
    return staying.containsKey(namespace);
  }

  private static void remove(Map<String, Map<PolicyKey, Runnable>> from, String namespace) {
    var policies = from.remove(namespace);
    if (policies != null) {
      policies.values().forEach(Runnable::run);
    }
  }

  private void stay(String namespace, Map<PolicyKey, Runnable> policies) {
    policies
        .keySet()
        .forEach(
            key -> log.info("{} went with its namespace; it stays while pods of it run here", key));
    staying.computeIfAbsent(namespace, _ -> new HashMap<>()).putAll(policies);
  }

  private void run() {
    try {
      while (true) {
        boolean answered = true;
        for (var namespace : awaitDoubtful()) {
          answered &= settle(namespace);
        }
        if (!answered) {
          Thread.sleep(RETRY);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized List<String> awaitDoubtful() throws InterruptedException {
    while (doubtful.isEmpty()) {
      wait();
    }
    return List.copyOf(doubtful.keySet());
  }

  /** Finds out; an answer is good for what was deleted before it was asked for. */
  private boolean settle(String namespace) {
    Map<PolicyKey, Runnable> asked;
    synchronized (this) {
      asked = Map.copyOf(doubtful.getOrDefault(namespace, Map.of()));
    }
    boolean alive;
    try {
      alive = namespaces.isAlive(namespace);
    } catch (ApiException e) {
      if (!e.notFound()) {
        return told(namespace, e);
      }
      alive = false;
    } catch (IOException | RuntimeException e) {
      return told(namespace, e);
    }
    synchronized (this) {
      // Those that are there again meanwhile are in doubt no longer: there may be none left.
      var present = doubtful.computeIfAbsent(namespace, _ -> new HashMap<>());
      for (var policy : asked.entrySet()) {
        if (present.remove(policy.getKey(), policy.getValue())) {
          if (alive) {
            policy.getValue().run();
          } else {
            stay(namespace, Map.of(policy.getKey(), policy.getValue()));
          }
        }
      }
      if (present.isEmpty()) {
        doubtful.remove(namespace);
      }
      podGone(namespace);
    }
    return true;
  }

  private static boolean told(String namespace, Exception why) {
    log.warn(
        "policies of namespace {} were deleted, and whether it goes itself can't be asked ({}):"
            + " they stay until it is known",
        namespace,
        why.getMessage());
    return false;
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
