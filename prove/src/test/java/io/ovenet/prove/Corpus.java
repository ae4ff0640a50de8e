package io.ovenet.prove;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Documents that fuzzing begins with, as an API server would give them. */
final class Corpus {
  private static final Path DIRECTORY = Path.of("src/test/resources/corpus");

  private Corpus() {}

  /** The objects of a file. */
  static List<Map<String, ?>> of(String file) throws IOException {
    var all = new ArrayList<Map<String, ?>>();
    var settings = LoadSettings.builder().setLabel(file).build();
    for (var document :
        new Load(settings).loadAllFromString(Files.readString(DIRECTORY.resolve(file)))) {
      // Through text, so that numbers are as the API has them.
      all.add(
          Json.parse(Json.write(JsonObject.of(Objects.requireNonNull(document)).fields()))
              .fields());
    }
    return all;
  }
}
