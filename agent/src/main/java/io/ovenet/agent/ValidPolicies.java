package io.ovenet.agent;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last valid version of each policy, in memory and on disk. The disk follows by at most a
 * second, off the way of changes. Thread-safe.
 */
final class ValidPolicies implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ValidPolicies.class);
  private static final String KIND = "kind";
  private static final long LAG_NANOS = 1_000_000_000;

  private final StateFiles files;
  private final Map<String, byte[]> onDisk;
  private final Map<String, JsonObject> documents = new HashMap<>();

  /** Content of files to write; null: to delete. */
  private final Map<String, byte @Nullable []> dirty = new LinkedHashMap<>();

  private final Thread writer;
  private boolean closed;

  ValidPolicies(Path directory) throws IOException {
    files = new StateFiles(directory);
    onDisk = new TreeMap<>(files.readAll());
    onDisk.forEach(
        (name, content) -> {
          try {
            documents.put(name, Json.parse(content));
          } catch (Json.JsonException e) {
            log.error("{} is no policy's file: {}", directory.resolve(name), e.getMessage());
          }
        });
    writer = Thread.ofPlatform().name("valid-policies").daemon().start(this::writeAll);
  }

  void remember(PolicyKey key, Map<String, @Nullable Object> document) {
    var name = nameOf(key);
    var whole = new LinkedHashMap<String, @Nullable Object>(document);
    whole.put(KIND, key.kind().toString());
    var content = Json.write(whole);
    synchronized (this) {
      if (!Arrays.equals(content, onDisk.get(name)) || dirty.containsKey(name)) {
        documents.put(name, new JsonObject(whole));
        dirty.put(name, content);
        notifyAll();
      }
    }
  }

  /** Of the same incarnation; null if none is known. */
  synchronized @Nullable JsonObject recall(PolicyKey key, String uid) {
    var document = documents.get(nameOf(key));
    return document != null && document.object("metadata").string("uid").equals(uid)
        ? document
        : null;
  }

  /** All of a kind. */
  synchronized List<JsonObject> all(PolicyKind kind) {
    return documents.values().stream()
        .filter(document -> document.string(KIND).equals(kind.toString()))
        .toList();
  }

  synchronized void forget(PolicyKey key) {
    var name = nameOf(key);
    if (documents.remove(name) != null || onDisk.containsKey(name)) {
      dirty.put(name, null);
      notifyAll();
    }
  }

  private void writeAll() {
    while (true) {
      synchronized (this) {
        try {
          while (dirty.isEmpty() && !closed) {
            wait();
          }
        } catch (InterruptedException _) {
          return;
        }
        if (dirty.isEmpty()) {
          return;
        }
      }
      LockSupport.parkNanos(LAG_NANOS);
      flush();
    }
  }

  private void flush() {
    Map<String, byte @Nullable []> batch;
    synchronized (this) {
      batch = new LinkedHashMap<>(dirty);
      dirty.clear();
    }
    batch.forEach(
        (name, content) -> {
          try {
            if (content == null) {
              files.delete(name);
            } else {
              files.write(name, content);
            }
            synchronized (this) {
              if (content == null) {
                onDisk.remove(name);
              } else {
                onDisk.put(name, content);
              }
            }
          } catch (IOException e) {
            log.error(
                "cannot write a policy's last valid version; after a restart an older one may be"
                    + " taken for it",
                e);
          }
        });
  }

  /** Writes what is to be written. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    LockSupport.unpark(writer);
    try {
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    flush();
  }

  private static String nameOf(PolicyKey key) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(digest.digest(key.toString().getBytes(StandardCharsets.UTF_8)), 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
