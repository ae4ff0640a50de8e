package io.ovenet.agent;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.ReservedIdentity;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a pod means to policies: its identity, named ports and mode.
 *
 * @param identity number that {@code labels} have
 * @param audit whether what policies deny passes and is told
 */
record Meaning(String podUid, int identity, Labels labels, NamedPorts ports, boolean audit) {
  private static final Logger log = LoggerFactory.getLogger(Meaning.class);

  /**
   * Of a pod that is about to start. While the API server doesn't say what its labels are, or gives
   * no number for them, it is {@code reserved:init}: enforced in both directions, whatever the
   * policies of its labels would allow. {@link Relabeler} sees to it that it gets its own.
   *
   * @param uid as the runtime says; without it a pod that nobody knows can't be told from others of
   *     its name, so that it has to wait for the API server
   * @throws IOException if the API server says that there is no such pod, or can't be asked and the
   *     runtime gave no uid
   */
  static Meaning of(String namespace, String name, String uid, Pods pods, Identities identities)
      throws IOException {
    try {
      var pod = pods.find(namespace, name, uid);
      var labels = pods.identityLabels(pod);
      return new Meaning(
          pod.uid(),
          identities.allocate(labels),
          labels,
          Pods.portsOf(pod.namedPorts()),
          pods.isAudited(pod));
    } catch (ApiException e) {
      if (e.notFound() || uid.isEmpty()) {
        throw e;
      }
      return unknown(namespace, name, uid, e);
    } catch (IOException | UncheckedIOException e) {
      if (uid.isEmpty()) {
        throw e;
      }
      return unknown(namespace, name, uid, e);
    }
  }

  private static Meaning unknown(String namespace, String name, String uid, Exception why) {
    log.warn(
        "pod {}/{} is reserved:init until the API server says what its identity is: {}",
        namespace,
        name,
        why.getMessage());
    var init = ReservedIdentity.INIT;
    return new Meaning(uid, init.number(), init.labels(), NamedPorts.NONE, false);
  }
}
