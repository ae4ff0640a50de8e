package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Looks at each object that is about to be written, after it was validated: it may change it, add
 * warnings for the client, or refuse it by an {@link ApiException}. Called by many threads at once.
 */
@FunctionalInterface
public interface Review {
  /**
   * Reviews an object.
   *
   * @param warnings what the client will be told in {@code Warning} headers
   */
  void review(Resource resource, ObjectNode object, List<String> warnings);
}
