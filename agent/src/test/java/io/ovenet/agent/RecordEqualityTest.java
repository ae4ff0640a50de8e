package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.PolicyKey;
import io.ovenet.policy.PolicyEngine;
import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Records whose equality is written out forget none of their components. */
class RecordEqualityTest {
  @Test
  void everyComponentIsCompared() throws IOException, URISyntaxException {
    List<String> writtenOut = new ArrayList<>();
    for (Class<?> one : new Class<?>[] {Agent.class, PolicyKey.class, PolicyEngine.class}) {
      Path place = Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (Files.isDirectory(place)) {
        check(place, writtenOut);
      } else {
        try (FileSystem jar = FileSystems.newFileSystem(place)) {
          check(jar.getPath("/"), writtenOut);
        }
      }
    }
    assertThat(writtenOut).contains("io/ovenet/datapath/PolicyKey", "io/ovenet/policy/Label");
  }

  private static void check(Path root, List<String> writtenOut) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(root)) {
      files = all.filter(file -> file.toString().endsWith(".class")).toList();
    }
    for (Path file : files) {
      ClassModel model = ClassFile.of().parse(Files.readAllBytes(file));
      List<String> components =
          model
              .findAttribute(Attributes.record())
              .map(record -> record.components().stream().map(c -> c.name().stringValue()).toList())
              .orElse(List.of());
      MethodModel equals =
          model.methods().stream()
              .filter(method -> method.methodName().equalsString("equals"))
              .findFirst()
              .orElse(null);
      if (components.isEmpty() || equals == null || isGenerated(code(equals))) {
        continue;
      }
      List<String> reads = reads(code(equals));
      if (reads.isEmpty()) {
        continue; // equal only to itself, on purpose
      }
      String name = model.thisClass().asInternalName();
      writtenOut.add(name);
      List<String> both = new ArrayList<>(components);
      both.addAll(components);
      assertThat(reads)
          .as("what equals of %s reads, of itself and of the other", name)
          .containsExactlyInAnyOrderElementsOf(both);
    }
  }

  private static CodeModel code(MethodModel method) {
    return method.code().orElseThrow();
  }

  private static boolean isGenerated(CodeModel code) {
    return code.elementStream().anyMatch(InvokeDynamicInstruction.class::isInstance);
  }

  private static List<String> reads(CodeModel code) {
    return code.elementStream()
        .filter(element -> element instanceof FieldInstruction f && f.opcode() == Opcode.GETFIELD)
        .map(element -> ((FieldInstruction) element).name().stringValue())
        .toList();
  }
}
