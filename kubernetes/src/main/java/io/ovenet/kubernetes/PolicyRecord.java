package io.ovenet.kubernetes;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A policy as its author wrote it, for the parser.
 *
 * @param kind CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy or NetworkPolicy
 * @param generation moves whenever the author's part changes, and with nothing else
 * @param document {@code metadata} with namespace, name, uid, generation and the annotations that
 *     mean something to policies, {@code spec} and {@code specs} as far as present: maps, lists,
 *     strings, {@link Long}, {@link Double}, {@link Boolean} or null, all unmodifiable
 */
public record PolicyRecord(
    ObjectKey key,
    String kind,
    String resourceVersion,
    long generation,
    Map<String, String> labels,
    Map<String, @Nullable Object> document,
    PolicyStatus status)
    implements KubernetesRecord {
  public PolicyRecord {
    labels = Map.copyOf(labels);
  }

  public String namespace() {
    return key.namespace();
  }

  public String name() {
    return key.name();
  }

  public String uid() {
    return key.uid();
  }
}
