package io.ovenet.policy;

import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Selects what lies outside the cluster, by address: identities whose prefix is inside {@code cidr}
 * and inside none of {@code except}. Never pods, nodes or the host.
 *
 * @param except sorted, without repetition, each inside cidr
 */
public record CidrSelector(Cidr cidr, List<Cidr> except) implements PeerSelector {
  public CidrSelector {
    except = List.copyOf(new TreeSet<>(except));
    for (Cidr hole : except) {
      if (!cidr.contains(hole)) {
        throw new IllegalArgumentException(hole + " is not inside " + cidr);
      }
    }
  }

  public static CidrSelector of(Cidr cidr) {
    return new CidrSelector(cidr, List.of());
  }

  @Override
  public boolean selects(Labels labels, @Nullable Cidr prefix) {
    if (prefix == null || !cidr.contains(prefix)) {
      return false;
    }
    for (int i = 0; i < except.size(); i++) {
      if (except.get(i).contains(prefix)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return except.isEmpty() ? cidr.toString() : cidr + " except " + except;
  }
}
