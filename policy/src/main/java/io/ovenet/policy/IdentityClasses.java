package io.ovenet.policy;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which class each identity is in: what class_map holds. Immutable; a change copies the pages of
 * 256 numbers that it touches and shares all others with the version before.
 */
public final class IdentityClasses {
  /** For an identity that is not known: whatever it sends or gets is dropped. */
  public static final int UNKNOWN = -1;

  static final IdentityClasses EMPTY = new IdentityClasses(new int[0], new int[0][], 0);
  private static final int PAGE = 256;

  private final int[] pageNumbers;
  private final int[][] pages;
  private final int size;

  private IdentityClasses(int[] pageNumbers, int[][] pages, int size) {
    this.pageNumbers = pageNumbers;
    this.pages = pages;
    this.size = size;
  }

  /** How many identities there are. */
  public int size() {
    return size;
  }

  /** The class of an identity, or {@link #UNKNOWN}. */
  public int classOf(int identity) {
    int index = Arrays.binarySearch(pageNumbers, identity >>> 8);
    return index < 0 ? UNKNOWN : pages[index][identity & (PAGE - 1)];
  }

  /** Takes an identity and its class. */
  @FunctionalInterface
  public interface Consumer {
    /**
     * Takes them.
     *
     * @param identityClass {@link #UNKNOWN} where the identity is gone
     */
    void accept(int identity, int identityClass);
  }

  /** All identities, sorted by number. */
  public void forEach(Consumer consumer) {
    EMPTY.forEachChange(this, consumer);
  }

  /** What differs in a later version, sorted by number; costs what was touched. */
  // References on purpose: a page that is the same array was not touched.
  @SuppressWarnings("ReferenceEquality")
  public void forEachChange(IdentityClasses later, Consumer consumer) {
    int old = 0;
    int now = 0;
    while (old < pages.length || now < later.pages.length) {
      int oldNumber = old < pages.length ? pageNumbers[old] : Integer.MAX_VALUE;
      int newNumber = now < later.pages.length ? later.pageNumbers[now] : Integer.MAX_VALUE;
      int number = Math.min(oldNumber, newNumber);
      int[] before = oldNumber == number ? pages[old++] : null;
      int[] after = newNumber == number ? later.pages[now++] : null;
      for (int i = 0; i < PAGE && before != after; i++) {
        int was = before == null ? UNKNOWN : before[i];
        int is = after == null ? UNKNOWN : after[i];
        if (was != is) {
          consumer.accept(number << 8 | i, is);
        }
      }
    }
  }

  /** With each identity in the class named, or out where UNKNOWN. */
  IdentityClasses with(Map<Integer, Integer> changes) {
    if (changes.isEmpty()) {
      return this;
    }
    TreeMap<Integer, int[]> changed = new TreeMap<>();
    int newSize = size;
    for (Map.Entry<Integer, Integer> change : changes.entrySet()) {
      int identity = change.getKey();
      int[] page = changed.computeIfAbsent(identity >>> 8, this::copyOfPage);
      int slot = identity & (PAGE - 1);
      newSize += (change.getValue() == UNKNOWN ? 0 : 1) - (page[slot] == UNKNOWN ? 0 : 1);
      page[slot] = change.getValue();
    }
    int[] numbers = new int[pageNumbers.length + changed.size()];
    int[][] merged = new int[numbers.length][];
    int count = 0;
    int old = 0;
    for (Map.Entry<Integer, int[]> page : changed.entrySet()) {
      while (old < pages.length && pageNumbers[old] < page.getKey()) {
        numbers[count] = pageNumbers[old];
        merged[count++] = pages[old++];
      }
      if (old < pages.length && pageNumbers[old] == page.getKey()) {
        old++;
      }
      numbers[count] = page.getKey();
      merged[count++] = page.getValue();
    }
    while (old < pages.length) {
      numbers[count] = pageNumbers[old];
      merged[count++] = pages[old++];
    }
    return new IdentityClasses(
        Arrays.copyOf(numbers, count), Arrays.copyOf(merged, count), newSize);
  }

  private int[] copyOfPage(int number) {
    int index = Arrays.binarySearch(pageNumbers, number);
    if (index >= 0) {
      return pages[index].clone();
    }
    int[] page = new int[PAGE];
    Arrays.fill(page, UNKNOWN);
    return page;
  }
}
