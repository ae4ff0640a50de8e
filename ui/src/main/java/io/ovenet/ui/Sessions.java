package io.ovenet.ui;

import io.grpc.StatusRuntimeException;
import io.ovenet.api.observer.GetNamespacesRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of tenants, one for each Kubernetes token, however often its holder signs in. One
 * that nobody has used for a while ends, and so does one whose token the server no longer knows or
 * whose holder's rights have changed. Thread-safe.
 */
final class Sessions implements AutoCloseable {
  /** Flows of all sessions together, so that the server's memory has a limit. */
  private static final int MOST_FLOWS = 200_000;

  private static final Duration UNUSED = Duration.ofMinutes(10);
  private static final int LOOK_SECONDS = 20;

  private final UiOptions options;
  private final int most;
  private final Map<String, Session> byToken = new HashMap<>();
  private final ScheduledExecutorService sweep =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("sessions").factory());

  Sessions(UiOptions options) {
    this.options = options;
    most = Math.max(1, MOST_FLOWS / options.flows());
    var _ = sweep.scheduleWithFixedDelay(this::sweep, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * The session of a token's holder, begun if it has to be.
   *
   * @return under which it is found from then on; null: the server does not know the token
   * @throws HttpFailure if he may see nothing, the server does not answer, or too many are here
   */
  @Nullable String begin(String token) {
    String key = digest(token);
    if (of(key) != null) {
      return key;
    }
    try (RelayClient relay = new RelayClient(options.server(), options.tls(), token)) {
      var _ = relay.call().getNamespaces(GetNamespacesRequest.getDefaultInstance());
    } catch (StatusRuntimeException e) {
      HttpFailure failure = Api.failure(e.getStatus());
      if (failure.code() == HttpFailure.UNAUTHORIZED) {
        return null;
      }
      throw failure;
    }
    open(key, token);
    return key;
  }

  private synchronized void open(String key, String token) {
    if (byToken.containsKey(key)) {
      return;
    }
    if (byToken.size() >= most) {
      throw new HttpFailure(
          503,
          "as many people are signed in as this server can serve (" + most + ")",
          "try again in a few minutes, or start the page with fewer --flows for each");
    }
    byToken.put(key, new Session(options, token));
  }

  /** The session; null: there is none, or none any more. */
  @Nullable Session of(String key) {
    Session over;
    synchronized (this) {
      Session session = byToken.get(key);
      if (session == null || !session.isOver()) {
        return session;
      }
      over = byToken.remove(key);
    }
    if (over != null) {
      over.close();
    }
    return null;
  }

  private void sweep() {
    List<Session> ended = new ArrayList<>();
    synchronized (this) {
      long now = System.nanoTime();
      byToken
          .values()
          .removeIf(
              session -> {
                boolean ends = session.isOver() || now - session.usedNanos() > UNUSED.toNanos();
                if (ends) {
                  ended.add(session);
                }
                return ends;
              });
    }
    ended.forEach(Session::close);
  }

  /** Tokens themselves are no keys here. */
  private static String digest(String token) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public void close() {
    sweep.shutdownNow();
    List<Session> all;
    synchronized (this) {
      all = List.copyOf(byToken.values());
      byToken.clear();
    }
    all.forEach(Session::close);
  }
}
