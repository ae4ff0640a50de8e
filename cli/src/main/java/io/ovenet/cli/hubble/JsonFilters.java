package io.ovenet.cli.hubble;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.flow.MessageFields;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A FlowFilter in proto3's JSON, by the names of the .proto file or their camel case. */
final class JsonFilters {
  private JsonFilters() {}

  /**
   * Parses a filter.
   *
   * @param option named in the error
   */
  static FlowFilter parse(String json, String option) {
    var filter = FlowFilter.newBuilder();
    try {
      Map<String, @Nullable Object> fields =
          new ObjectMapper().readValue(json, new TypeReference<>() {});
      if (fields == null) {
        throw new HubbleException(option + ": filter is no object");
      }
      MessageFields.merge(filter, fields, "filter");
    } catch (JsonProcessingException e) {
      throw new HubbleException(option + ": no JSON object: " + e.getOriginalMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new HubbleException(option + ": " + e.getMessage(), e);
    }
    return filter.build();
  }
}
