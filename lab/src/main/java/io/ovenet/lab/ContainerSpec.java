package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a container of the lab runs. Images are ignored: the programs are busybox's.
 *
 * @param command with its arguments; empty for a container that only exists
 */
record ContainerSpec(
    String name, String image, List<String> command, Map<String, String> environment) {
  private static final Pattern REFERENCE = Pattern.compile("\\$\\$|\\$\\(([A-Za-z_][\\w.-]*)\\)");

  /** The containers of a pod that has got its address. */
  static List<ContainerSpec> of(Pod pod, @Nullable String podIp, String hostIp) {
    List<ContainerSpec> specs = new ArrayList<>();
    for (Container container : pod.getSpec().getContainers()) {
      Map<String, String> environment = new LinkedHashMap<>();
      environment.put("PATH", "/usr/local/bin:/usr/bin:/bin:/sbin");
      environment.put("HOME", "/root");
      environment.put("HOSTNAME", pod.getMetadata().getName());
      for (EnvVar variable : container.getEnv()) {
        String value = value(variable, pod, podIp, hostIp);
        environment.put(variable.getName(), expand(value, environment));
      }
      List<String> command = new ArrayList<>();
      if (!container.getCommand().isEmpty()) {
        command.addAll(container.getCommand());
        command.addAll(container.getArgs());
        command.replaceAll(argument -> expand(argument, environment));
      }
      specs.add(
          new ContainerSpec(
              container.getName(),
              container.getImage() == null ? "" : container.getImage(),
              List.copyOf(command),
              Map.copyOf(environment)));
    }
    return List.copyOf(specs);
  }

  private static String value(EnvVar variable, Pod pod, @Nullable String podIp, String hostIp) {
    if (variable.getValueFrom() == null || variable.getValueFrom().getFieldRef() == null) {
      return variable.getValue() == null ? "" : variable.getValue();
    }
    String value =
        switch (variable.getValueFrom().getFieldRef().getFieldPath()) {
          case "metadata.name" -> pod.getMetadata().getName();
          case "metadata.namespace" -> pod.getMetadata().getNamespace();
          case "metadata.uid" -> pod.getMetadata().getUid();
          case "spec.nodeName" -> pod.getSpec().getNodeName();
          case "status.podIP" -> podIp;
          case "status.hostIP" -> hostIp;
          default -> "";
        };
    return value == null ? "" : value;
  }

  /** Kubernetes' own `$(NAME)`; what is unknown stays as it is, `$$` is a dollar. */
  static String expand(String text, Map<String, String> environment) {
    Matcher matcher = REFERENCE.matcher(text);
    StringBuilder expanded = new StringBuilder();
    while (matcher.find()) {
      String name = matcher.group(1);
      String value = name == null ? "$" : environment.getOrDefault(name, matcher.group());
      matcher.appendReplacement(expanded, Matcher.quoteReplacement(value));
    }
    return matcher.appendTail(expanded).toString();
  }
}
