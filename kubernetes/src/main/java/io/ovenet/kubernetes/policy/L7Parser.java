package io.ovenet.kubernetes.policy;

import io.ovenet.policy.TrafficDirection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a {@code toPorts} item wants of a proxy: L7 rules, TLS, server names, a listener. Validated
 * in full; not in force yet.
 */
final class L7Parser {
  private static final String WITHHELD =
      " not in force yet: nothing passes on these ports by this rule";
  private static final String REMEDY =
      "give a rule without it for the same ports, if that is meant";
  private static final Pattern FQDN_NAME = Pattern.compile("[-a-zA-Z0-9_.]{1,255}");
  private static final Pattern FQDN_PATTERN = Pattern.compile("[-a-zA-Z0-9_.*]{1,255}");
  private static final Pattern SERVER_NAME =
      Pattern.compile("(\\*{1,2}\\.)?[-a-zA-Z0-9_]+(\\.[-a-zA-Z0-9_*]+)*\\.?");

  private static final List<String> ENVOY_CONFIGS =
      List.of("CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig");
  private static final Pattern KAFKA_NAME = Pattern.compile("[-a-zA-Z0-9._]{0,255}");

  private final Notices notices;

  L7Parser(Notices notices) {
    this.notices = notices;
  }

  /** Whether the item wants a proxy. */
  boolean wantsProxy(Field item, TrafficDirection direction, boolean node) {
    boolean wants = false;
    for (String key : List.of("terminatingTLS", "originatingTLS", "listener")) {
      if (item.get(key).present()) {
        if (key.equals("listener")) {
          listener(item.get(key));
        } else {
          tls(item.get(key));
        }
        notices.add(item.get(key), key + " is" + WITHHELD, REMEDY);
        wants = true;
      }
    }
    Field listener = item.get("listener");
    if (listener.present() && direction == TrafficDirection.INGRESS) {
      throw listener.error("a listener is for egress only", "remove it");
    }
    Field names = item.get("serverNames");
    if (names.present() && names.items().isEmpty()) {
      throw names.error("empty", "name at least one server, or remove the field");
    }
    for (Field name : names.items()) {
      if (name.string().length() > 255 || !SERVER_NAME.matcher(name.string()).matches()) {
        throw name.error(
            "not a server name: '" + name.string() + "'",
            "write www.example.org, in at most 255 characters");
      }
    }
    if (names.present()) {
      notices.add(names, "serverNames are" + WITHHELD, REMEDY);
      wants = true;
    }
    boolean rules = rules(item, direction, node);
    if (rules && names.present() && !item.get("terminatingTLS").present()) {
      throw names.error(
          "serverNames together with L7 rules, but TLS is not terminated",
          "remove one of them, or give terminatingTLS");
    }
    if (rules && listener.present()) {
      throw listener.error("a listener can't be together with L7 rules", "remove one of them");
    }
    return wants || rules;
  }

  /** Whether the item has DNS rules. */
  static boolean isDns(Field item) {
    return !item.get("rules").get("dns").items().isEmpty();
  }

  /** The protocol whose rules the item has; empty without L7 rules. */
  static String protocol(Field item) {
    Field rules = item.get("rules");
    for (String kind : List.of("http", "dns", "kafka")) {
      if (!rules.get(kind).items().isEmpty()) {
        return kind;
      }
    }
    return rules.get("l7proto").stringOr("");
  }

  private boolean rules(Field item, TrafficDirection direction, boolean node) {
    Field rules = item.get("rules");
    if (!rules.present()) {
      return false;
    }
    rules.only(Set.of("http", "kafka", "dns", "l7proto", "l7"));
    Field http = rules.get("http");
    Field dns = rules.get("dns");
    boolean generic = rules.get("l7proto").present() || !rules.get("l7").items().isEmpty();
    Field kafka = rules.get("kafka");
    if (http.items().isEmpty() && dns.items().isEmpty() && kafka.items().isEmpty() && !generic) {
      return false;
    }
    int kinds = generic ? 1 : 0;
    for (Field kind : List.of(http, dns, kafka)) {
      kinds += kind.present() ? 1 : 0;
    }
    if (kinds > 1) {
      throw rules.error("more than one kind of L7 rules", "keep one of http, dns, kafka, l7");
    }
    if (node && direction == TrafficDirection.INGRESS) {
      throw rules.error("no L7 rules for ingress of a node", "remove them");
    }
    if (generic && rules.get("l7proto").stringOr("").isEmpty()) {
      throw rules.get("l7proto").error("missing with l7", "name the protocol");
    }
    for (Field rule : http.items()) {
      http(rule);
    }
    for (Field rule : dns.items()) {
      fqdn(rule);
    }
    for (Field rule : kafka.items()) {
      kafka(rule);
    }
    for (Field rule : rules.get("l7").items()) {
      for (String key : rule.object().keySet()) {
        if (key.isEmpty()) {
          throw rule.error("an empty key", "name what the value is of");
        }
        rule.get(key).stringOr("");
      }
    }
    boolean isDns = !dns.items().isEmpty();
    if (isDns && direction == TrafficDirection.INGRESS) {
      throw dns.error("DNS rules are for egress only", "remove them");
    }
    if (isDns && item.get("ports").items().isEmpty()) {
      throw dns.error("DNS rules need ports", "name port 53, protocol ANY");
    }
    for (Field port : item.get("ports").items()) {
      checkPort(port.requireObject(), isDns);
    }
    notices.add(rules, "L7 rules are" + WITHHELD, REMEDY);
    return true;
  }

  private static void checkPort(Field port, boolean dns) {
    String protocol = port.get("protocol").stringOr("").toUpperCase(Locale.ROOT);
    if (!dns && !protocol.equals("TCP")) {
      throw port.get("protocol")
          .error("L7 rules are for TCP only, but for DNS", "write protocol: TCP");
    }
    if (dns && !Set.of("", "ANY", "TCP", "UDP").contains(protocol)) {
      throw port.get("protocol").error("DNS rules are for TCP and UDP", "write protocol: ANY");
    }
    if (dns && port.get("endPort").present() && port.get("endPort").integer(0, 0xffff) != 0) {
      throw port.get("endPort").error("DNS rules have no port range", "name each port");
    }
    if (port.get("port").stringOr("").equals("0")) {
      throw port.get("port").error("port 0 with L7 rules", "name the ports");
    }
  }

  private static void http(Field rule) {
    rule.only(Set.of("path", "method", "host", "headers", "headerMatches"));
    for (String key : List.of("path", "method", "host")) {
      Re2Pattern.check(rule.get(key));
    }
    for (Field header : rule.get("headers").items()) {
      if (header.string().isEmpty()) {
        throw header.error("empty header", "write 'Name: value', or 'Name' for its presence");
      }
    }
    for (Field match : rule.get("headerMatches").items()) {
      match.only(Set.of("name", "value", "secret", "mismatch"));
      notEmpty(match.get("name"), "name the header");
      match.get("value").stringOr("");
      if (match.get("secret").present()) {
        secret(match.get("secret"));
      }
      Field mismatch = match.get("mismatch");
      if (!Set.of("", "LOG", "ADD", "DELETE", "REPLACE").contains(mismatch.stringOr(""))) {
        throw mismatch.error(
            "unknown: '" + mismatch.string() + "'", "use LOG, ADD, DELETE or REPLACE");
      }
    }
  }

  private static void secret(Field secret) {
    secret.only(Set.of("name", "namespace"));
    notEmpty(secret.get("name"), "name the Secret");
    secret.get("namespace").stringOr("");
  }

  private static void notEmpty(Field text, String remedy) {
    if (text.string().isEmpty()) {
      throw text.error("empty", remedy);
    }
  }

  private static void tls(Field tls) {
    tls.only(Set.of("secret", "certificate", "privateKey", "trustedCA"));
    for (String key : List.of("certificate", "privateKey", "trustedCA")) {
      tls.get(key).stringOr("");
    }
    secret(tls.get("secret"));
  }

  private static void listener(Field listener) {
    listener.only(Set.of("envoyConfig", "name", "priority"));
    notEmpty(listener.get("name"), "name the listener");
    if (listener.get("priority").present()) {
      listener.get("priority").integer(1, 100);
    }
    Field config = listener.get("envoyConfig");
    config.only(Set.of("kind", "name"));
    notEmpty(config.get("name"), "name the Envoy configuration");
    Field kind = config.get("kind");
    if (kind.present() && !ENVOY_CONFIGS.contains(kind.string())) {
      throw kind.error("unknown kind '" + kind.string() + "'", "use one of " + ENVOY_CONFIGS);
    }
  }

  private static void kafka(Field rule) {
    rule.only(Set.of("role", "apiKey", "apiVersion", "clientID", "topic"));
    Field role = rule.get("role");
    Field apiKey = rule.get("apiKey");
    if (!Set.of("", "produce", "consume").contains(role.stringOr("").toLowerCase(Locale.ROOT))) {
      throw role.error("unknown role '" + role.string() + "'", "use produce or consume");
    }
    if (!role.stringOr("").isEmpty() && !apiKey.stringOr("").isEmpty()) {
      throw rule.error("role and apiKey", "give one of them: a role stands for several keys");
    }
    Field version = rule.get("apiVersion");
    if (!version.stringOr("").matches("[0-9]{0,5}")) {
      throw version.error("not a version: '" + version.string() + "'", "write a number, as \"8\"");
    }
    for (Field name : List.of(rule.get("topic"), rule.get("clientID"))) {
      if (!KAFKA_NAME.matcher(name.stringOr("")).matches()) {
        throw name.error(
            "not a name of Kafka: '" + name.string() + "'",
            "use at most 255 letters, digits, '.', '_' and '-'");
      }
    }
  }

  /** Validates an item with matchName or matchPattern. */
  static void fqdn(Field rule) {
    rule.only(Set.of("matchName", "matchPattern"));
    Field name = rule.get("matchName");
    Field pattern = rule.get("matchPattern");
    boolean named = !name.stringOr("").isEmpty();
    if (named == !pattern.stringOr("").isEmpty()) {
      throw rule.error(
          named ? "matchName and matchPattern" : "neither matchName nor matchPattern",
          "give exactly one of them");
    }
    if (named && !FQDN_NAME.matcher(name.string()).matches()) {
      throw name.error("not a name: '" + name.string() + "'", "write www.example.org");
    }
    if (!named && !FQDN_PATTERN.matcher(pattern.string()).matches()) {
      throw pattern.error("not a pattern: '" + pattern.string() + "'", "write *.example.org");
    }
  }
}
