package io.ovenet.policy;

import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Selects by address: identities whose prefix is inside {@code cidr} and inside none of {@code
 * except}. Never nodes or the host.
 *
 * @param except sorted, without repetition, each inside cidr
 * @param pods whether pods are selected by their addresses, too, as NetworkPolicy's ipBlock does;
 *     if not, only what lies outside the cluster
 */
public record CidrSelector(Cidr cidr, List<Cidr> except, boolean pods) implements PeerSelector {
  public CidrSelector {
    except = List.copyOf(new TreeSet<>(except));
    for (Cidr hole : except) {
      if (!cidr.contains(hole)) {
        throw new IllegalArgumentException(hole + " is not inside " + cidr);
      }
    }
  }

  /** Of what lies outside the cluster. */
  public CidrSelector(Cidr cidr, List<Cidr> except) {
    this(cidr, except, false);
  }

  public static CidrSelector of(Cidr cidr) {
    return new CidrSelector(cidr, List.of());
  }

  @Override
  public boolean selects(Labels labels, @Nullable Cidr prefix) {
    if (prefix == null) {
      // A pod of which no rule in use names a prefix around its address; it has an IPv4 address.
      return pods && cidr.equals(Cidr.ALL_IPV4) && isPod(labels);
    }
    if (!cidr.contains(prefix) || (!pods && isPod(labels))) {
      return false;
    }
    for (int i = 0; i < except.size(); i++) {
      if (except.get(i).contains(prefix)) {
        return false;
      }
    }
    return true;
  }

  /** Whether the labels are those of a pod, so that a prefix is around its address. */
  static boolean isPod(Labels labels) {
    return labels.has(Label.K8S, LabelKeys.NAMESPACE);
  }

  @Override
  public String toString() {
    return except.isEmpty()
        ? cidr.toString() + (pods ? " with pods" : "")
        : cidr + (pods ? " with pods" : "") + " except " + except;
  }
}
