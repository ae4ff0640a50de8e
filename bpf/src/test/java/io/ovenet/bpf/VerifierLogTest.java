package io.ovenet.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VerifierLogTest {
  @Test
  void summaryIsTheConclusion() {
    String log =
        """
        libbpf: prog 'from_pod': BPF program load failed: Permission denied
        libbpf: prog 'from_pod': -- BEGIN PROG LOAD LOG --
        0: R1=ctx() R10=fp0
        7: (61) r0 = *(u32 *)(r0 +0)
        R0 invalid mem access 'map_value_or_null'
        verification time 33 usec
        stack depth 8
        processed 6 insns (limit 1000000)
        -- END PROG LOAD LOG --
        libbpf: prog 'from_pod': failed to load: -13
        libbpf: failed to load object 'pod'
        """;
    assertThat(VerifierLog.summary(log))
        .isEqualTo(
            "prog 'from_pod': BPF program load failed: Permission denied;"
                + " prog 'from_pod': failed to load: -13; 7: (61) r0 = *(u32 *)(r0 +0);"
                + " R0 invalid mem access 'map_value_or_null'");
    assertThat(VerifierLog.summary("")).isEmpty();
    assertThat(VerifierLog.summary("libbpf: elf: bad\n")).isEqualTo("elf: bad");
  }

  @Test
  void processorsAreCountedToTheHighest() {
    assertThat(Cpus.count("0")).isEqualTo(1);
    assertThat(Cpus.count("0-127")).isEqualTo(128);
    assertThat(Cpus.count("0-3,8")).isEqualTo(9);
  }
}
