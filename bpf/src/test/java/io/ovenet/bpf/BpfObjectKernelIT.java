package io.ovenet.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PrivateBpffs.class)
class BpfObjectKernelIT {
  @Test
  void constantsReachTheProgram() {
    try (BpfObject object = TestObject.open("return_constant")) {
      object.setConstant("answer", 40).setConstant("wide", 2);
      object.setConstant("mac", new byte[] {0, 0, 0, 0, 0, 100});
      try (BpfProgram program = object.load().program("return_constant")) {
        assertThat(program.testRun(TestObject.PACKET, new byte[0], 1).returnValue()).isEqualTo(142);
      }
    }
  }

  @Test
  void constantsKeepWhatTheObjectSays() {
    try (BpfObject object = TestObject.open("return_constant");
        BpfProgram program = object.load().program("return_constant")) {
      assertThat(program.testRun(TestObject.PACKET, new byte[0], 1).returnValue()).isEqualTo(16);
    }
  }

  @Test
  void wrongConstantsAreRefused() {
    try (BpfObject object = TestObject.open("pass")) {
      assertThatThrownBy(() -> object.setConstant("nonesuch", 1)).hasMessageContaining("nonesuch");
      assertThatThrownBy(() -> object.setConstant("flag_byte", 256))
          .hasMessageContaining("too few");
      assertThatThrownBy(() -> object.setConstant("mac", 1)).hasMessageContaining("6 bytes");
      assertThatThrownBy(() -> object.setConstant("mac", new byte[5]))
          .hasMessageContaining("not 5");
    }
  }

  @Test
  void refusedProgramKeepsTheVerifiersLog() {
    try (BpfObject object = TestObject.open("unverifiable")) {
      assertThatThrownBy(object::load)
          .isInstanceOfSatisfying(
              BpfException.class,
              e -> {
                assertThat(e.errno()).isEqualTo(Errno.EACCES);
                assertThat(e.verifierLog()).contains("BEGIN PROG LOAD LOG", "processed ");
                assertThat(e)
                    .hasMessageContaining("'unverifiable'")
                    .hasMessageContaining("map_value_or_null");
                assertThat(e.toString().length()).isLessThan(600);
              });
      assertThatThrownBy(object::load).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void garbageIsRefused() {
    byte[] cut = Arrays.copyOf(TestObject.bytes(), 2000);
    assertThatThrownBy(() -> BpfObject.open("cut", cut))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cut");
    assertThatThrownBy(() -> BpfObject.open("text", new byte[500]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void mapsAndProgramsAreListed() {
    try (BpfObject object = TestObject.open()) {
      assertThat(object.maps())
          .containsOnlyKeys("counters", "hash_map", "lpm_map", "ring", "shared_array")
          .containsEntry("hash_map", new MapSpec(MapType.HASH, 8, 8, 1000, 0));
      assertThat(object.programs()).containsExactlyInAnyOrder(TestObject.PROGRAMS);
    }
  }

  @Test
  void mapsOutliveTheObject() {
    BpfMap map;
    try (BpfObject object = TestObject.open()) {
      map = object.setMaxEntries("hash_map", 5).load().map("hash_map");
    }
    try (map) {
      assertThat(map.maxEntries()).isEqualTo(5);
      map.update(new byte[8], new byte[8]);
      assertThat(map.lookup(new byte[8])).isEqualTo(new byte[8]);
    }
    assertThatThrownBy(() -> map.lookup(new byte[8])).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void pinnedMapIsReusedWithItsEntries(Path bpffs) {
    Path pin = bpffs.resolve("deep/er/hash_map");
    byte[] value = {1, 2, 3, 4, 5, 6, 7, 8};
    int id;
    try (BpfObject object = TestObject.open().setPin("hash_map", pin).load();
        BpfMap map = object.map("hash_map")) {
      map.update(new byte[8], value);
      id = map.id();
    }
    assertThat(pin).exists();
    try (BpfObject object = TestObject.open().setPin("hash_map", pin).load();
        BpfMap map = object.map("hash_map")) {
      assertThat(map.id()).isEqualTo(id);
      assertThat(map.lookup(new byte[8])).isEqualTo(value);
    }
  }

  @Test
  void incompatiblePinIsToldClearly(Path bpffs) throws Exception {
    Path pin = bpffs.resolve("hash_map");
    try (BpfMap other = BpfMap.create("other", new MapSpec(MapType.HASH, 4, 8, 1000, 0))) {
      other.pin(pin);
    }
    try (BpfObject object = TestObject.open().setPin("hash_map", pin)) {
      assertThatThrownBy(object::load)
          .isInstanceOf(BpfException.class)
          .hasMessageContaining(pin.toString())
          .hasMessageContaining("key size 4 instead of 8");
    }
    Files.delete(pin);
    try (BpfObject object = TestObject.open("pass").load();
        BpfProgram program = object.program("pass")) {
      program.pin(pin);
    }
    try (BpfObject object = TestObject.open().setPin("hash_map", pin)) {
      assertThatThrownBy(object::load).hasMessageContaining("bpf-prog");
    }
    try (BpfProgram program = BpfProgram.openPinned(pin)) {
      assertThat(program.name()).isEqualTo("pass");
    }
  }
}
