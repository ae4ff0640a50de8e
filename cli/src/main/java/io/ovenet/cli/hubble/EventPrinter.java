package io.ovenet.cli.hubble;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.AgentEvent;
import io.ovenet.api.flow.EndpointRegenNotification;
import io.ovenet.api.flow.EndpointUpdateNotification;
import io.ovenet.api.flow.IPCacheNotification;
import io.ovenet.api.flow.PolicyUpdateNotification;
import io.ovenet.api.flow.ServiceUpsertNotification;
import io.ovenet.api.flow.ServiceUpsertNotificationAddr;
import io.ovenet.api.observer.GetAgentEventsResponse;
import io.ovenet.cli.text.Table;
import io.ovenet.cli.text.Terminal;
import io.ovenet.flow.FlowJson;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Writes an agent's own events in one of Hubble's forms. For one thread. */
final class EventPrinter implements AutoCloseable {
  private static final String UNKNOWN = "UNKNOWN";

  private final FlowPrinter.Form form;
  private final TimeFormat times;
  private final boolean nodeName;
  private final PrintWriter out;
  private final Table table = new Table(3);
  private long lines;

  EventPrinter(FlowPrinter.Form form, TimeFormat times, boolean nodeName, PrintWriter out) {
    this.form = form;
    this.times = times;
    this.nodeName = nodeName;
    this.out = out;
  }

  void print(GetAgentEventsResponse response) {
    AgentEvent event = response.getAgentEvent();
    print(
        response,
        response.getTime(),
        response.getNodeName(),
        event.getType().name(),
        details(event));
  }

  /** Any event, as its type and a line about it. */
  void print(Message whole, Timestamp at, String node, String type, String details) {
    String time = times.format(at);
    String safeNode = Terminal.safe(node);
    String safe = Terminal.safe(details);
    switch (form) {
      case JSON -> out.println(FlowJson.of(whole));
      case COMPACT ->
          out.println(
              time + (nodeName ? " [" + safeNode + "]" : "") + ": " + type + " (" + safe + ")");
      case DICT -> {
        if (lines > 0) {
          out.println(FlowPrinter.SEPARATOR);
        }
        out.println("  TIMESTAMP: " + time);
        if (nodeName) {
          out.println("       NODE: " + safeNode);
        }
        out.println("       TYPE: " + type);
        out.println("    DETAILS: " + safe);
      }
      case TABLE -> {
        if (lines == 0) {
          row("TIMESTAMP", "NODE", "TYPE", "DETAILS");
        }
        row(time, node, type, details);
      }
    }
    lines++;
  }

  private void row(String time, String node, String type, String details) {
    if (nodeName) {
      table.row(time, node, type, details);
    } else {
      table.row(time, type, details);
    }
  }

  private String details(AgentEvent event) {
    return switch (event.getNotificationCase()) {
      case UNKNOWN ->
          "type: "
              + event.getUnknown().getType()
              + ", notification: "
              + event.getUnknown().getNotification();
      case AGENT_START -> "start time: " + times.format(event.getAgentStart().getTime());
      case POLICY_UPDATE -> policy(event.getPolicyUpdate());
      case ENDPOINT_REGENERATE -> regenerated(event.getEndpointRegenerate());
      case ENDPOINT_UPDATE -> endpoint(event.getEndpointUpdate());
      case IPCACHE_UPDATE -> address(event.getIpcacheUpdate());
      case SERVICE_UPSERT -> service(event.getServiceUpsert());
      case SERVICE_DELETE -> "id: " + Integer.toUnsignedLong(event.getServiceDelete().getId());
      case NOTIFICATION_NOT_SET -> UNKNOWN;
    };
  }

  private static String policy(PolicyUpdateNotification update) {
    return "labels: ["
        + String.join(",", update.getLabelsList())
        + "], revision: "
        + Long.toUnsignedString(update.getRevision())
        + ", count: "
        + update.getRuleCount();
  }

  private static String regenerated(EndpointRegenNotification endpoint) {
    String error = endpoint.getError();
    return "id: "
        + Long.toUnsignedString(endpoint.getId())
        + ", labels: ["
        + String.join(",", endpoint.getLabelsList())
        + "]"
        + (error.isEmpty() ? "" : ", error: " + error);
  }

  private static String endpoint(EndpointUpdateNotification endpoint) {
    return "id: "
        + Long.toUnsignedString(endpoint.getId())
        + optional("namespace", endpoint.getNamespace())
        + optional("pod name", endpoint.getPodName());
  }

  private static String address(IPCacheNotification address) {
    return "cidr: "
        + address.getCidr()
        + ", identity: "
        + Integer.toUnsignedLong(address.getIdentity())
        + (address.hasOldIdentity()
            ? ", old identity: " + Integer.toUnsignedLong(address.getOldIdentity().getValue())
            : "")
        + optional("host ip", address.getHostIp())
        + optional("old host ip", address.getOldHostIp())
        + ", encrypt key: "
        + Integer.toUnsignedLong(address.getEncryptKey());
  }

  private static String service(ServiceUpsertNotification service) {
    List<String> backends = new ArrayList<>();
    service.getBackendAddressesList().forEach(backend -> backends.add(address(backend)));
    String trafficPolicy =
        (String)
            service.getField(
                ServiceUpsertNotification.getDescriptor().findFieldByName("traffic_policy"));
    return "id: "
        + Integer.toUnsignedLong(service.getId())
        + (service.hasFrontendAddress()
            ? ", frontend: " + address(service.getFrontendAddress())
            : "")
        + (backends.isEmpty() ? "" : ", backends: [" + String.join(",", backends) + "]")
        + optional("type", service.getType())
        + optional("traffic policy", trafficPolicy)
        + optional("namespace", service.getNamespace())
        + optional("name", service.getName());
  }

  private static String address(ServiceUpsertNotificationAddr address) {
    String ip = address.getIp();
    return (ip.indexOf(':') < 0 ? ip : "[" + ip + "]")
        + ":"
        + Integer.toUnsignedLong(address.getPort());
  }

  private static String optional(String name, String value) {
    return value.isEmpty() ? "" : ", " + name + ": " + value;
  }

  @Override
  public void close() {
    table.print(out);
    out.flush();
  }
}
