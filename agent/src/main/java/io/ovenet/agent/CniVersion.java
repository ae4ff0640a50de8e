package io.ovenet.agent;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Versions of the CNI specification that are spoken, oldest first. */
public enum CniVersion {
  V0_1_0,
  V0_2_0,
  V0_3_0,
  V0_3_1,
  V0_4_0,
  V1_0_0,
  V1_1_0;

  /** Null for a version that is not spoken. */
  public static @Nullable CniVersion parse(String text) {
    for (var version : values()) {
      if (version.toString().equals(text)) {
        return version;
      }
    }
    return null;
  }

  public boolean atLeast(CniVersion other) {
    return compareTo(other) >= 0;
  }

  @Override
  public String toString() {
    return name().substring(1).replace('_', '.').toLowerCase(Locale.ROOT);
  }
}
