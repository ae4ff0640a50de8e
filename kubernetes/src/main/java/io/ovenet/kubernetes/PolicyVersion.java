package io.ovenet.kubernetes;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * One version of a policy, as it is kept beside the current one: {@code status.lastValid} has it
 * packed, Base64 of gzip of JSON, a small part of the size of what its author wrote.
 *
 * @param generation of the object then
 * @param document as {@link PolicyRecord#document} has it
 */
public record PolicyVersion(long generation, Map<String, @Nullable Object> document) {
  /** More than an API server stores of one object. */
  private static final int MAX_BYTES = 4 << 20;

  public static PolicyVersion of(Map<String, @Nullable Object> document) {
    return new PolicyVersion(
        new JsonObject(document).object("metadata").integer("generation"), document);
  }

  /** The same text for the same document. */
  public String pack() {
    var packed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(packed)) {
      gzip.write(Json.write(document));
    } catch (IOException e) {
      throw new UncheckedIOException("memory is no file", e);
    }
    return Base64.getEncoder().encodeToString(packed.toByteArray());
  }

  /**
   * Reads what {@link #pack} wrote.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static PolicyVersion unpack(String text) {
    byte[] json;
    try (var gzip =
        new GZIPInputStream(
            new ByteArrayInputStream(
                Base64.getDecoder().decode(text.getBytes(StandardCharsets.US_ASCII))))) {
      json = gzip.readNBytes(MAX_BYTES + 1);
    } catch (IOException e) {
      throw new IllegalArgumentException("status.lastValid is no packed policy", e);
    }
    if (json.length > MAX_BYTES) {
      throw new IllegalArgumentException("status.lastValid is larger than any policy");
    }
    try {
      return of(Json.parse(json).fields());
    } catch (Json.JsonException e) {
      throw new IllegalArgumentException("status.lastValid is no packed policy", e);
    }
  }
}
