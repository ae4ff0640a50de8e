package io.ovenet.policy;

/** What of the traffic the deciding rule looked at. Codes: Hubble's policy_match_type. */
public enum MatchType {
  NONE(0),
  L3_ONLY(1),
  L3_L4(2),
  L4_ONLY(3),
  ALL(4),
  L3_PROTO(5),
  PROTO_ONLY(6);

  private final int code;

  MatchType(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  static MatchType of(boolean peer, PortRange ports) {
    if (ports.protocol() == 0) {
      return peer ? L3_ONLY : ALL;
    }
    if (ports.isWholeProtocol()) {
      return peer ? L3_PROTO : PROTO_ONLY;
    }
    return peer ? L3_L4 : L4_ONLY;
  }
}
