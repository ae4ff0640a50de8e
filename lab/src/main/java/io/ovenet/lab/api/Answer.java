package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** What a request is answered with. */
sealed interface Answer {
  String JSON = "application/json";

  /** A complete answer. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody writes into the bytes
  record Body(int code, String contentType, byte[] content) implements Answer {}

  /** An answer that lasts; each write to the stream is sent at once. */
  record Stream(String contentType, Writer writer) implements Answer {}

  /** Writes a stream until it ends by itself or the client is gone, which fails a write. */
  @FunctionalInterface
  interface Writer {
    void writeTo(OutputStream out) throws IOException, InterruptedException;
  }

  static Body json(int code, JsonNode node) {
    return new Body(code, JSON, Json.bytes(node));
  }

  static Body text(int code, String text) {
    return new Body(code, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
  }
}
