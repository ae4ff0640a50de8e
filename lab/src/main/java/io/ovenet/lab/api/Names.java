package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/** What names, label keys and label values may look like. */
final class Names {
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
  private static final Pattern SUBDOMAIN =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
  private static final Pattern VALUE =
      Pattern.compile("(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?");

  /** Letters that make no words, as Kubernetes' own name generator uses them. */
  private static final String SUFFIX = "bcdfghjklmnpqrstvwxz2456789";

  private Names() {}

  static boolean isSubdomain(String name) {
    return name.length() <= 253 && SUBDOMAIN.matcher(name).matches();
  }

  static boolean isLabel(String name) {
    return name.length() <= 63 && LABEL.matcher(name).matches();
  }

  /** A name that starts with a base. */
  static String generate(String base) {
    StringBuilder name = new StringBuilder(base.substring(0, Math.min(base.length(), 58)));
    for (int i = 0; i < 5; i++) {
      name.append(SUFFIX.charAt(ThreadLocalRandom.current().nextInt(SUFFIX.length())));
    }
    return name.toString();
  }

  static void checkName(Resource resource, String name, List<ApiException.Cause> causes) {
    if (resource.group().equals("rbac.authorization.k8s.io")) {
      if (name.equals(".") || name.equals("..") || name.contains("/") || name.contains("%")) {
        add(causes, "metadata.name", name, "may not be '.', '..' or contain '/' or '%'");
      }
      return;
    }
    boolean plain = resource.is("", "namespaces") || resource.is("", "services");
    if (plain && !isLabel(name)) {
      add(
          causes,
          "metadata.name",
          name,
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
              + " and must start and end with an alphanumeric character, at most 63 of them");
    } else if (!isSubdomain(name)) {
      add(
          causes,
          "metadata.name",
          name,
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-'"
              + " or '.', and must start and end with an alphanumeric character");
    }
  }

  static void checkLabels(JsonNode labels, List<ApiException.Cause> causes) {
    for (Map.Entry<String, JsonNode> label : labels.properties()) {
      String key = label.getKey();
      int slash = key.indexOf('/');
      String name = key.substring(slash + 1);
      boolean fits = !name.isEmpty() && name.length() <= 63 && VALUE.matcher(name).matches();
      if (!fits || (slash >= 0 && !isSubdomain(key.substring(0, slash)))) {
        add(
            causes,
            "metadata.labels",
            key,
            "a label key is [prefix/]name: the name at most 63 alphanumeric characters, '-', '_' or"
                + " '.', starting and ending with an alphanumeric one, the prefix a DNS name");
      }
      String value = label.getValue().asText();
      if (value.length() > 63 || !VALUE.matcher(value).matches()) {
        add(
            causes,
            "metadata.labels",
            value,
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_'"
                + " or '.', and must start and end with an alphanumeric character, at most 63 of"
                + " them");
      }
    }
  }

  private static void add(List<ApiException.Cause> causes, String field, String value, String why) {
    causes.add(
        new ApiException.Cause(
            "FieldValueInvalid", "Invalid value: \"" + value + "\": " + why, field));
  }
}
