package io.ovenet.kubernetes.policy;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.CidrGroupSelector;
import io.ovenet.policy.CidrSelector;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Entity;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.PeerGroupSelector;
import io.ovenet.policy.PeerSelector;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.ServiceSelector;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** The members of a Cilium rule that say who is on the other side. */
final class PeersParser {
  private final PeerScope scope;
  private final boolean nodeLabels;
  private final Notices notices;

  /**
   * For one object.
   *
   * @param nodeLabels whether nodes are selected by their labels
   */
  PeersParser(PeerScope scope, boolean nodeLabels, Notices notices) {
    this.scope = scope;
    this.nodeLabels = nodeLabels;
    this.notices = notices;
  }

  PeerScope scope() {
    return scope;
  }

  /**
   * Who a rule names.
   *
   * @param named whether any member for peers is there, though it be empty
   * @param everyone whether {@code all} is among them
   * @param groups that are named
   * @param complete whether all members are in force; if not, {@code selectors} is a part
   */
  record Named(
      boolean named,
      boolean everyone,
      boolean complete,
      List<PeerSelector> selectors,
      List<PeerGroupSelector> groups) {}

  /**
   * Reads the members.
   *
   * @param prefix {@code from} or {@code to}
   */
  Named read(Field rule, String prefix) {
    List<PeerSelector> selectors = new ArrayList<>();
    List<PeerGroupSelector> groups = new ArrayList<>();
    String filled = "";
    boolean named = false;
    boolean everyone = false;
    boolean complete = true;
    for (String member :
        List.of(
            "Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes", "Groups", "Services", "FQDNs")) {
      String name =
          member.equals("Services") || member.equals("FQDNs") ? "to" + member : prefix + member;
      Field field = rule.get(name);
      named |= field.present();
      if (field.items().isEmpty()) {
        continue;
      }
      if (!filled.isEmpty()) {
        throw field.error(
            "combining " + filled + " and " + name + " is not supported",
            "write two rules, one with each");
      }
      filled = name;
      switch (member) {
        case "Endpoints" -> endpoints(field, selectors);
        case "CIDR" -> cidrs(field, selectors);
        case "CIDRSet" -> cidrSets(field, selectors, groups);
        case "Entities" -> everyone = entities(field, selectors);
        case "Nodes" -> complete = nodes(name, field, selectors);
        case "Services" -> field.items().forEach(item -> groups.add(service(item)));
        default -> {
          validateOther(member, field);
          notices.add(
              field,
              name + " is not in force yet: an allow grants nothing by it, a deny denies all peers",
              "use endpoints, entities or CIDRs");
          complete = false;
        }
      }
    }
    Field requires = rule.get(prefix + "Requires");
    if (!requires.items().isEmpty()) {
      throw requires.error(
          "no longer part of the API", "write it into each selector of " + prefix + "Endpoints");
    }
    return new Named(named, everyone, complete, selectors, groups);
  }

  private void endpoints(Field field, List<PeerSelector> selectors) {
    for (Field item : field.items()) {
      selectors.add(
          scope.peers(SelectorParser.requirements(item, LabelRequirement.ANY_SOURCE, "")));
    }
  }

  /** Whether they are in force. Other nodes alone, whatever else has such labels. */
  private boolean nodes(String name, Field field, List<PeerSelector> selectors) {
    for (Field item : field.items()) {
      List<LabelRequirement> requirements =
          SelectorParser.requirements(item, LabelRequirement.ANY_SOURCE, "");
      requirements.add(
          LabelRequirement.exists(Label.RESERVED, ReservedIdentity.REMOTE_NODE.labelName()));
      if (nodeLabels) {
        selectors.add(EndpointSelector.of(requirements));
      }
    }
    if (!nodeLabels) {
      notices.add(
          field,
          name
              + " is not in force: nodes have no labels while enable-node-selector-labels is false;"
              + " an allow grants nothing by it, a deny denies all peers",
          "set enable-node-selector-labels to true, or use the entity remote-node");
    }
    return nodeLabels;
  }

  private static void cidrs(Field field, List<PeerSelector> selectors) {
    for (Field item : field.items()) {
      selectors.add(CidrSelector.of(cidr(item)));
    }
  }

  static Cidr cidr(Field field) {
    try {
      return Cidr.parse(field.string());
    } catch (IllegalArgumentException e) {
      throw field.error(
          String.valueOf(e.getMessage()), "write an address or a prefix, as 10.0.0.0/8");
    }
  }

  private static void cidrSets(
      Field field, List<PeerSelector> selectors, List<PeerGroupSelector> groups) {
    for (Field item : field.items()) {
      item.only(Set.of("cidr", "cidrGroupRef", "cidrGroupSelector", "except"));
      boolean byCidr = !item.get("cidr").stringOr("").isEmpty();
      boolean byRef = !item.get("cidrGroupRef").stringOr("").isEmpty();
      Field selector = item.get("cidrGroupSelector");
      if ((byCidr ? 1 : 0) + (byRef ? 1 : 0) + (selector.present() ? 1 : 0) != 1) {
        throw item.error(
            "not exactly one of cidr, cidrGroupRef and cidrGroupSelector", "give one of them");
      }
      if (byCidr) {
        selectors.add(cidrWithExcept(item));
        continue;
      }
      List<LabelRequirement> labels =
          selector.present()
              ? SelectorParser.requirements(selector, LabelRequirement.ANY_SOURCE, "")
              : List.of();
      List<Cidr> except = new ArrayList<>();
      for (Field hole : item.get("except").items()) {
        except.add(prefix(hole));
      }
      groups.add(
          new CidrGroupSelector(
              byRef ? item.get("cidrGroupRef").string() : "", EndpointSelector.of(labels), except));
    }
  }

  static CidrSelector cidrWithExcept(Field item) {
    Cidr cidr = prefix(item.get("cidr"));
    List<Cidr> except = new ArrayList<>();
    for (Field hole : item.get("except").items()) {
      Cidr prefix = prefix(hole);
      if (!cidr.contains(prefix)) {
        throw hole.error(prefix + " is not inside " + cidr, "except only what is inside cidr");
      }
      except.add(prefix);
    }
    return new CidrSelector(cidr, except);
  }

  private static Cidr prefix(Field field) {
    if (field.string().indexOf('/') < 0) {
      throw field.error("no prefix length: '" + field.string() + "'", "write 10.0.0.0/8");
    }
    return cidr(field);
  }

  /** Whether they hold everyone. */
  private boolean entities(Field field, List<PeerSelector> selectors) {
    boolean everyone = false;
    for (Field item : field.items()) {
      Entity entity = Entity.of(item.string());
      if (entity == null) {
        throw item.error(
            "unknown entity '" + item.string() + "'", "use one of " + List.of(Entity.values()));
      }
      everyone |= entity == Entity.ALL;
      selectors.addAll(entity.selectors(scope.cluster()));
    }
    return everyone;
  }

  private static void validateOther(String member, Field field) {
    for (Field item : field.items()) {
      if (member.equals("Groups")) {
        item.only(Set.of("aws"));
        item.get("aws")
            .only(Set.of("labels", "region", "securityGroupsIds", "securityGroupsNames"));
      } else {
        L7Parser.fqdn(item);
      }
    }
  }

  private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?");

  private ServiceSelector service(Field item) {
    item.only(Set.of("k8sService", "k8sServiceSelector"));
    Field service = item.get("k8sService");
    Field selector = item.get("k8sServiceSelector");
    if (service.present() == selector.present()) {
      throw item.error("not exactly one of k8sService and k8sServiceSelector", "give one of them");
    }
    if (service.present()) {
      service.only(Set.of("serviceName", "namespace"));
      Field name = service.get("serviceName");
      if (!name.stringOr("").isEmpty() && !NAME.matcher(name.string()).matches()) {
        throw name.error("not a name: '" + name.string() + "'", "name a Service");
      }
      return new ServiceSelector(
          service.get("namespace").stringOr(""),
          name.stringOr(""),
          EndpointSelector.ALL,
          scope.cluster());
    }
    selector.only(Set.of("selector", "namespace"));
    List<LabelRequirement> labels =
        SelectorParser.requirements(
            selector.get("selector").requireObject(), LabelRequirement.ANY_SOURCE, "");
    return new ServiceSelector(
        selector.get("namespace").stringOr(""), null, EndpointSelector.of(labels), scope.cluster());
  }
}
