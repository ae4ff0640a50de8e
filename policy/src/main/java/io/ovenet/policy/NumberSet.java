package io.ovenet.policy;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Numbers from 0 up. A few of them take what they need, however large they are; many are bits.
 * There are tens of thousands of these sets, most of one or two large numbers: as bits alone they
 * would take the square of that. Used by one thread.
 */
final class NumberSet {
  /** The most that are kept one by one. */
  static final int FEW = 24;

  private static final int[] NONE = {};

  /** Ascending; unused where there are bits. */
  private int[] few = NONE;

  private int size;
  private @Nullable BitSet many;

  boolean isEmpty() {
    return many == null ? size == 0 : many.isEmpty();
  }

  boolean get(int number) {
    return many == null ? Arrays.binarySearch(few, 0, size, number) >= 0 : many.get(number);
  }

  void set(int number) {
    if (many != null) {
      many.set(number);
      return;
    }
    int at = Arrays.binarySearch(few, 0, size, number);
    if (at >= 0) {
      return;
    }
    if (size == FEW) {
      BitSet bits = new BitSet();
      addTo(bits);
      bits.set(number);
      many = bits;
      few = NONE;
      return;
    }
    if (size == few.length) {
      few = Arrays.copyOf(few, size + Math.max(1, size / 2));
    }
    int to = -at - 1;
    System.arraycopy(few, to, few, to + 1, size - to);
    few[to] = number;
    size++;
  }

  void clear(int number) {
    if (many != null) {
      many.clear(number);
      return;
    }
    int at = Arrays.binarySearch(few, 0, size, number);
    if (at >= 0) {
      System.arraycopy(few, at + 1, few, at, size - at - 1);
      size--;
    }
  }

  /** The first of them from a number on; -1 if there is none. */
  int next(int from) {
    if (many != null) {
      return many.nextSetBit(from);
    }
    int at = Arrays.binarySearch(few, 0, size, from);
    int next = at >= 0 ? at : -at - 1;
    return next < size ? few[next] : -1;
  }

  void addAll(NumberSet others) {
    for (int each = others.next(0); each >= 0; each = others.next(each + 1)) {
      set(each);
    }
  }

  void addAll(BitSet others) {
    for (int each = others.nextSetBit(0); each >= 0; each = others.nextSetBit(each + 1)) {
      set(each);
    }
  }

  private void addTo(BitSet bits) {
    for (int i = 0; i < size; i++) {
      bits.set(few[i]);
    }
  }

  /** Whether one of these is among others. */
  boolean intersects(BitSet others) {
    if (many != null) {
      return many.intersects(others);
    }
    for (int i = 0; i < size; i++) {
      if (others.get(few[i])) {
        return true;
      }
    }
    return false;
  }

  /** Whether these are exactly those. */
  boolean isSame(BitSet others) {
    if (many != null) {
      return many.equals(others);
    }
    int next = others.nextSetBit(0);
    for (int i = 0; i < size; i++) {
      if (few[i] != next) {
        return false;
      }
      next = others.nextSetBit(next + 1);
    }
    return next < 0;
  }

  /** Whether these are exactly those. */
  boolean isSame(NumberSet others) {
    if (others.many != null) {
      return isSame(others.many);
    }
    if (many != null) {
      return others.isSame(many);
    }
    return Arrays.equals(few, 0, size, others.few, 0, others.size);
  }
}
