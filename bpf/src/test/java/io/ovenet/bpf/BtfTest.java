package io.ovenet.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BtfTest {
  private final Btf btf = Btf.of("kernel", TestObject.bytes());

  @Test
  void layoutsAreThoseOfC() {
    Btf.Struct record = btf.struct("record");
    assertThat(record.size()).isEqualTo(40);
    assertThat(record.members())
        .containsExactly(
            new Btf.Member("sequence", 0, 8, 0),
            new Btf.Member("inner", 8, 6, 0),
            new Btf.Member("low", 14, 0, 4),
            new Btf.Member("high", 14, 0, 4),
            new Btf.Member("shade", 16, 4, 0),
            new Btf.Member("word", 20, 4, 0),
            new Btf.Member("bytes", 20, 4, 0),
            new Btf.Member("pair", 24, 16, 0));
    assertThat(btf.struct("inner").member("bits")).isEqualTo(new Btf.Member("bits", 2, 3, 0));
    assertThat(btf.struct("lpm_key").size()).isEqualTo(8);
    assertThat(btf.constant("SHADE_LIGHT")).isEqualTo(4);
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThatThrownBy(() -> btf.struct("nonesuch")).hasMessageContaining("nonesuch");
    assertThatThrownBy(() -> btf.constant("NONESUCH")).hasMessageContaining("NONESUCH");
    assertThatThrownBy(() -> btf.struct("record").member("nonesuch"))
        .hasMessageContaining("nonesuch");
  }

  @Test
  void damagedObjectsAreRefusedOrRead() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] whole = TestObject.bytes();
    int refused = 0;
    for (int i = 0; i < 2_000; i++) {
      byte[] damaged = Arrays.copyOf(whole, 1 + random.nextInt(whole.length));
      for (int j = 0; j < 5; j++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        Btf.of("damaged", damaged).structs();
      } catch (IllegalArgumentException e) {
        refused++;
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", object " + i, e);
      }
    }
    assertThat(refused).as("seed %d", seed).isPositive();
  }
}
