package io.ovenet.agent;

import io.ovenet.datapath.Endpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The endpoints of this node by id, on disk and in memory. Thread-safe. */
public final class EndpointStore {
  private static final Logger log = LoggerFactory.getLogger(EndpointStore.class);

  private final StateFiles files;
  private final Map<Integer, LocalEndpoint> endpoints = new HashMap<>();
  private final BitSet reserved = new BitSet();
  private int lastId;

  /** Reads what is there. A file that is none of an endpoint is told and left alone. */
  public EndpointStore(Path directory) throws IOException {
    files = new StateFiles(directory);
    for (var file : files.readAll().entrySet()) {
      try {
        var endpoint = LocalEndpoint.fromJson(file.getValue());
        endpoints.put(endpoint.id(), endpoint);
        lastId = Math.max(lastId, endpoint.id());
      } catch (IllegalArgumentException e) {
        log.error(
            "{} is no endpoint's state ({}): {}; its pod has to be started anew",
            directory.resolve(file.getKey()),
            e.getMessage(),
            new String(file.getValue(), StandardCharsets.UTF_8));
      }
    }
  }

  public synchronized List<LocalEndpoint> all() {
    return List.copyOf(endpoints.values());
  }

  synchronized boolean hasPodsOf(String namespace) {
    for (var endpoint : endpoints.values()) {
      if (endpoint.namespace().equals(namespace)) {
        return true;
      }
    }
    return false;
  }

  public synchronized @Nullable LocalEndpoint get(int id) {
    return endpoints.get(id);
  }

  public synchronized @Nullable LocalEndpoint find(AttachmentKey key) {
    for (var endpoint : endpoints.values()) {
      if (endpoint.key().equals(key)) {
        return endpoint;
      }
    }
    return null;
  }

  /**
   * A free id, taken until {@link #release}; an id is used again as late as possible.
   *
   * @throws CniException if there is none
   */
  public synchronized int reserveId() throws CniException {
    for (int tried = 1; tried < Endpoint.MAX_ENDPOINTS; tried++) {
      int id = lastId % (Endpoint.MAX_ENDPOINTS - 1) + 1;
      lastId = id;
      if (!endpoints.containsKey(id) && !reserved.get(id)) {
        reserved.set(id);
        return id;
      }
    }
    throw new CniException(
        CniException.TRY_AGAIN,
        "all " + (Endpoint.MAX_ENDPOINTS - 1) + " endpoint ids of this node are in use",
        "it takes more pods when others are deleted");
  }

  /** Whether no id is free. */
  public synchronized boolean isFull() {
    return endpoints.size() >= Endpoint.MAX_ENDPOINTS - 1;
  }

  public synchronized void release(int id) {
    reserved.clear(id);
  }

  /** Remembers the endpoint; durable when this returns. */
  public void put(LocalEndpoint endpoint) {
    try {
      files.write(name(endpoint.id()), endpoint.toJson());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the state of endpoint " + endpoint.id(), e);
    }
    synchronized (this) {
      endpoints.put(endpoint.id(), endpoint);
    }
  }

  /** Remembers a change of one that is still there. */
  public void update(LocalEndpoint endpoint) {
    synchronized (this) {
      var present = endpoints.get(endpoint.id());
      if (present == null || !present.key().equals(endpoint.key())) {
        return;
      }
    }
    put(endpoint);
  }

  /** Forgets an endpoint; no error if there is none. */
  public void remove(int id) {
    try {
      files.delete(name(id));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete the state of endpoint " + id, e);
    }
    synchronized (this) {
      endpoints.remove(id);
      reserved.clear(id);
    }
  }

  /** The ids in use. */
  public synchronized Collection<Integer> ids() {
    return List.copyOf(endpoints.keySet());
  }

  private static String name(int id) {
    return id + ".json";
  }
}
