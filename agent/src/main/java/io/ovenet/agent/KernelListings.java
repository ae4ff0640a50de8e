package io.ovenet.agent;

import io.ovenet.datapath.Backend;
import io.ovenet.datapath.ConntrackEntry;
import io.ovenet.datapath.ConntrackKey;
import io.ovenet.datapath.ConntrackState;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.DropReason;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.datapath.NatKey;
import io.ovenet.datapath.NatValue;
import io.ovenet.datapath.ServiceKey;
import io.ovenet.datapath.ServiceValue;
import io.ovenet.datapath.Verdict;
import io.ovenet.policy.Label;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel's tables hold, by names, over the {@link AdminServer}: {@code list-endpoint},
 * {@code list-ct}, {@code list-nat}, {@code list-ipcache} as it should be and {@code
 * list-ipcache-kernel} as it is, {@code list-service-kernel}. Entries come as the tables have them,
 * in no order. Safe for any thread.
 */
final class KernelListings {
  private static final double NANOS = 1e9;

  private final Steering steering;
  private final Supplier<List<LocalEndpoint>> endpoints;
  private final Datapath datapath;
  private final ListedNames names;

  KernelListings(
      Steering steering,
      Supplier<List<LocalEndpoint>> endpoints,
      Datapath datapath,
      ListedNames names) {
    this.endpoints = endpoints;
    this.steering = steering;
    this.datapath = datapath;
    this.names = names;
  }

  void offer(AdminServer server) {
    server.offerList("list-endpoint", this::endpoints);
    server.offerList("list-ct", this::connections);
    server.offerList("list-nat", this::nat);
    server.offerList("list-ipcache", this::addresses);
    server.offerList("list-ipcache-kernel", this::kernelAddresses);
    server.offerList("list-service-kernel", this::services);
  }

  private void endpoints(Consumer<Map<String, ?>> to) {
    long revision = datapath.revisions().current();
    for (var endpoint : endpoints.get()) {
      var one = new LinkedHashMap<String, Object>();
      one.put("endpoint", endpoint.id());
      one.put("namespace", endpoint.namespace());
      one.put("pod", endpoint.pod());
      one.put("address", endpoint.address().getHostAddress());
      one.put("mac", endpoint.mac().toString());
      one.put("interface", endpoint.hostInterface());
      one.put("attached", datapath.isEndpointAttached(endpoint.hostIfindex()));
      one.put("identity", endpoint.identity());
      one.put("labels", endpoint.labels().asList().stream().map(Label::toString).toList());
      one.put("audit", endpoint.audit());
      var kernel = datapath.endpoints().get(endpoint.id());
      one.put("present", kernel != null);
      if (kernel != null) {
        one.put("policy", kernel.policy());
        one.put("policyRevision", kernel.revision());
        one.put("enforces", kernel.flags().stream().map(Object::toString).sorted().toList());
      }
      one.put("revision", revision);
      to.accept(one);
    }
  }

  private void connections(Consumer<Map<String, ?>> to) {
    datapath.conntrack().forEach((key, entry) -> to.accept(connection(key, entry)));
  }

  private Map<String, ?> connection(ConntrackKey key, ConntrackEntry entry) {
    long now = System.nanoTime();
    boolean hiBegan = (entry.flags() & ConntrackEntry.HI_BEGAN) != 0;
    boolean icmp = key.flags() != 0;
    long began = entry.beganAtNanos();
    var lo = names.end(key.lo(), key.loPort(), entry.lo().id(), entry.loIdentity(), began);
    var hi = names.end(key.hi(), key.hiPort(), entry.hi().id(), entry.hiIdentity(), began);
    var one = new LinkedHashMap<String, Object>();
    one.put("protocol", ListedNames.protocol(key.protocol()));
    one.put("source", hiBegan ? hi : lo);
    one.put("destination", hiBegan ? lo : hi);
    if (icmp) {
      one.put("icmpType", key.flags() & 0x7f);
    }
    var verdict = Verdict.of(entry.verdict());
    one.put("verdict", verdict == null ? "NONE" : verdict.toString());
    var state = ConntrackState.of(entry.state());
    one.put("state", state == null ? "" : state.toString());
    one.put("replySeen", (entry.flags() & ConntrackEntry.REPLY_SEEN) != 0);
    if (entry.dropReason() != 0) {
      var reason = DropReason.of(entry.dropReason());
      one.put("dropReason", reason == null ? "" + entry.dropReason() : reason.toString());
    }
    one.put("revision", entry.revision());
    one.put("egressRules", names.rules(entry.egressRule()));
    one.put("ingressRules", names.rules(entry.ingressRule()));
    if ((entry.flags() & ConntrackEntry.SERVICE) != 0) {
      one.put("service", names.service(entry.service()));
      one.put("frontend", entry.frontend().getHostAddress() + ":" + entry.frontendPort());
    }
    if (entry.nat() != 0) {
      one.put("natPort", Short.toUnsignedInt(Short.reverseBytes((short) entry.nat())));
    }
    if (entry.tunnel() != 0) {
      one.put("tunnel", ListedNames.ipv4(entry.tunnel()));
    }
    one.put("packets", entry.packetsOnwards());
    one.put("packetsBack", entry.packetsBack());
    one.put("bytes", entry.bytesOnwards());
    one.put("bytesBack", entry.bytesBack());
    one.put("ageSeconds", (now - began) / NANOS);
    one.put("expiresInSeconds", (entry.expiresNanos() - now) / NANOS);
    return one;
  }

  private void nat(Consumer<Map<String, ?>> to) {
    datapath.nat().forEach((key, value) -> to.accept(port(key, value)));
  }

  private Map<String, ?> port(NatKey key, NatValue value) {
    var one = new LinkedHashMap<String, Object>();
    one.put("protocol", ListedNames.protocol(key.protocol()));
    one.put("source", names.end(value.pod(), value.podPort(), 0, 0, value.claimedAtNanos()));
    one.put("natPort", key.port());
    one.put("remote", key.remote().getHostAddress());
    one.put("remotePort", key.remotePort());
    one.put("ageSeconds", (System.nanoTime() - value.claimedAtNanos()) / NANOS);
    return one;
  }

  private record Said(IpcacheKey key, Ipcache.Source source, IpcacheValue value) {}

  private void addresses(Consumer<Map<String, ?>> to) throws IOException {
    var all = new ArrayList<Said>();
    steering.ask(
        realizer ->
            realizer
                .addresses()
                .forEach((key, source, value) -> all.add(new Said(key, source, value))));
    all.forEach(said -> to.accept(address(said.key(), said.value(), said.source())));
  }

  private void kernelAddresses(Consumer<Map<String, ?>> to) {
    datapath.ipcache().forEach((key, value) -> to.accept(address(key, value, null)));
  }

  private Map<String, ?> address(
      IpcacheKey key, IpcacheValue value, Ipcache.@Nullable Source source) {
    var one = new LinkedHashMap<String, Object>();
    one.put("prefix", key.address().getHostAddress() + "/" + key.prefixLength());
    if (key.network() != 0) {
      one.put("network", key.network());
    }
    names.describe(key.address(), key.prefixLength(), value.identity(), one);
    if (value.tunnelEndpoint() != 0) {
      one.put("tunnel", ListedNames.ipv4(value.tunnelEndpoint()));
    }
    one.put("isNode", (value.flags() & IpcacheValue.NODE) != 0);
    one.put("isPod", (value.flags() & IpcacheValue.POD) != 0);
    one.put("variant", value.variant());
    if (source != null) {
      one.put("saidBy", source.toString());
    }
    return one;
  }

  private void services(Consumer<Map<String, ?>> to) {
    datapath.services().forEach((key, value) -> to.accept(service(key, value)));
  }

  private Map<String, ?> service(ServiceKey key, ServiceValue value) {
    var slots = datapath.serviceSlots();
    var table = datapath.backends();
    var backends = new ArrayList<String>();
    for (int slot = 0; slot < value.count(); slot++) {
      var number = slots.get(value.first() + slot);
      var backend = number == null ? null : table.get(number);
      backends.add(backend == null ? "backend " + number + ", which is gone" : text(backend));
    }
    var one = new LinkedHashMap<String, Object>();
    one.put("service", names.service(value.service()));
    one.put("address", key.address().getHostAddress());
    one.put("port", key.port());
    one.put("protocol", ListedNames.protocol(key.protocol()));
    one.put("from", ServiceQuestions.scope(key.scope()));
    one.put("localOnly", (value.flags() & ServiceValue.LOCAL_ONLY) != 0);
    one.put("outside", (value.flags() & ServiceValue.EXTERNAL) != 0);
    one.put("maglev", value.maglevSize());
    one.put("affinitySeconds", value.affinitySeconds());
    one.put("backends", backends);
    return one;
  }

  private static String text(Backend backend) {
    return backend.address().getHostAddress()
        + ":"
        + backend.port()
        + ((backend.flags() & Backend.TERMINATING) != 0 ? " (terminating)" : "");
  }
}
