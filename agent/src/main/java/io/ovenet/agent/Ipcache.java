package io.ovenet.agent;

import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.Cidr;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Whose address is whose: what several sources say about a prefix, the strongest of them in the
 * kernel. Used by the steering thread alone.
 */
public final class Ipcache {
  /** Who says it, weakest first: an address that a policy names may be a node's or a pod's. */
  public enum Source {
    WORLD,
    PREFIX,
    API_SERVER,
    REMOTE_NODE,
    REMOTE_ENDPOINT,
    LOCAL_ENDPOINT,
    HOST
  }

  private final Table<IpcacheKey, IpcacheValue> table;
  private final Map<IpcacheKey, IpcacheValue> realized;

  /** What the strongest source says of a prefix; most often the only one. */
  private record Said(Source source, IpcacheValue value, @Nullable Said weaker) {
    /** With what one source says in place of what it said; null: nothing. */
    static @Nullable Said with(@Nullable Said all, Source source, @Nullable IpcacheValue value) {
      if (all != null && all.source.compareTo(source) > 0) {
        return new Said(all.source, all.value, with(all.weaker, source, value));
      }
      var weaker = all != null && all.source == source ? all.weaker : all;
      return value == null ? weaker : new Said(source, value, weaker);
    }
  }

  /** A prefix that nobody says anything of any more stays here until that is realized. */
  private final Map<IpcacheKey, @Nullable Said> said = new HashMap<>();

  private final Map<IpcacheKey, Integer> variants = new HashMap<>();
  private final Set<IpcacheKey> dirty = new LinkedHashSet<>();
  private BiConsumer<IpcacheKey, @Nullable IpcacheValue> listener = (_, _) -> {};

  /**
   * Adopts what the table holds: it stays until {@link #prune} or until somebody says otherwise.
   */
  Ipcache(Table<IpcacheKey, IpcacheValue> table) {
    this.table = table;
    realized = new HashMap<>(table.dump());
    realized.forEach(
        (key, value) -> {
          if (value.variant() != 0) {
            variants.put(key, value.variant());
          }
        });
  }

  /** What the source says from now on; null: nothing. Takes effect with {@link #realize}. */
  void say(Source source, IpcacheKey key, @Nullable IpcacheValue value) {
    said.put(key, Said.with(said.get(key), source, value));
    dirty.add(key);
  }

  /** Told of each entry that is in the kernel from now on, null where it is gone. */
  void tell(BiConsumer<IpcacheKey, @Nullable IpcacheValue> changes) {
    listener = changes;
  }

  /** What stands in class_map for an address; 0: its identity. Takes effect likewise. */
  void setVariant(IpcacheKey key, int variant) {
    if (variant == 0) {
      variants.remove(key);
    } else {
      variants.put(key, variant);
    }
    dirty.add(key);
  }

  /** What stands in class_map for an address in the kernel, or is to; 0: its identity. */
  int variant(IpcacheKey key) {
    return variants.getOrDefault(key, 0);
  }

  /** The identity that is said of exactly this prefix, 0 if there is none. */
  int saidIdentity(IpcacheKey key) {
    var value = strongest(key);
    return value == null ? 0 : value.identity();
  }

  /** The identity that is said of each prefix. */
  Map<IpcacheKey, Integer> wanted() {
    var wanted = new HashMap<IpcacheKey, Integer>();
    for (var key : said.keySet()) {
      int identity = saidIdentity(key);
      if (identity != 0) {
        wanted.put(key, identity);
      }
    }
    return wanted;
  }

  /** Takes what is said of a prefix. */
  interface Visitor {
    /** What the strongest source says. */
    void visit(IpcacheKey key, Source source, IpcacheValue value);
  }

  /** Gives each prefix of which something is said. */
  void forEach(Visitor visitor) {
    for (var key : said.keySet()) {
      var source = source(key);
      var value = strongest(key);
      if (source != null && value != null) {
        visitor.visit(key, source, value);
      }
    }
  }

  /** Who says what is in the kernel or is to be; null if nobody does. */
  @Nullable Source source(IpcacheKey key) {
    var strongest = said.get(key);
    return strongest == null ? null : strongest.source;
  }

  /** The identity in the kernel of what a prefix is inside of, 0 if there is none. */
  int realizedAround(Cidr prefix) {
    for (int length = prefix.length() - 1; length >= 0; length--) {
      int identity = realizedIdentity(PrefixIdentities.keyOf(prefix.widen(length)));
      if (identity != 0) {
        return identity;
      }
    }
    return 0;
  }

  /** From here on what nobody has said goes away. For when every source has spoken. */
  void prune() {
    dirty.addAll(realized.keySet());
  }

  /** The identity that is in the kernel for exactly this prefix, 0 if there is none. */
  int realizedIdentity(IpcacheKey key) {
    var value = realized.get(key);
    return value == null ? 0 : value.identity();
  }

  /**
   * Brings the kernel to what is said. True if anything changed. What could not be done is tried
   * again next time.
   */
  boolean realize() {
    return realize(List.copyOf(dirty));
  }

  /** The same for some. */
  boolean realize(Collection<IpcacheKey> keys) {
    var put = new HashMap<IpcacheKey, IpcacheValue>();
    var gone = new ArrayList<IpcacheKey>();
    for (var key : keys) {
      var wanted = strongest(key);
      if (wanted == null) {
        said.remove(key);
        variants.remove(key);
        if (realized.containsKey(key)) {
          gone.add(key);
        }
      } else if (!wanted.equals(realized.get(key))) {
        put.put(key, wanted);
      }
    }
    // Additions first: of an address that moves from one prefix to another, none is the world.
    table.put(put);
    realized.putAll(put);
    put.forEach(listener);
    table.delete(gone);
    realized.keySet().removeAll(gone);
    gone.forEach(key -> listener.accept(key, null));
    dirty.removeAll(Set.copyOf(keys));
    return !put.isEmpty() || !gone.isEmpty();
  }

  private @Nullable IpcacheValue strongest(IpcacheKey key) {
    var said = this.said.get(key);
    var strongest = said == null ? null : said.value;
    int variant = strongest == null ? 0 : variants.getOrDefault(key, 0);
    return strongest == null || variant == 0
        ? strongest
        : new IpcacheValue(
            strongest.identity(),
            strongest.tunnelEndpoint(),
            strongest.encryptionKey(),
            strongest.flags(),
            variant);
  }

  /** The prefixes in the kernel; for tests and state. */
  List<IpcacheKey> keys() {
    return List.copyOf(realized.keySet());
  }
}
