package io.ovenet.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KernelFeatureKernelIT {
  /** Of what this project's machines may lack only WireGuard is optional and not replaced. */
  @ParameterizedTest
  @EnumSource
  void requiredFeaturesAreHere(KernelFeature feature) {
    KernelFeature.Probe probe = feature.probe();
    assertThat(feature.purpose()).isNotBlank();
    assertThat(feature.remedy()).isNotBlank();
    if (feature.required()) {
      assertThat(probe.present()).as("%s: %s", feature, probe.detail()).isTrue();
    }
    assertThat(probe.detail().isEmpty()).isEqualTo(probe.present());
  }
}
