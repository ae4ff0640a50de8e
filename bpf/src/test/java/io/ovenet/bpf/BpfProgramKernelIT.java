package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PrivateBpffs.class)
class BpfProgramKernelIT {
  private static final int MARK_OFFSET = 8;

  @Test
  void testRunGivesPacketAndContextBack() {
    byte[] packet = new byte[100];
    Arrays.fill(packet, (byte) 7);
    try (BpfObject object = TestObject.open("change_packet").load();
        BpfProgram program = object.program("change_packet")) {
      BpfProgram.TestRun run = program.testRun(packet, new byte[192], 1);
      assertThat(run.returnValue()).isZero();
      assertThat(run.packet()).hasSize(100).startsWith(0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 7);
      assertThat(run.packet()).endsWith(7);
      int mark =
          MemorySegment.ofArray(run.context()).get(JAVA_INT.withByteAlignment(1), MARK_OFFSET);
      assertThat(mark).isEqualTo(0x1234);
      assertThat(program.testRun(packet, new byte[0], 1).context()).isEmpty();
      assertThat(packet[0]).as("the input stays").isEqualTo((byte) 7);
    }
  }

  @Test
  void repeatedRunsAreTimed() {
    try (BpfObject object = TestObject.open("use_maps").load();
        BpfProgram program = object.program("use_maps")) {
      BpfProgram.TestRun run = program.testRun(TestObject.PACKET, new byte[0], 10_000);
      assertThat(run.nanosPerRun()).isBetween(1, 1_000_000);
      assertThat(program.statistics().verifiedInstructions()).isPositive();
    }
  }

  @Test
  void tooSmallPacketsAreRefused() {
    try (BpfObject object = TestObject.open("pass").load();
        BpfProgram program = object.program("pass")) {
      assertThatThrownBy(() -> program.testRun(new byte[13], new byte[0], 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void pinnedProgramIsTheSame(Path bpffs) {
    Path pin = bpffs.resolve("pass");
    int id;
    try (BpfObject object = TestObject.open("pass").load();
        BpfProgram program = object.program("pass")) {
      program.pin(pin);
      id = program.id();
      assertThatThrownBy(() -> program.pin(pin)).hasMessageContaining("EEXIST");
    }
    try (BpfProgram program = BpfProgram.openPinned(pin)) {
      assertThat(program.id()).isEqualTo(id);
      assertThat(program.testRun(TestObject.PACKET, new byte[0], 1).returnValue()).isZero();
    }
    assertThatThrownBy(() -> BpfMap.openPinned(pin)).hasMessageContaining("bpf-prog");
  }

  @Test
  void programThatWasNotLoadedIsToldSo() {
    try (BpfObject object = TestObject.open("pass").load()) {
      assertThatThrownBy(() -> object.program("drop")).hasMessageContaining("was not loaded");
      assertThatThrownBy(() -> object.program("nonesuch")).hasMessageContaining("no program");
      assertThatThrownBy(() -> object.map("nonesuch")).hasMessageContaining("no map");
    }
  }
}
