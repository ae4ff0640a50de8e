package io.ovenet.bpf;

import java.nio.file.Path;
import java.util.OptionalInt;

/** By a filter of the device's clsact qdisc, which needs no pin to stay. */
record ClsactAttachment(int ifindex, TcDirection direction, Path pin) implements TcAttachment {
  @Override
  public void attach(BpfProgram program) {
    try (Netlink netlink = Netlink.open()) {
      netlink.tcFilters().attach(ifindex, direction, program);
    }
    TcxAttachment.removeLink(pin);
  }

  @Override
  public OptionalInt programId() {
    try (Netlink netlink = Netlink.open()) {
      return netlink.tcFilters().programId(ifindex, direction);
    }
  }

  @Override
  public boolean detach() {
    try (Netlink netlink = Netlink.open()) {
      return netlink.tcFilters().detach(ifindex, direction);
    }
  }
}
