package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bytes in the place of a document, led by what of the parser they reach (Jazzer): nothing is
 * thrown but what is documented, nothing hangs or takes all memory. A process of its own, since
 * Jazzer ends the one it is in. {@code -Dovenet.seed=N} and {@code -Dovenet.fuzz.seconds=N} as
 * everywhere.
 */
class PolicyBytesFuzzTest {
  private static final long SEED = Long.getLong("ovenet.seed", 1) & 0xffff_ffffL;
  private static final long SECONDS = Long.getLong("ovenet.fuzz.seconds", 20);

  @TempDir Path directory;

  @Test
  void noBytesMakeTheParserThrow() throws Exception {
    System.out.println("PolicyBytesFuzzTest: -Dovenet.seed=" + SEED);
    var corpus = Files.createDirectory(directory.resolve("corpus"));
    var number = 0;
    for (var file : List.of("policies.yaml", "groups.yaml")) {
      for (var document : Corpus.of(file)) {
        Files.write(corpus.resolve("document-" + number++), Json.write(document));
      }
    }
    var log = directory.resolve("log");
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + PolicyBytes.class.getName(),
                "--instrumentation_includes=io.ovenet.kubernetes.**:io.ovenet.policy.**",
                // Compiling what a user wrote is what the parser is there for.
                "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.RegexInjection",
                "--reproducer_path=" + directory,
                "-artifact_prefix=" + directory + "/found-",
                "-max_total_time=" + SECONDS,
                "-seed=" + SEED,
                "-timeout=120",
                "-rss_limit_mb=2048",
                "-print_final_stats=1",
                corpus.toString())
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    int exit;
    try {
      exit = process.waitFor();
    } finally {
      process.destroyForcibly();
    }
    var said = Files.readString(log);
    assertThat(exit).as("seed %d: %s", SEED, said).isZero();
    var runs =
        said.lines().filter(line -> line.startsWith("stat::number_of_executed_units")).toList();
    System.out.println("PolicyBytesFuzzTest: " + runs);
    assertThat(runs).as(said).hasSize(1);
    assertThat(Long.parseLong(runs.getFirst().replaceAll("[^0-9]", "")))
        .as(said)
        .isGreaterThan(100);
  }
}
