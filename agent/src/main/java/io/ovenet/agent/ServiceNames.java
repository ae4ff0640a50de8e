package io.ovenet.agent;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Services by the numbers of their frontends, which are never given twice. Written by the services'
 * thread, read by any.
 */
final class ServiceNames {
  /** How many that are gone are remembered for what is left of their connections. */
  private static final int PAST = 4096;

  private final Map<Integer, String> names = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Integer> past = new ConcurrentLinkedQueue<>();
  private int pastCount;

  void named(int number, String service) {
    names.put(number, service);
  }

  void gone(int number) {
    past.add(number);
    if (++pastCount > PAST) {
      var oldest = past.poll();
      pastCount--;
      if (oldest != null) {
        names.remove(oldest);
      }
    }
  }

  @Nullable String name(int number) {
    return names.get(number);
  }
}
