package io.ovenet.bpf;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The sections and variables of a compiled eBPF object (ELF64, little-endian), read without the
 * kernel. Immutable.
 */
final class ElfObject {
  private static final int SHT_SYMTAB = 2;
  private static final int STT_OBJECT = 1;

  /** A variable: where it stands in its section, in bytes. */
  record Variable(String section, int offset, int size) {}

  private record Section(String name, int type, int offset, int size, int link) {}

  private final ByteBuffer bytes;
  private final Section[] sections;
  private final SortedMap<String, Variable> variables = new TreeMap<>();

  ElfObject(String name, byte[] object) {
    bytes = ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN);
    try {
      if (bytes.getInt(0) != 0x464c457f || bytes.get(4) != 2 || bytes.get(5) != 1) {
        throw new IllegalArgumentException(name + " is no 64-bit little-endian ELF object");
      }
      sections = readSections();
      readVariables();
    } catch (IndexOutOfBoundsException | BufferUnderflowException | ArithmeticException e) {
      throw new IllegalArgumentException(name + " is a damaged ELF object", e);
    }
  }

  private Section[] readSections() {
    int table = Math.toIntExact(bytes.getLong(0x28));
    int entry = Short.toUnsignedInt(bytes.getShort(0x3a));
    int count = Short.toUnsignedInt(bytes.getShort(0x3c));
    int names = Short.toUnsignedInt(bytes.getShort(0x3e));
    int nameTable = Math.toIntExact(bytes.getLong(table + names * entry + 0x18));
    Section[] found = new Section[count];
    for (int i = 0; i < count; i++) {
      int at = table + i * entry;
      found[i] =
          new Section(
              string(nameTable + bytes.getInt(at)),
              bytes.getInt(at + 4),
              Math.toIntExact(bytes.getLong(at + 0x18)),
              Math.toIntExact(bytes.getLong(at + 0x20)),
              bytes.getInt(at + 0x28));
    }
    return found;
  }

  private void readVariables() {
    for (Section table : sections) {
      if (table.type != SHT_SYMTAB) {
        continue;
      }
      int names = sections[table.link].offset;
      for (int at = table.offset; at < table.offset + table.size; at += 24) {
        int section = Short.toUnsignedInt(bytes.getShort(at + 6));
        if ((bytes.get(at + 4) & 0xf) == STT_OBJECT && section > 0 && section < sections.length) {
          variables.put(
              string(names + bytes.getInt(at)),
              new Variable(
                  sections[section].name,
                  Math.toIntExact(bytes.getLong(at + 8)),
                  Math.toIntExact(bytes.getLong(at + 16))));
        }
      }
    }
  }

  private String string(int at) {
    int end = at;
    while (bytes.get(end) != 0) {
      end++;
    }
    return new String(bytes.array(), at, end - at, StandardCharsets.UTF_8);
  }

  /** Variables by name; maps are among them (section .maps). */
  SortedMap<String, Variable> variables() {
    return variables;
  }

  /** A section's content, or null if there is none of that name. */
  @Nullable ByteBuffer section(String name) {
    for (Section section : sections) {
      if (section.name.equals(name)) {
        try {
          return bytes.slice(section.offset, section.size).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IndexOutOfBoundsException e) {
          throw new IllegalArgumentException("section " + name + " is cut off", e);
        }
      }
    }
    return null;
  }
}
