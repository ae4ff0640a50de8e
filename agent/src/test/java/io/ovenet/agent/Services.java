package io.ovenet.agent;

import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.kubernetes.policy.LocalRedirectPolicy;
import java.nio.charset.StandardCharsets;

/** Services and slices for tests, by the readers that the agent has. */
final class Services {
  private Services() {}

  static ServiceRecord service(String path, String spec) {
    return service(path, spec, "{}", "2026-01-01T00:00:00Z");
  }

  static ServiceRecord service(String path, String spec, String status, String created) {
    return RecordKind.SERVICES
        .reader()
        .apply(
            json(
                "{'metadata':"
                    + metadata(path, ",'creationTimestamp':'" + created + "'")
                    + ",'spec':"
                    + spec
                    + ",'status':"
                    + status
                    + "}"));
  }

  static EndpointSliceRecord slice(String path, String service, String ports, String endpoints) {
    return RecordKind.ENDPOINT_SLICES
        .reader()
        .apply(
            json(
                "{'metadata':"
                    + metadata(path, ",'labels':{'kubernetes.io/service-name':'" + service + "'}")
                    + ",'addressType':'IPv4','ports':"
                    + ports
                    + ",'endpoints':["
                    + endpoints
                    + "]}"));
  }

  /** An endpoint on a node, of a pod that is called as the address. */
  static String endpoint(String address, String node, String rest) {
    return "{'addresses':['"
        + address
        + "'],'nodeName':'"
        + node
        + "','targetRef':{'kind':'Pod','name':'p','uid':'uid-of-"
        + address
        + "'}"
        + rest
        + "}";
  }

  /** A running pod of this node, with one label and one container. */
  static PodRecord pod(
      String path, String key, String value, String address, boolean ready, String ports) {
    return RecordKind.PODS
        .reader()
        .apply(
            json(
                "{'metadata':"
                    + metadata(path, ",'labels':{'" + key + "':'" + value + "'}")
                    + ",'spec':{'nodeName':'n1','containers':[{'ports':"
                    + ports
                    + "}]},'status':{'phase':'Running','podIP':'"
                    + address
                    + "','conditions':[{'type':'Ready','status':'"
                    + (ready ? "True" : "False")
                    + "'}]}}"));
  }

  static LocalRedirectPolicy redirect(String path, String spec) {
    return LocalRedirectPolicy.of(
        RecordKind.LOCAL_REDIRECT_POLICIES
            .reader()
            .apply(json("{'metadata':" + metadata(path, "") + ",'spec':" + spec + "}")));
  }

  private static String metadata(String path, String rest) {
    int slash = path.indexOf('/');
    return "{'namespace':'"
        + path.substring(0, slash)
        + "','name':'"
        + path.substring(slash + 1)
        + "','uid':'uid-"
        + path
        + "'"
        + rest
        + "}";
  }

  private static io.ovenet.kubernetes.JsonObject json(String text) {
    return Json.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }
}
