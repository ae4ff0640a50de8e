package io.ovenet.policy;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A name for a group of peers in from/toEntities. */
public enum Entity {
  ALL("all"),
  WORLD("world"),
  WORLD_IPV4("world-ipv4"),
  WORLD_IPV6("world-ipv6"),
  CLUSTER("cluster"),
  HOST("host"),
  INIT("init"),
  INGRESS("ingress"),
  UNMANAGED("unmanaged"),
  REMOTE_NODE("remote-node"),
  HEALTH("health"),
  NONE("none"),
  KUBE_APISERVER("kube-apiserver");

  private final String text;

  Entity(String text) {
    this.text = text;
  }

  public static @Nullable Entity of(String text) {
    for (Entity entity : values()) {
      if (entity.text.equals(text)) {
        return entity;
      }
    }
    return null;
  }

  /** What it selects, any of the list. ALL selects without regard to labels. */
  public List<EndpointSelector> selectors(String cluster) {
    return switch (this) {
      case ALL -> List.of(EndpointSelector.ALL);
      case WORLD -> reserved(WORLD, WORLD_IPV4, WORLD_IPV6);
      case CLUSTER -> {
        List<EndpointSelector> selectors =
            new ArrayList<>(
                reserved(HOST, REMOTE_NODE, INIT, INGRESS, HEALTH, UNMANAGED, KUBE_APISERVER));
        selectors.add(
            EndpointSelector.of(
                List.of(LabelRequirement.in(Label.K8S, LabelKeys.CLUSTER, List.of(cluster)))));
        yield List.copyOf(selectors);
      }
      default -> reserved(this);
    };
  }

  private static List<EndpointSelector> reserved(Entity... entities) {
    List<EndpointSelector> selectors = new ArrayList<>(entities.length);
    for (Entity entity : entities) {
      selectors.add(EndpointSelector.reserved(entity.text));
    }
    return List.copyOf(selectors);
  }

  /** As written in a policy. */
  @Override
  public String toString() {
    return text;
  }
}
