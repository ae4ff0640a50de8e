package io.ovenet.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.LoadBalancerPoolRecord;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.ServiceRecord;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class AddressBookTest {
  private final AddressBook book = new AddressBook();

  private static JsonObject json(String text) {
    return Json.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static AddressPool pool(String name, String created, String spec) {
    return AddressPool.of(written(name, created, spec));
  }

  private static LoadBalancerPoolRecord written(String name, String created, String spec) {
    return RecordKind.LOAD_BALANCER_POOLS
        .reader()
        .apply(
            json(
                "{'metadata':{'name':'%s','creationTimestamp':'%s'},'spec':{%s}}"
                    .formatted(name, created, spec)));
  }

  private static ServiceRecord service(String path, String metadata, String spec) {
    return service(path, metadata, spec, "");
  }

  private static ServiceRecord service(String path, String metadata, String spec, String ip) {
    var parts = path.split("/", -1);
    return RecordKind.SERVICES
        .reader()
        .apply(
            json(
                """
                {'metadata':{'namespace':'%s','name':'%s'%s},
                 'spec':{'type':'LoadBalancer'%s},
                 'status':{'loadBalancer':{'ingress':[%s]}}}
                """
                    .formatted(
                        parts[0],
                        parts[1],
                        metadata.isEmpty() ? "" : "," + metadata,
                        spec.isEmpty() ? "" : "," + spec,
                        ip.isEmpty() ? "" : "{'ip':'" + ip + "'}")));
  }

  private static ServiceRecord asking(String path, String annotation, String value) {
    return service(path, "'annotations':{'%s':'%s'}".formatted(annotation, value), "");
  }

  private List<String> given(ServiceRecord service) {
    return book.assign(service).addresses().stream().sorted().map(Address::toString).toList();
  }

  @Test
  void addressesAsTheMissionAsksForThem() {
    book.pools(List.of(pool("vm-pool", "1", "'cidrs':[{'cidr':'10.100.0.0/24'}]")));
    assertThat(given(asking("default/vm-web", "io.cilium/lb-ipam-ips", "10.100.0.10")))
        .containsExactly("10.100.0.10");
    assertThat(given(asking("default/two", "lbipam.cilium.io/ips", "10.100.0.11, 10.100.0.12")))
        .containsExactly("10.100.0.11", "10.100.0.12");
    assertThat(given(service("default/old", "", "'loadBalancerIP':'10.100.0.13'")))
        .containsExactly("10.100.0.13");
  }

  @Test
  void theLowestFreeAddressIsGivenAndKept() {
    book.pools(List.of(pool("p", "1", "'blocks':[{'start':'192.0.2.9','stop':'192.0.2.10'}]")));
    assertThat(given(service("a/one", "", ""))).containsExactly("192.0.2.9");
    assertThat(given(service("a/two", "", ""))).containsExactly("192.0.2.10");
    var third = book.assign(service("a/three", "", ""));
    assertThat(third.addresses()).isEmpty();
    assertThat(third.reason()).isEqualTo(AddressBook.NO_POOL);
    assertThat(book.release("a/one")).isTrue();
    assertThat(given(service("a/two", "", ""))).containsExactly("192.0.2.10");
    assertThat(given(service("a/three", "", ""))).containsExactly("192.0.2.9");
    assertThat(book.release("a/none")).isFalse();
  }

  @Test
  void firstAndLastOfAPrefixOnlyWhereAllowed() {
    var spec =
        "'allowFirstLastIPs':'No','blocks':[{'cidr':'192.0.2.0/30'},{'cidr':'192.0.3.4/31'}]";
    book.pools(List.of(pool("p", "1", spec)));
    var all = new TreeSet<String>();
    for (var i = 0; i < 5; i++) {
      all.addAll(given(service("a/s" + i, "", "")));
    }
    assertThat(all).containsExactly("192.0.2.1", "192.0.2.2", "192.0.3.4", "192.0.3.5");
  }

  @Test
  void selectorsSeeNamespaceAndNameToo() {
    book.pools(
        List.of(
            pool(
                "p",
                "1",
                "'blocks':[{'cidr':'192.0.2.0/24'}],'serviceSelector':{'matchLabels':"
                    + "{'io.kubernetes.service.namespace':'shop'},'matchExpressions':"
                    + "[{'key':'tier','operator':'Exists'}]}")));
    assertThat(given(service("shop/web", "'labels':{'tier':'x'}", ""))).hasSize(1);
    assertThat(book.assign(service("other/web", "'labels':{'tier':'x'}", "")).reason())
        .isEqualTo(AddressBook.MISMATCH);
    assertThat(book.assign(asking("shop/api", "lbipam.cilium.io/ips", "192.0.2.7")).reason())
        .isEqualTo(AddressBook.MISMATCH);
  }

  @Test
  void newerOfTwoOverlappingPoolsGivesNothingUntilTheOlderIsGone() {
    var older = pool("z-older", "2026-01-01T00:00:00Z", "'blocks':[{'cidr':'192.0.2.0/24'}]");
    var newer =
        pool(
            "a-newer",
            "2026-01-02T00:00:00Z",
            "'blocks':[{'cidr':'192.0.2.128/25'},{'cidr':'198.51.100.0/24'}]");
    book.pools(List.of(newer, older));
    assertThat(given(service("a/one", "", ""))).containsExactly("192.0.2.0");
    assertThat(book.pools().getFirst().conflict()).contains("z-older");
    assertThat(book.assign(asking("a/two", "lbipam.cilium.io/ips", "198.51.100.1")).reason())
        .isEqualTo(AddressBook.NO_POOL);
    book.pools(List.of(newer));
    assertThat(given(service("a/one", "", ""))).containsExactly("192.0.2.128");
    assertThat(
            pool("p", "1", "'blocks':[{'cidr':'192.0.2.0/24'},{'start':'192.0.2.5'}]").conflict())
        .contains("overlap");
  }

  @Test
  void disabledPoolGivesNothingNewAndTakesNothingBack() {
    var spec = "'blocks':[{'cidr':'192.0.2.0/24'}]";
    book.pools(List.of(pool("p", "1", spec)));
    assertThat(given(service("a/one", "", ""))).containsExactly("192.0.2.0");
    book.pools(List.of(pool("p", "1", spec + ",'disabled':true")));
    assertThat(given(service("a/one", "", ""))).containsExactly("192.0.2.0");
    assertThat(given(service("a/two", "", ""))).isEmpty();
    book.pools(List.of());
    assertThat(book.assign(service("a/one", "", "")).addresses()).isEmpty();
  }

  @Test
  void sharingNeedsTheSameKeyOtherPortsAndConsent() {
    book.pools(List.of(pool("p", "1", "'blocks':[{'cidr':'192.0.2.0/24'}]")));
    var key = "'annotations':{'lbipam.cilium.io/sharing-key':'k'}";
    assertThat(given(service("a/http", key, "'ports':[{'port':80}]"))).containsExactly("192.0.2.0");
    assertThat(given(service("a/udp", key, "'ports':[{'port':80,'protocol':'UDP'}]")))
        .containsExactly("192.0.2.0");
    assertThat(given(service("a/http2", key, "'ports':[{'port':80}]")))
        .containsExactly("192.0.2.1");
    assertThat(given(service("b/ssh", key, "'ports':[{'port':22}]"))).containsExactly("192.0.2.2");
    var named =
        "'annotations':{'lbipam.cilium.io/sharing-key':'k','lbipam.cilium.io/ips':'192.0.2.0'}";
    var refused = book.assign(service("a/http3", named, "'ports':[{'port':80}]"));
    assertThat(refused.reason()).isEqualTo(AddressBook.INCOMPATIBLE);
    assertThat(refused.message()).contains("both serve 80/TCP", "a/http");
    assertThat(book.assign(asking("a/none", "lbipam.cilium.io/ips", "192.0.2.0")).reason())
        .isEqualTo(AddressBook.TAKEN);
    // Two services with a consent to all namespaces, on an address of their own.
    var across =
        "'annotations':{'lbipam.cilium.io/sharing-key':'x',"
            + "'lbipam.cilium.io/sharing-cross-namespace':'*'}";
    assertThat(given(service("c/one", across, "'ports':[{'port':1}]")))
        .isEqualTo(given(service("d/two", across, "'ports':[{'port':2}]")));
  }

  @Test
  void familiesAsTheServiceWantsThem() {
    book.pools(
        List.of(
            pool("four", "1", "'blocks':[{'cidr':'192.0.2.0/24'}]"),
            pool("six", "1", "'blocks':[{'cidr':'2001:db8::10/124'}]")));
    assertThat(given(service("a/both", "", "'ipFamilies':['IPv4','IPv6']")))
        .containsExactly("192.0.2.0", "2001:db8::10");
    assertThat(given(service("a/six", "", "'ipFamilies':['IPv6']")))
        .containsExactly("2001:db8::11");
    book.pools(List.of(pool("four", "1", "'blocks':[{'cidr':'192.0.2.0/24'}]")));
    var half =
        service("a/half", "", "'ipFamilies':['IPv4','IPv6'],'ipFamilyPolicy':'PreferDualStack'");
    assertThat(book.assign(half).satisfied()).isTrue();
    var both =
        service("a/req", "", "'ipFamilies':['IPv4','IPv6'],'ipFamilyPolicy':'RequireDualStack'");
    assertThat(book.assign(both).reason()).isEqualTo(AddressBook.NO_POOL);
  }

  @Test
  void whatIsWrongIsNamedWithItsField() {
    book.pools(List.of(pool("p", "1", "'blocks':[{'cidr':'192.0.2.0/24'}]")));
    var bad = book.assign(asking("a/bad", "io.cilium/lb-ipam-ips", "192.0.2.300"));
    assertThat(bad.reason()).isEqualTo(AddressBook.BAD_REQUEST);
    assertThat(bad.message()).contains("io.cilium/lb-ipam-ips", "192.0.2.300");
    for (var spec :
        List.of(
            "'blocks':[{'cidr':'10.0.0.0/33'}]",
            "'blocks':[{}]",
            "'blocks':[{'cidr':'10.0.0.0/8','start':'10.0.0.1'}]",
            "'blocks':[{'start':'10.0.0.2','stop':'10.0.0.1'}]",
            "'blocks':[{'start':'10.0.0.2','stop':'::1'}]")) {
      assertThatThrownBy(() -> pool("p", "1", spec)).hasMessageContaining("spec.blocks[0]");
    }
    assertThatThrownBy(
            () ->
                pool(
                    "p",
                    "1",
                    "'serviceSelector':{'matchExpressions':[{'key':'a','operator':'Maybe'}]}"))
        .hasMessageContaining("spec.serviceSelector.matchExpressions[0].operator");
  }

  @Test
  void addressesAreWrittenAsRfc5952Says() {
    for (var text :
        List.of(
            "::",
            "::1",
            "1::",
            "2001:db8::1",
            "2001:db8:0:1:1:1:1:1",
            "fe80::1:0:0:1",
            "255.0.0.1")) {
      assertThat(Address.parse(text).toString()).isEqualTo(text);
    }
    assertThat(Address.parse("2001:0DB8:0:0:1:0:0:1").toString()).isEqualTo("2001:db8::1:0:0:1");
  }

  @Test
  void nothingIsGivenTwiceWhateverHappens() {
    var seed = System.nanoTime();
    var random = new Random(seed);
    var services = new java.util.TreeMap<String, ServiceRecord>();
    for (var step = 0; step < 3_000; step++) {
      if (random.nextInt(50) == 0) {
        book.pools(
            List.of(
                pool("p", "1", "'blocks':[{'cidr':'192.0.2.0/28'}]"),
                pool(
                    "q",
                    "2",
                    "'blocks':[{'cidr':'198.51.100.%d/29'}]".formatted(8 * random.nextInt(4)))));
      }
      var path = "a/s" + random.nextInt(30);
      if (random.nextInt(4) == 0) {
        book.release(path);
        services.remove(path);
      } else {
        var service =
            random.nextBoolean()
                ? service(path, "", "")
                : asking(path, "lbipam.cilium.io/ips", "192.0.2." + random.nextInt(18));
        services.put(path, service);
      }
      var seen = new TreeSet<Address>();
      for (var service : services.values()) {
        for (var address : book.assign(service).addresses()) {
          assertThat(seen.add(address)).as("seed %d, step %d, %s", seed, step, address).isTrue();
        }
      }
    }
  }

  @Test
  void afterARestartWhatServicesHaveIsTheirs() {
    book.pools(List.of(pool("p", "1", "'blocks':[{'cidr':'192.0.2.0/24'}]")));
    var had = service("a/late", "", "", "192.0.2.0");
    book.adopt(had);
    // A second holder of the same address, and one that no pool has: neither is believed.
    book.adopt(service("a/second", "", "", "192.0.2.0"));
    book.adopt(service("a/foreign", "", "", "203.0.113.1"));
    assertThat(given(service("a/early", "", ""))).containsExactly("192.0.2.1");
    assertThat(given(had)).containsExactly("192.0.2.0");
    assertThat(given(service("a/second", "", "", "192.0.2.0"))).containsExactly("192.0.2.2");
  }
}
