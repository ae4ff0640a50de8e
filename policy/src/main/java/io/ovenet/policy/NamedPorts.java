package io.ovenet.policy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The named ports of one pod. Containers of a pod may use one name for several ports: then the name
 * is all of them. Immutable.
 *
 * @param ports sorted, without repetition
 */
public record NamedPorts(List<NamedPort> ports) {
  public static final NamedPorts NONE = new NamedPorts(List.of());

  public NamedPorts {
    ports = List.copyOf(new TreeSet<>(ports));
  }

  public static NamedPorts of(Collection<NamedPort> ports) {
    return ports.isEmpty() ? NONE : new NamedPorts(List.copyOf(ports));
  }

  public boolean isEmpty() {
    return ports.isEmpty();
  }

  /** Those that a name in a rule means. */
  List<PortRange> named(PortName name) {
    List<PortRange> ranges = new ArrayList<>(1);
    for (NamedPort port : ports) {
      if (port.protocol() == name.protocol() && port.name().equals(name.name())) {
        ranges.add(new PortRange(port.protocol(), port.port(), port.port()));
      }
    }
    return ranges;
  }

  /** Those whose name passes. */
  NamedPorts only(Predicate<PortName> names) {
    List<NamedPort> kept = new ArrayList<>(ports.size());
    for (NamedPort port : ports) {
      if (names.test(new PortName(port.protocol(), port.name()))) {
        kept.add(port);
      }
    }
    return kept.size() == ports.size() ? this : of(kept);
  }

  @Override
  public String toString() {
    return ports.toString();
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other || (other instanceof NamedPorts that && ports.equals(that.ports));
  }

  @Override
  public int hashCode() {
    return ports.hashCode();
  }
}
