package io.ovenet.kubernetes.policy;

import io.ovenet.policy.PolicyNotice;
import java.util.ArrayList;
import java.util.List;

/** What the author of a document should know, collected while it is read. */
final class Notices {
  private final List<PolicyNotice> notices = new ArrayList<>();

  void add(Field field, String message, String remedy) {
    notices.add(field.notice(message, remedy));
  }

  List<PolicyNotice> asList() {
    return List.copyOf(notices);
  }
}
