package io.ovenet.policy;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Selects identities whose labels meet all requirements; without any it selects all.
 *
 * @param requirements sorted, without repetition
 */
public record EndpointSelector(List<LabelRequirement> requirements) implements PeerSelector {
  public static final EndpointSelector ALL = new EndpointSelector(List.of());

  public EndpointSelector {
    requirements = List.copyOf(new TreeSet<>(requirements));
  }

  public static EndpointSelector of(Collection<LabelRequirement> requirements) {
    return new EndpointSelector(List.copyOf(requirements));
  }

  public static EndpointSelector reserved(String name) {
    return new EndpointSelector(List.of(LabelRequirement.exists(Label.RESERVED, name)));
  }

  public boolean matches(Labels labels) {
    for (int i = 0; i < requirements.size(); i++) {
      if (!requirements.get(i).matches(labels)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean selects(Labels labels, @Nullable Cidr prefix) {
    return matches(labels);
  }

  @Override
  public String toString() {
    return requirements.toString();
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof EndpointSelector that && requirements.equals(that.requirements));
  }

  @Override
  public int hashCode() {
    return requirements.hashCode();
  }
}
