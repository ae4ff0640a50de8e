package io.ovenet.flow;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.ovenet.api.flow.EventTypeFilter;
import io.ovenet.api.flow.FlowFilter;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Filters on fields that none of these flows has: HTTP, translated addresses. They are checked as
 * any other, and match nothing.
 */
final class AbsentFields {
  private static final Pattern STATUS_CODE = Pattern.compile("[1-5](?:[0-9]{2}|[0-9]?\\+)");
  private static final int LAYER7_EVENT = 129;

  private AbsentFields() {}

  /** Checks the values; nothing matches. */
  static <T> Predicate<FlowRecord> none(List<T> values, Consumer<T> check) {
    values.forEach(check);
    return flow -> false;
  }

  /** All of HTTP's fields, which exclude other events than those of layer 7. */
  static Predicate<FlowRecord> http(FlowFilter filter) {
    List<EventTypeFilter> types = filter.getEventTypeList();
    if (!types.isEmpty() && types.stream().noneMatch(type -> type.getType() == LAYER7_EVENT)) {
      throw new IllegalArgumentException(
          "needs the event type to be l7 (" + LAYER7_EVENT + "), or none");
    }
    filter.getHttpStatusCodeList().forEach(AbsentFields::statusCode);
    filter.getHttpPathList().forEach(AbsentFields::pattern);
    filter.getHttpUrlList().forEach(AbsentFields::pattern);
    return flow -> false;
  }

  private static void statusCode(String text) {
    if (!STATUS_CODE.matches(text)) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no status code: 100 to 599, or a prefix such as 5+ or 40+");
    }
  }

  /** An unanchored regular expression of RE2. */
  static Pattern pattern(String text) {
    try {
      return Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no regular expression: " + e.getDescription(), e);
    }
  }
}
