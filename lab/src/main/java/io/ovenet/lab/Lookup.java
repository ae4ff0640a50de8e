package io.ovenet.lab;

import java.util.List;
import java.util.function.Function;

/** Finds what a person names: `namespace/name`, or a name that only one has. */
final class Lookup {
  private Lookup() {}

  static <T> T one(
      String what,
      String asked,
      List<T> all,
      Function<T, String> namespace,
      Function<T, String> name)
      throws LabException {
    int slash = asked.indexOf('/');
    List<T> found =
        all.stream()
            .filter(
                each ->
                    name.apply(each).equals(asked.substring(slash + 1))
                        && (slash < 0 || namespace.apply(each).equals(asked.substring(0, slash))))
            .toList();
    if (found.size() == 1) {
      return found.getFirst();
    }
    String names =
        String.join(
            ", ",
            all.stream().map(each -> namespace.apply(each) + "/" + name.apply(each)).toList());
    throw new LabException(
        found.isEmpty()
            ? "no " + what + " " + asked + " here; there are: " + names
            : "more than one " + what + " is named " + asked + ": say namespace/" + asked);
  }

  static LabStatus.Pod pod(LabStatus status, String asked) throws LabException {
    return one("pod", asked, status.pods(), LabStatus.Pod::namespace, LabStatus.Pod::name);
  }

  static LabStatus.VirtualMachine machine(LabStatus status, String asked) throws LabException {
    return one(
        "virtual machine",
        asked,
        status.vms(),
        LabStatus.VirtualMachine::namespace,
        LabStatus.VirtualMachine::name);
  }
}
