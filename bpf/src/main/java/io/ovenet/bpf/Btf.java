package io.ovenet.bpf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The type information of a compiled object (Documentation/bpf/btf.rst): layouts of its structs and
 * unions and the values of its enum constants, as far as the object uses them. Immutable.
 */
public final class Btf {
  private static final int MAGIC = 0xeb9f;
  private static final int INT = 1;
  private static final int POINTER = 2;
  private static final int ARRAY = 3;
  private static final int STRUCT = 4;
  private static final int UNION = 5;
  private static final int ENUM = 6;
  private static final int TYPEDEF = 8;
  private static final int VOLATILE = 9;
  private static final int CONST = 10;
  private static final int RESTRICT = 11;
  private static final int FUNCTION_PROTOTYPE = 13;
  private static final int VARIABLE = 14;
  private static final int DATA_SECTION = 15;
  private static final int FLOAT = 16;
  private static final int DECLARATION_TAG = 17;
  private static final int TYPE_TAG = 18;
  private static final int ENUM64 = 19;

  /** A chain of modifiers and arrays longer than this is damage. */
  private static final int DEEPEST = 32;

  private record Type(int at, int kind, boolean flag, int count, int sizeOrType) {}

  private final ByteBuffer types;
  private final ByteBuffer strings;
  private final List<Type> all = new ArrayList<>();
  private final SortedMap<String, Struct> structs = new TreeMap<>();
  private final SortedMap<String, Long> constants = new TreeMap<>();

  /**
   * A struct or union.
   *
   * @param size bytes
   * @param members in their order in C; those of an unnamed struct or union within it under their
   *     own names
   */
  public record Struct(String name, int size, List<Member> members) {
    /** The member of this name. */
    public Member member(String member) {
      for (Member one : members) {
        if (one.name.equals(member)) {
          return one;
        }
      }
      throw new IllegalArgumentException("struct " + name + " has no member " + member);
    }
  }

  /**
   * A member.
   *
   * @param offset bytes from the struct's beginning; for a bit field those of its first bit
   * @param size bytes, 0 for a bit field
   * @param bits of a bit field, else 0
   */
  public record Member(String name, int offset, int size, int bits) {}

  private Btf(ByteBuffer section) {
    if (Short.toUnsignedInt(section.getShort(0)) != MAGIC) {
      throw new IllegalArgumentException("section .BTF has no BTF");
    }
    int header = section.getInt(4);
    types = slice(section, header + section.getInt(8), section.getInt(12));
    strings = slice(section, header + section.getInt(16), section.getInt(20));
    all.add(new Type(0, 0, false, 0, 0)); // void
    readTypes();
    for (Type type : all) {
      describe(type);
    }
  }

  /** Reads a compiled object. IllegalArgumentException if it has no BTF or is damaged. */
  public static Btf of(String name, byte[] object) {
    ByteBuffer section = new ElfObject(name, object).section(".BTF");
    if (section == null) {
      throw new IllegalArgumentException(name + " has no BTF: compile it with -g");
    }
    try {
      return new Btf(section);
    } catch (IndexOutOfBoundsException e) {
      throw new IllegalArgumentException("the BTF of " + name + " is damaged", e);
    }
  }

  private static ByteBuffer slice(ByteBuffer from, int offset, int length) {
    return from.slice(offset, length).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void readTypes() {
    int at = 0;
    while (at < types.limit()) {
      int info = types.getInt(at + 4);
      Type type = new Type(at, info >>> 24 & 0x1f, info < 0, info & 0xffff, types.getInt(at + 8));
      all.add(type);
      at += 12 + tailSize(type);
    }
  }

  private static int tailSize(Type type) {
    return switch (type.kind) {
      case INT, VARIABLE, DECLARATION_TAG -> 4;
      case ARRAY -> 12;
      case STRUCT, UNION, DATA_SECTION, ENUM64 -> 12 * type.count;
      case ENUM, FUNCTION_PROTOTYPE -> 8 * type.count;
      default -> 0;
    };
  }

  private String string(int offset) {
    int end = offset;
    while (strings.get(end) != 0) {
      end++;
    }
    byte[] bytes = new byte[end - offset];
    strings.get(offset, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private void describe(Type type) {
    String name = type.kind == 0 ? "" : string(types.getInt(type.at));
    switch (type.kind) {
      case STRUCT, UNION -> {
        if (!name.isEmpty()) {
          List<Member> members = new ArrayList<>();
          addMembers(type, 0, members, 0);
          structs.put(name, new Struct(name, type.sizeOrType, List.copyOf(members)));
        }
      }
      case ENUM -> {
        for (int i = 0; i < type.count; i++) {
          int at = type.at + 12 + 8 * i;
          int value = types.getInt(at + 4);
          constants.put(
              string(types.getInt(at)), type.flag ? value : Integer.toUnsignedLong(value));
        }
      }
      case ENUM64 -> {
        for (int i = 0; i < type.count; i++) {
          int at = type.at + 12 + 12 * i;
          constants.put(string(types.getInt(at)), types.getLong(at + 4));
        }
      }
      default -> {}
    }
  }

  private void addMembers(Type type, int base, List<Member> members, int depth) {
    requireShallow(depth);
    for (int i = 0; i < type.count; i++) {
      int at = type.at + 12 + 12 * i;
      String name = string(types.getInt(at));
      int of = types.getInt(at + 4);
      int offset = types.getInt(at + 8);
      int bits = type.flag ? offset >>> 24 : 0;
      int bit = type.flag ? offset & 0xffffff : offset;
      Type target = all.get(of);
      if (name.isEmpty() && (target.kind == STRUCT || target.kind == UNION)) {
        addMembers(target, base + bit / 8, members, depth + 1);
      } else {
        members.add(new Member(name, base + bit / 8, bits > 0 ? 0 : size(of, 0), bits));
      }
    }
  }

  private int size(int id, int depth) {
    requireShallow(depth);
    Type type = all.get(id);
    return switch (type.kind) {
      case INT, STRUCT, UNION, ENUM, ENUM64, FLOAT, DATA_SECTION -> type.sizeOrType;
      case POINTER -> 8;
      case TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG, VARIABLE ->
          size(type.sizeOrType, depth + 1);
      case ARRAY -> types.getInt(type.at + 20) * size(types.getInt(type.at + 12), depth + 1);
      default -> 0;
    };
  }

  private static void requireShallow(int depth) {
    if (depth > DEEPEST) {
      throw new IndexOutOfBoundsException("types nest without end");
    }
  }

  /** The struct or union of this name. */
  public Struct struct(String name) {
    Struct found = structs.get(name);
    if (found == null) {
      throw new IllegalArgumentException("the object uses no struct or union " + name);
    }
    return found;
  }

  /** All named structs and unions by name. */
  public SortedMap<String, Struct> structs() {
    return new TreeMap<>(structs);
  }

  /** The value of an enum constant. */
  public long constant(String name) {
    Long found = constants.get(name);
    if (found == null) {
      throw new IllegalArgumentException("the object uses no enum with a constant " + name);
    }
    return found;
  }
}
