package io.ovenet.kubernetes.policy;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Judges regular expressions of RE2, by which HTTP rules are matched, before there is a proxy. */
final class Re2Pattern {
  /** A class of characters, or an escape that is no reference to a group. */
  private static final Pattern IN_CLASS = Pattern.compile("\\\\[^1-9k]|\\[(\\\\.|[^\\]\\\\])*\\]");

  /** What Java's expressions have and RE2, which upstream uses, has not. */
  private static final Pattern NOT_RE2 =
      Pattern.compile("\\(\\?(=|!|<=|<!|>)|\\\\[1-9k]|[*+?}]\\+");

  private static final Pattern GROUP_NAME = Pattern.compile("\\(\\?P?<\\w+>");
  private static final Pattern LITERAL_BRACE =
      Pattern.compile("(?<![\\\\pP])\\{(?![0-9]+(,[0-9]*)?\\})");

  private Re2Pattern() {}

  /** Refuses what is none; an absent one is fine. */
  static void check(Field pattern) {
    String written = pattern.stringOr("");
    try {
      Pattern.compile(inJava(written));
      if (NOT_RE2.matcher(IN_CLASS.matcher(written).replaceAll("_")).find()) {
        throw pattern.error(
            "looks around, refers back, or is possessive: that is no RE2", "write it without");
      }
    } catch (PatternSyntaxException e) {
      throw pattern.error(
          "not a regular expression: " + e.getDescription() + " at " + e.getIndex(), "mend it");
    } catch (StackOverflowError e) {
      // Java's expressions recurse along a pattern and into its groups; nothing of them is kept.
      throw pattern.error("too long, or nested too deeply", "divide it among several rules");
    }
  }

  /** RE2's names of groups and its plain braces as Java has them. */
  private static String inJava(String re2) {
    return LITERAL_BRACE.matcher(GROUP_NAME.matcher(re2).replaceAll("(")).replaceAll("\\\\{");
  }
}
