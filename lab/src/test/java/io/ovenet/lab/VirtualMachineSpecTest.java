package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What becomes of a VirtualMachineInstance's spec. */
class VirtualMachineSpecTest {
  private static VirtualMachineSpec parse(String yaml) throws Exception {
    return VirtualMachineSpec.parse(new YAMLMapper().readTree(yaml), "ns/vm");
  }

  @Test
  void whatIsNotSaidIsAsWithKubeVirt() throws Exception {
    VirtualMachineSpec spec = parse("domain: {devices: {}}");
    assertThat(spec.binding()).isEqualTo(VirtualMachineSpec.Binding.MASQUERADE);
    assertThat(spec.guest()).isEqualTo("10.0.2.2");
    assertThat(spec.gateway()).isEqualTo("10.0.2.1");
    assertThat(spec.prefix()).isEqualTo(24);
    assertThat(spec.ports()).isEmpty();
    assertThat(spec.memoryMiB()).isEqualTo(128);
    assertThat(spec.mac()).matches("52:54:00(:[0-9a-f]{2}){3}");
    assertThat(parse("domain: {devices: {}}").mac()).isEqualTo(spec.mac());
  }

  @Test
  void networksPortsMemoryAndUserData() throws Exception {
    VirtualMachineSpec spec =
        parse(
            """
            domain:
              memory: {guest: 256Mi}
              devices:
                interfaces:
                - name: front
                  masquerade: {}
                  macAddress: 02-AA-00-00-00-01
                  ports: [{port: 80}, {port: 53, protocol: UDP}]
            networks:
            - name: front
              pod: {vmNetworkCIDR: 192.168.100.64/28}
            volumes:
            - name: cloudinit
              cloudInitNoCloud: {userDataBase64: %s}
            """
                .formatted(
                    Base64.getEncoder()
                        .encodeToString("#!/bin/sh\necho hi\n".getBytes(StandardCharsets.UTF_8))));
    assertThat(spec.guest()).isEqualTo("192.168.100.66");
    assertThat(spec.gateway()).isEqualTo("192.168.100.65");
    assertThat(spec.mac()).isEqualTo("02:aa:00:00:00:01");
    assertThat(spec.memoryMiB()).isEqualTo(256);
    assertThat(spec.userData()).isEqualTo("#!/bin/sh\necho hi\n");
    assertThat(spec.ports())
        .isEqualTo(
            List.of(
                new VirtualMachineSpec.Port("tcp", 80), new VirtualMachineSpec.Port("udp", 53)));
    assertThat(MachineNetwork.masquerade(spec))
        .contains("iifname \"eth0\" tcp dport 80 dnat to 192.168.100.66")
        .contains("iifname \"eth0\" udp dport 53 dnat to 192.168.100.66")
        .contains("ip saddr 192.168.100.66 oifname \"eth0\" masquerade");
  }

  @Test
  void whatTheLabCannotServeIsNamed() {
    assertThatThrownBy(
            () ->
                parse(
                    """
                    domain: {devices: {interfaces: [{name: a}]}}
                    networks: [{name: a, multus: {networkName: x}}]
                    """))
        .hasMessageContaining("spec.networks");
    assertThatThrownBy(() -> parse("domain: {devices: {interfaces: [{name: a}, {name: b}]}}"))
        .hasMessageContaining("interfaces");
    assertThatThrownBy(
            () ->
                parse(
                    "{domain: {devices: {}}, volumes: [{cloudInitNoCloud: {userData: '#cloud-config'}}]}"))
        .hasMessageContaining("userData");
    assertThatThrownBy(
            () -> parse("{domain: {devices: {interfaces: [{name: a, macAddress: 'x,id=1'}]}}}"))
        .hasMessageContaining("macAddress");
    assertThatThrownBy(
            () ->
                parse(
                    "{domain: {devices: {interfaces: [{name: a}]}}, networks: [{name: a, pod:"
                        + " {vmNetworkCIDR: 10.0.2.0/31}}]}"))
        .hasMessageContaining("vmNetworkCIDR");
  }
}
