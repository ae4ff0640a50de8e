package io.ovenet.policy;

import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The tables of one policy and direction by class, sorted by class number. Immutable; a change
 * copies two arrays and shares all tables.
 */
public final class ClassTables {
  /** No tables. */
  public static final ClassTables NONE = new ClassTables(new int[0], new PolicyTable[0]);

  private final int[] classes;
  private final PolicyTable[] tables;

  private ClassTables(int[] classes, PolicyTable[] tables) {
    this.classes = classes;
    this.tables = tables;
  }

  /** Takes tables in any order, each class once. */
  static final class Builder {
    private final long[] order;
    private final PolicyTable[] added;
    private int size;

    /**
     * @param most how many there can be
     */
    Builder(int most) {
      order = new long[most];
      added = new PolicyTable[most];
    }

    void add(int identityClass, PolicyTable table) {
      order[size] = (long) identityClass << 32 | size;
      added[size++] = table;
    }

    ClassTables build() {
      Arrays.sort(order, 0, size);
      int[] classes = new int[size];
      PolicyTable[] tables = new PolicyTable[size];
      for (int i = 0; i < size; i++) {
        classes[i] = (int) (order[i] >>> 32);
        tables[i] = added[(int) order[i]];
      }
      return new ClassTables(classes, tables);
    }
  }

  /** How many classes have a table of their own. */
  public int size() {
    return classes.length;
  }

  public int identityClass(int index) {
    return classes[index];
  }

  public PolicyTable table(int index) {
    return tables[index];
  }

  /** The table of this class, null where CLASS_ANY's decides. */
  public @Nullable PolicyTable get(int identityClass) {
    int index = Arrays.binarySearch(classes, identityClass);
    return index < 0 ? null : tables[index];
  }

  /** Takes a class and its table. */
  @FunctionalInterface
  public interface Consumer {
    /**
     * Takes them.
     *
     * @param table null where CLASS_ANY's decides
     */
    void accept(int identityClass, @Nullable PolicyTable table);
  }

  /** What differs in another version, sorted by class. */
  // Reference on purpose: most tables of a change are the same object.
  @SuppressWarnings("ReferenceEquality")
  public void forEachChange(ClassTables later, Consumer consumer) {
    if (later == this) {
      return;
    }
    int old = 0;
    int now = 0;
    while (old < classes.length || now < later.classes.length) {
      int oldClass = old < classes.length ? classes[old] : Integer.MAX_VALUE;
      int newClass = now < later.classes.length ? later.classes[now] : Integer.MAX_VALUE;
      if (oldClass < newClass) {
        consumer.accept(oldClass, null);
        old++;
      } else if (newClass < oldClass) {
        consumer.accept(newClass, later.tables[now++]);
      } else {
        if (!later.tables[now].equals(tables[old])) {
          consumer.accept(newClass, later.tables[now]);
        }
        old++;
        now++;
      }
    }
  }

  /** With this class's table put, or taken out where null. */
  ClassTables with(int identityClass, @Nullable PolicyTable table) {
    int index = Arrays.binarySearch(classes, identityClass);
    if (index >= 0 && table != null) {
      if (tables[index].equals(table)) {
        return this;
      }
      PolicyTable[] changed = tables.clone();
      changed[index] = table;
      return new ClassTables(classes, changed);
    }
    if (index < 0 && table == null) {
      return this;
    }
    int at = index < 0 ? -index - 1 : index;
    int add = table == null ? -1 : 1;
    int[] newClasses = new int[classes.length + add];
    PolicyTable[] newTables = new PolicyTable[newClasses.length];
    System.arraycopy(classes, 0, newClasses, 0, at);
    System.arraycopy(tables, 0, newTables, 0, at);
    if (table == null) {
      System.arraycopy(classes, at + 1, newClasses, at, newClasses.length - at);
      System.arraycopy(tables, at + 1, newTables, at, newTables.length - at);
    } else {
      newClasses[at] = identityClass;
      newTables[at] = table;
      System.arraycopy(classes, at, newClasses, at + 1, classes.length - at);
      System.arraycopy(tables, at, newTables, at + 1, tables.length - at);
    }
    return new ClassTables(newClasses, newTables);
  }

  /** With many at once, null where a class loses its own. */
  ClassTables with(SortedMap<Integer, @Nullable PolicyTable> changes) {
    boolean differs = false;
    for (Map.Entry<Integer, @Nullable PolicyTable> change : changes.entrySet()) {
      differs |= !java.util.Objects.equals(get(change.getKey()), change.getValue());
    }
    if (!differs) {
      return this;
    }
    int[] newClasses = new int[classes.length + changes.size()];
    PolicyTable[] newTables = new PolicyTable[newClasses.length];
    int size = 0;
    int old = 0;
    for (Map.Entry<Integer, @Nullable PolicyTable> change : changes.entrySet()) {
      int changed = change.getKey();
      int found = Arrays.binarySearch(classes, old, classes.length, changed);
      int end = found < 0 ? -found - 1 : found;
      System.arraycopy(classes, old, newClasses, size, end - old);
      System.arraycopy(tables, old, newTables, size, end - old);
      size += end - old;
      old = found < 0 ? end : end + 1;
      PolicyTable table = change.getValue();
      if (table != null) {
        newClasses[size] = changed;
        newTables[size++] = table;
      }
    }
    System.arraycopy(classes, old, newClasses, size, classes.length - old);
    System.arraycopy(tables, old, newTables, size, classes.length - old);
    size += classes.length - old;
    return new ClassTables(Arrays.copyOf(newClasses, size), Arrays.copyOf(newTables, size));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof ClassTables that
            && Arrays.equals(classes, that.classes)
            && Arrays.equals(tables, that.tables));
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(classes) + Arrays.hashCode(tables);
  }
}
