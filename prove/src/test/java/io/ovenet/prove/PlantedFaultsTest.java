package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The patches are kept up with the sources; whether the faults are found is a test in the kernel.
 */
class PlantedFaultsTest {
  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  static final Path PATCHES = Path.of("src/test/faults");

  @Test
  void everyPatchFitsTheSources() throws IOException {
    var faults = PlantedFault.readAll(PATCHES);
    assertThat(faults).hasSizeGreaterThanOrEqualTo(30);
    assertThat(faults).filteredOn(PlantedFault::isKernelSide).hasSizeGreaterThanOrEqualTo(10);
    var planted = new HashSet<String>();
    for (var fault : faults) {
      assertThat(fault.what()).as(fault.name()).isNotBlank();
      var source = Files.readString(ROOT.resolve(fault.source()));
      assertThat(planted.add(fault.plant(source))).as(fault.name() + " is another's").isTrue();
      assertThat(fault.plant(source)).as(fault.name()).isNotEqualTo(source);
    }
  }

  @Test
  void aPatchIsPutWhereItsLinesStandAndNowhereElse() {
    var lines =
        List.of("What.", "--- a/x/Y.java", "+++ b/x/Y.java", "@@ -9,2 +9,2 @@", " a", "-b", "+c");
    var fault = PlantedFault.parse("p", lines);
    assertThat(fault.what()).isEqualTo("What.");
    assertThat(fault.source()).isEqualTo(Path.of("x/Y.java"));
    assertThat(fault.isKernelSide()).isFalse();
    assertThat(fault.plant("b\na\nb\n")).isEqualTo("b\na\nc\n");
    assertThatThrownBy(() -> fault.plant("a\nB\n")).hasMessageContaining("nowhere");
    assertThatThrownBy(() -> fault.plant("a\nb\na\nb\n")).hasMessageContaining("more than once");
  }
}
