package io.ovenet.flow;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.WireFormat;
import io.ovenet.api.flow.Flow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which fields of a flow somebody wants, by paths such as {@code source.pod_name}; applied to the
 * serialized form. Immutable.
 */
public final class FlowMask {
  public static final FlowMask EVERYTHING = new FlowMask(null);

  /** Null: all of it. Otherwise by field number. */
  private final @Nullable Map<Integer, FlowMask> fields;

  private FlowMask(@Nullable Map<Integer, FlowMask> fields) {
    this.fields = fields;
  }

  /**
   * From paths relative to Flow.
   *
   * @param paths none: every field
   * @throws IllegalArgumentException where a path names no field; says which
   */
  public static FlowMask of(List<String> paths) {
    if (paths.isEmpty()) {
      return EVERYTHING;
    }
    FlowMask mask = new FlowMask(new TreeMap<>());
    for (String path : paths) {
      mask = mask.with(Flow.getDescriptor(), path.split("\\.", -1), 0, path);
    }
    return mask;
  }

  private FlowMask with(Descriptor message, String[] names, int at, String path) {
    if (fields == null) {
      // Wanted as a whole already; the path has to be right all the same.
      new FlowMask(new TreeMap<>()).with(message, names, at, path);
      return this;
    }
    FieldDescriptor field = message.findFieldByName(names[at]);
    if (field == null) {
      throw new IllegalArgumentException(
          "field mask: " + path + " names no field of " + message.getFullName());
    }
    FlowMask inner = EVERYTHING;
    if (at + 1 < names.length) {
      if (field.isRepeated() || field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
        throw new IllegalArgumentException(
            "field mask: " + path + ": " + names[at] + " has no fields that can be named");
      }
      FlowMask known = fields.get(field.getNumber());
      inner =
          (known == null ? new FlowMask(new TreeMap<>()) : known)
              .with(field.getMessageType(), names, at + 1, path);
    }
    var more = new TreeMap<>(fields);
    more.put(field.getNumber(), inner);
    return new FlowMask(more);
  }

  boolean isEverything() {
    return fields == null;
  }

  /** Writes what of a serialized message is wanted. */
  void project(byte[] from, int offset, int length, ProtoWriter to) {
    if (fields == null) {
      to.raw(from, offset, length);
      return;
    }
    try {
      project(fields, from, offset, length, to);
    } catch (IOException e) {
      throw new IllegalStateException("not a serialized message", e);
    }
  }

  /** One field of the message: [start, end) with its tag, its content from {@code content} on. */
  private record Part(FlowMask mask, int number, int start, int content, int end) {}

  private static void project(
      Map<Integer, FlowMask> fields, byte[] from, int offset, int length, ProtoWriter to)
      throws IOException {
    var parts = new ArrayList<Part>();
    CodedInputStream input = CodedInputStream.newInstance(from, offset, length);
    while (!input.isAtEnd()) {
      int start = offset + input.getTotalBytesRead();
      int tag = input.readTag();
      int content = -1;
      if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
        int size = input.readRawVarint32();
        content = offset + input.getTotalBytesRead();
        input.skipRawBytes(size);
      } else {
        input.skipField(tag);
      }
      FlowMask mask = fields.get(WireFormat.getTagFieldNumber(tag));
      if (mask != null) {
        int end = offset + input.getTotalBytesRead();
        parts.add(new Part(mask, WireFormat.getTagFieldNumber(tag), start, content, end));
      }
    }
    for (int i = parts.size() - 1; i >= 0; i--) {
      Part part = parts.get(i);
      if (part.mask.isEverything() || part.content < 0) {
        to.raw(from, part.start, part.end - part.start);
      } else {
        int end = to.length();
        part.mask.project(from, part.content, part.end - part.content, to);
        to.nest(part.number, end);
      }
    }
  }
}
