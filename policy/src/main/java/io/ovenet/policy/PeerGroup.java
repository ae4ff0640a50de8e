package io.ovenet.policy;

/** What rules name as a whole, and who belongs to it now: rules that name it follow. */
public sealed interface PeerGroup permits CidrGroup, PeerService {
  /** Kind and name, by which it takes the place of the one before. */
  String id();
}
