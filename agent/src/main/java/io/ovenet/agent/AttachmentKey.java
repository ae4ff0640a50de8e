package io.ovenet.agent;

/** What a container runtime names an attachment by. */
public record AttachmentKey(String containerId, String ifname) {
  @Override
  public String toString() {
    return containerId + "@" + ifname;
  }
}
